/* host.c - manifest.h: what a machine offers to programs, and whether another one does too */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "engine/image/manifest.h"
#include "runtime/base/err.h"

static const struct {
	uint32_t leaf, subleaf;
	int reg; /* eax, ebx, ecx, edx */
} source[IMAGE_CPU_WORDS] = {
	[CPU_1_ECX] = {1, 0, 2},
	[CPU_1_EDX] = {1, 0, 3},
	[CPU_7_EBX] = {7, 0, 1},
	[CPU_7_ECX] = {7, 0, 2},
	[CPU_7_EDX] = {7, 0, 3},
	[CPU_7_1_EAX] = {7, 1, 0},
	[CPU_80000001_ECX] = {0x80000001, 0, 2},
	[CPU_80000001_EDX] = {0x80000001, 0, 3},
	[CPU_D_1_EAX] = {0xd, 1, 0},
};

/* What a program may have found at its start and use: instructions of user mode.  Names as in
 * /proc/cpuinfo.  Bits that only a kernel or a hypervisor uses are not compared. */
static const struct {
	enum image_cpu_word word;
	unsigned int bit;
	const char *name;
} feature[] = {
	{CPU_1_ECX, 0, "pni"},
	{CPU_1_ECX, 1, "pclmulqdq"},
	{CPU_1_ECX, 9, "ssse3"},
	{CPU_1_ECX, 12, "fma"},
	{CPU_1_ECX, 13, "cx16"},
	{CPU_1_ECX, 19, "sse4_1"},
	{CPU_1_ECX, 20, "sse4_2"},
	{CPU_1_ECX, 22, "movbe"},
	{CPU_1_ECX, 23, "popcnt"},
	{CPU_1_ECX, 25, "aes"},
	{CPU_1_ECX, 26, "xsave"},
	{CPU_1_ECX, 28, "avx"},
	{CPU_1_ECX, 29, "f16c"},
	{CPU_1_ECX, 30, "rdrand"},
	{CPU_7_EBX, 0, "fsgsbase"},
	{CPU_7_EBX, 3, "bmi1"},
	{CPU_7_EBX, 4, "hle"},
	{CPU_7_EBX, 5, "avx2"},
	{CPU_7_EBX, 8, "bmi2"},
	{CPU_7_EBX, 9, "erms"},
	{CPU_7_EBX, 11, "rtm"},
	{CPU_7_EBX, 16, "avx512f"},
	{CPU_7_EBX, 17, "avx512dq"},
	{CPU_7_EBX, 18, "rdseed"},
	{CPU_7_EBX, 19, "adx"},
	{CPU_7_EBX, 21, "avx512ifma"},
	{CPU_7_EBX, 23, "clflushopt"},
	{CPU_7_EBX, 24, "clwb"},
	{CPU_7_EBX, 28, "avx512cd"},
	{CPU_7_EBX, 29, "sha_ni"},
	{CPU_7_EBX, 30, "avx512bw"},
	{CPU_7_EBX, 31, "avx512vl"},
	{CPU_7_ECX, 1, "avx512vbmi"},
	{CPU_7_ECX, 4, "ospke"},
	{CPU_7_ECX, 5, "waitpkg"},
	{CPU_7_ECX, 6, "avx512_vbmi2"},
	{CPU_7_ECX, 8, "gfni"},
	{CPU_7_ECX, 9, "vaes"},
	{CPU_7_ECX, 10, "vpclmulqdq"},
	{CPU_7_ECX, 11, "avx512_vnni"},
	{CPU_7_ECX, 12, "avx512_bitalg"},
	{CPU_7_ECX, 14, "avx512_vpopcntdq"},
	{CPU_7_ECX, 22, "rdpid"},
	{CPU_7_ECX, 25, "cldemote"},
	{CPU_7_ECX, 27, "movdiri"},
	{CPU_7_ECX, 28, "movdir64b"},
	{CPU_7_EDX, 8, "avx512_vp2intersect"},
	{CPU_7_EDX, 14, "serialize"},
	{CPU_7_EDX, 22, "amx_bf16"},
	{CPU_7_EDX, 23, "avx512_fp16"},
	{CPU_7_EDX, 24, "amx_tile"},
	{CPU_7_EDX, 25, "amx_int8"},
	{CPU_7_1_EAX, 0, "sha512"},
	{CPU_7_1_EAX, 1, "sm3"},
	{CPU_7_1_EAX, 2, "sm4"},
	{CPU_7_1_EAX, 4, "avx_vnni"},
	{CPU_7_1_EAX, 5, "avx512_bf16"},
	{CPU_7_1_EAX, 23, "avx_ifma"},
	{CPU_80000001_ECX, 0, "lahf_lm"},
	{CPU_80000001_ECX, 5, "abm"},
	{CPU_80000001_ECX, 6, "sse4a"},
	{CPU_80000001_ECX, 8, "3dnowprefetch"},
	{CPU_80000001_ECX, 11, "xop"},
	{CPU_80000001_ECX, 16, "fma4"},
	{CPU_80000001_ECX, 21, "tbm"},
	{CPU_80000001_EDX, 27, "rdtscp"},
	{CPU_D_1_EAX, 0, "xsaveopt"},
	{CPU_D_1_EAX, 1, "xsavec"},
	{CPU_D_1_EAX, 2, "xgetbv1"},
};

static uint64_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void cpu_read(struct image_host *host)
{
	uint32_t reg[4];

	for (size_t i = 0; i < IMAGE_CPU_WORDS; i++)
		if (__get_cpuid_count(source[i].leaf, source[i].subleaf, &reg[0], &reg[1],
				      &reg[2], &reg[3]))
			host->cpu_word[i] = reg[source[i].reg];
	if (!(host->cpu_word[CPU_1_ECX] & bit_OSXSAVE))
		return; /* xgetbv would be an illegal instruction */
	host->xfeatures = xcr0();
	if (__get_cpuid_count(0xd, 0, &reg[0], &reg[1], &reg[2], &reg[3]))
		host->xsave_size = reg[1];
}

int image_host_read(struct image_host *ret, struct err *err)
{
	struct image_host host = {};
	struct utsname name;

	if (uname(&name) < 0)
		return fail_errno(err, "uname");
	snprintf(host.kernel_release, sizeof(host.kernel_release), "%.63s", name.release);
	snprintf(host.machine, sizeof(host.machine), "%.63s", name.machine);
	cpu_read(&host);
	*ret = host;
	return 0;
}

int image_host_fits(const struct image_host *from, const struct image_host *here,
		    struct err *err)
{
	char lacks[160] = "";
	size_t at = 0;

	if (from->machine[0] && strcmp(from->machine, here->machine) != 0)
		return refuse(err, "the image is of %s, this is %s", from->machine,
			      here->machine);
	for (size_t i = 0; i < sizeof(feature) / sizeof(feature[0]); i++) {
		uint32_t bit = 1u << feature[i].bit;

		if (from->cpu_word[feature[i].word] & bit &&
		    !(here->cpu_word[feature[i].word] & bit) && at < sizeof(lacks))
			at += (size_t)snprintf(lacks + at, sizeof(lacks) - at, " %s",
					       feature[i].name);
	}
	if (at)
		return refuse(err, "this processor lacks%s", lacks);
	if (from->xfeatures & ~here->xfeatures)
		return refuse(err, "this machine does not save register sets 0x%llx",
			      (unsigned long long)(from->xfeatures & ~here->xfeatures));
	return 0;
}
