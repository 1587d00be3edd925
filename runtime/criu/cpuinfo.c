#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "engine/image/files.h"
#include "engine/image/manifest.h"
#include "engine/image/schema/cpuinfo.pb-c.h"
#include "engine/kernel/cpu.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/criu/cpuinfo.h"
#include "runtime/criu/options.h"

enum { WORDS = 19, VERSION_OF_WORDS = 2, HEAD = 3 * sizeof(uint32_t), FILE_MAX = 4096 };

#define NAME "cpuinfo.img"

/* Where Linux keeps each of our words. */
static const unsigned int linux_word[IMAGE_CPU_WORDS] = {
	[CPU_1_ECX] = 4,        [CPU_1_EDX] = 0,        [CPU_7_EBX] = 9,
	[CPU_7_ECX] = 16,       [CPU_7_EDX] = 18,       [CPU_7_1_EAX] = 12,
	[CPU_80000001_ECX] = 6, [CPU_80000001_EDX] = 1, [CPU_D_1_EAX] = 10,
};

static CpuinfoX86Entry__Vendor vendor_of(const struct cpu *cpu)
{
	if (!strcmp(cpu->vendor, "GenuineIntel"))
		return CPUINFO_X86_ENTRY__VENDOR__INTEL;
	return strcmp(cpu->vendor, "AuthenticAMD") ? CPUINFO_X86_ENTRY__VENDOR__UNKNOWN
						   : CPUINFO_X86_ENTRY__VENDOR__AMD;
}

static int put(int dir, const CpuinfoEntry *entry, struct err *err)
{
	size_t size = cpuinfo_entry__get_packed_size(entry);
	unsigned char file[HEAD + FILE_MAX];
	const uint32_t head[3] = {htole32(IMAGE_COMMON_MAGIC),
				  htole32(image_file_type(IMAGE_CPUINFO)->magic),
				  htole32((uint32_t)size)};

	if (size > FILE_MAX)
		return fail(err, -EFBIG, NAME);
	memcpy(file, head, HEAD);
	cpuinfo_entry__pack(entry, file + HEAD);
	return file_replace(dir, NAME, file, HEAD + size, 0600, err);
}

int cpuinfo_dump(int images_dir, struct err *err)
{
	CpuinfoX86Entry x86 = CPUINFO_X86_ENTRY__INIT, *all[] = {&x86};
	CpuinfoEntry entry = CPUINFO_ENTRY__INIT;
	uint32_t word[WORDS] = {0};
	struct image_host host;
	struct cpu cpu;

	if (image_host_read(&host, err) < 0)
		return err->code;
	cpu_read(&cpu);
	for (size_t i = 0; i < IMAGE_CPU_WORDS; i++)
		word[linux_word[i]] = host.cpu_word[i];
	x86.vendor_id = vendor_of(&cpu);
	x86.cpu_family = cpu.family;
	x86.model = cpu.model;
	x86.stepping = cpu.stepping;
	x86.capability_ver = VERSION_OF_WORDS;
	x86.n_capability = WORDS;
	x86.capability = word;
	x86.has_xfeatures_mask = x86.has_xsave_size = true;
	x86.xfeatures_mask = host.xfeatures;
	x86.xsave_size = host.xsave_size;
	entry.n_x86_entry = 1;
	entry.x86_entry = all;
	return put(images_dir, &entry, err);
}

static int get(int dir, CpuinfoEntry **ret, struct err *err)
{
	unsigned char file[HEAD + FILE_MAX] = {0};
	uint32_t head[3];

	scoped_fd int fd = openat(dir, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, file, sizeof(file));
	if (n < 0)
		return fail_errno(err, "read " NAME);
	memcpy(head, file, HEAD);
	if ((size_t)n < HEAD || le32toh(head[0]) != IMAGE_COMMON_MAGIC ||
	    le32toh(head[1]) != image_file_type(IMAGE_CPUINFO)->magic ||
	    le32toh(head[2]) != (size_t)n - HEAD)
		return fail(err, -EPROTO, NAME " is damaged");
	*ret = cpuinfo_entry__unpack(NULL, (size_t)n - HEAD, file + HEAD);
	if (*ret && (*ret)->n_x86_entry == 1)
		return 0;
	if (*ret)
		cpuinfo_entry__free_unpacked(*ret, NULL);
	return fail(err, -EPROTO, NAME " does not describe one processor of x86");
}

int cpuinfo_check(int images_dir, struct err *err)
{
	struct image_host from = {}, here;
	CpuinfoEntry *entry;

	if (get(images_dir, &entry, err) < 0 || image_host_read(&here, err) < 0)
		return err->code;
	const CpuinfoX86Entry *x86 = entry->x86_entry[0];
	for (size_t i = 0; i < IMAGE_CPU_WORDS; i++)
		if (linux_word[i] < x86->n_capability)
			from.cpu_word[i] = x86->capability[linux_word[i]];
	from.xfeatures = x86->has_xfeatures_mask ? x86->xfeatures_mask : 0;
	cpuinfo_entry__free_unpacked(entry, NULL);
	return image_host_fits(&from, &here, err);
}

int cpuinfo_run(const struct criu_options *options, struct err *err)
{
	const char *path = options->images_dir ? options->images_dir : ".";
	const char *what = options->n_args == 1 ? options->args[0] : "";

	scoped_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail_errno(err, "open directory %s", path);
	if (!strcmp(what, "dump"))
		return cpuinfo_dump(dir, err);
	if (!strcmp(what, "check"))
		return cpuinfo_check(dir, err);
	return fail(err, -EINVAL, "usage: criu cpuinfo dump|check [-D DIR]");
}
