#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/pie/abi.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

extern const unsigned char pie_blob[], pie_blob_end[];

static const struct pie_head *head(void)
{
	return (const void *)pie_blob;
}

static size_t blob_size(void)
{
	return (size_t)(pie_blob_end - pie_blob);
}

/* region_named() - first region of /proc/PID/maps text with this name */
static int region_named(const char *maps, const char *name, uint64_t *start, uint64_t *end)
{
	const char *at = strstr(maps, name);

	if (!at)
		return -ENOENT;
	while (at > maps && at[-1] != '\n')
		at--;
	return sscanf(at, "%" SCNx64 "-%" SCNx64, start, end) == 2 ? 0 : -EPROTO;
}

static int find_insn(int mem, uint64_t start, uint64_t end, uint64_t *ret, struct err *err)
{
	static const unsigned char insn[] = {0x0f, 0x05};
	size_t size = end - start;
	scoped_free unsigned char *text = malloc(size);

	if (!text)
		return fail_errno(err, "vdso");
	int r = tracee_read(mem, start, text, size, err);
	if (r < 0)
		return fail_in(err, "vdso");
	const unsigned char *at = memmem(text, size, insn, sizeof(insn));
	if (!at)
		return refuse(err, "its vdso has no syscall instruction to borrow");
	*ret = start + (uint64_t)(at - text);
	return 0;
}

int plant_open(pid_t pid, struct plant *ret, struct err *err)
{
	char path[64];
	scoped_free char *maps = NULL;
	uint64_t start = 0, end = 0, insn = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	scoped_fd int mem = open(path, O_RDWR | O_CLOEXEC);
	if (mem < 0)
		return fail_errno(err, "open %s", path);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	int r = file_read(AT_FDCWD, path, &maps, err);
	if (r < 0)
		return r;
	if (region_named(maps, "[vdso]", &start, &end) < 0)
		return refuse(err, "it has no vdso, so no system call can be made in it");
	r = find_insn(mem, start, end, &insn, err);
	if (r < 0)
		return r;
	*ret = (struct plant){.pid = pid, .mem = take_fd(&mem), .insn = insn};
	return 0;
}

void plant_close(struct plant *plant)
{
	scope_close(&plant->mem);
	plant->mem = -1;
}

int plant_call(const struct plant *plant, pid_t tid, long nr, const uint64_t arg[6],
	       int64_t *ret, struct err *err)
{
	struct user_regs_struct was, now;

	int r = tracee_regs(tid, &was, err);
	if (r < 0)
		return r;
	now = was;
	now.rip = plant->insn;
	now.rax = (uint64_t)nr;
	now.orig_rax = (uint64_t)-1; /* not inside a call that could be restarted */
	now.cs = 0x33;
	now.rdi = arg[0];
	now.rsi = arg[1];
	now.rdx = arg[2];
	now.r10 = arg[3];
	now.r8 = arg[4];
	now.r9 = arg[5];
	r = tracee_set_regs(tid, &now, err);
	if (r >= 0)
		r = tracee_run(tid, ONE_INSTRUCTION, NULL, err);
	if (r >= 0)
		r = tracee_regs(tid, &now, err);
	if (r < 0)
		return r;
	*ret = (int64_t)now.rax;
	return tracee_set_regs(tid, &was, err);
}

static int map(const struct plant *plant, pid_t tid, uint64_t at, size_t size, int prot,
	       int flags, uint64_t *ret_at, struct err *err)
{
	const uint64_t arg[6] = {at,
				 size,
				 (uint64_t)prot,
				 (uint64_t)(flags | MAP_PRIVATE | MAP_ANONYMOUS),
				 (uint64_t)-1,
				 0};
	int64_t ret;

	int r = plant_call(plant, tid, SYS_mmap, arg, &ret, err);
	if (r < 0)
		return r;
	if (ret < 0 && ret >= -4095) {
		errno = (int)-ret;
		return fail_errno(err, "map %zu bytes for planted code", size);
	}
	*ret_at = (uint64_t)ret;
	return 0;
}

int plant_put(struct plant *plant, pid_t tid, uint64_t at, struct err *err)
{
	uint64_t code, whole;

	int r = map(plant, tid, at, PLANT_SIZE, PROT_READ | PROT_WRITE,
		    MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), &whole, err);
	if (r < 0)
		return r;
	plant->at = whole;
	r = map(plant, tid, whole, PLANT_CODE, PROT_READ | PROT_EXEC, MAP_FIXED, &code, err);
	if (r >= 0)
		r = tracee_write(plant->mem, code, pie_blob, blob_size(), err);
	if (r < 0) {
		struct err ignored = {};

		plant_remove(plant, tid, &ignored);
	}
	return r;
}

int plant_remove(struct plant *plant, pid_t tid, struct err *err)
{
	const uint64_t arg[6] = {plant->at, PLANT_SIZE};
	int64_t ret;

	if (!plant->at)
		return 0;
	int r = plant_call(plant, tid, SYS_munmap, arg, &ret, err);
	if (r < 0)
		return r;
	if (ret < 0) {
		errno = (int)-ret;
		return fail_errno(err, "unmap planted code");
	}
	plant->at = 0;
	return 0;
}

uint64_t plant_entry(const struct plant *plant)
{
	return plant->at + head()->entry;
}

uint64_t plant_data(const struct plant *plant)
{
	return plant->at + PLANT_CODE;
}

static int is_blob(int mem, uint64_t at)
{
	unsigned char text[PLANT_CODE];

	return pread(mem, text, blob_size(), (off_t)at) == (ssize_t)blob_size() &&
	       !memcmp(text, pie_blob, blob_size());
}

uint64_t plant_find(pid_t pid)
{
	char path[64];
	scoped_free char *maps = NULL;
	struct err ignored = {};
	uint64_t start, end;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	scoped_fd int mem = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (mem < 0 || file_read(AT_FDCWD, path, &maps, &ignored) < 0)
		return 0;
	for (const char *line = maps; *line; line = strchrnul(line, '\n') + 1) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " r-xp", &start, &end) == 2 &&
		    end - start == PLANT_CODE && is_blob(mem, start))
			return start;
		if (!strchr(line, '\n'))
			break;
	}
	return 0;
}
