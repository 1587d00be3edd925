/* registers.c - a loop in registers alone, which notices nothing */
#include <asm/prctl.h>
#include <cpuid.h>
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>

#include "tests/carry/carry.h"

/* Shared by a spinning thread and the test: it has loaded its registers; it may look at them. */
static volatile int spinning, look;

static void carry_while(void *(*spin)(void *), void *arg)
{
	pthread_t thread;
	void *ok;

	check(!pthread_create(&thread, NULL, spin, arg));
	while (!spinning)
		usleep(100);
	carried();
	look = 1;
	check(!pthread_join(thread, &ok));
	check(ok);
}

/* Every general register holds a value of its own while the loop waits for `look`. */
static void *spin_general(void *arg)
{
	static uint64_t got[15];
	uint64_t want = 0x1111111111111111;

	__asm__ volatile("push %%rbp\n\t"
			 "movl $1, %[spinning]\n\t"
			 "movq %[one], %%rax\n\t"
			 "leaq (%%rax,%%rax), %%rbx\n\t"
			 "leaq (%%rbx,%%rax), %%rcx\n\t"
			 "leaq (%%rcx,%%rax), %%rdx\n\t"
			 "leaq (%%rdx,%%rax), %%rsi\n\t"
			 "leaq (%%rsi,%%rax), %%rdi\n\t"
			 "leaq (%%rdi,%%rax), %%rbp\n\t"
			 "leaq (%%rbp,%%rax), %%r8\n\t"
			 "leaq (%%r8,%%rax), %%r9\n\t"
			 "leaq (%%r9,%%rax), %%r10\n\t"
			 "leaq (%%r10,%%rax), %%r11\n\t"
			 "leaq (%%r11,%%rax), %%r12\n\t"
			 "leaq (%%r12,%%rax), %%r13\n\t"
			 "leaq (%%r13,%%rax), %%r14\n\t"
			 "leaq (%%r14,%%rax), %%r15\n\t"
			 "1: cmpl $0, %[look]\n\t"
			 "je 1b\n\t"
			 "movq %%rax, %[got]\n\t"
			 "movq %%rbx, 8+%[got]\n\t"
			 "movq %%rcx, 16+%[got]\n\t"
			 "movq %%rdx, 24+%[got]\n\t"
			 "movq %%rsi, 32+%[got]\n\t"
			 "movq %%rdi, 40+%[got]\n\t"
			 "movq %%rbp, 48+%[got]\n\t"
			 "movq %%r8, 56+%[got]\n\t"
			 "movq %%r9, 64+%[got]\n\t"
			 "movq %%r10, 72+%[got]\n\t"
			 "movq %%r11, 80+%[got]\n\t"
			 "movq %%r12, 88+%[got]\n\t"
			 "movq %%r13, 96+%[got]\n\t"
			 "movq %%r14, 104+%[got]\n\t"
			 "movq %%r15, 112+%[got]\n\t"
			 "pop %%rbp\n\t"
			 : [spinning] "=m"(spinning), [got] "=m"(got)
			 : [look] "m"(look), [one] "m"(*(uint64_t *)arg)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			   "r12", "r13", "r14", "r15", "memory", "cc");
	for (uint64_t i = 0; i < 15; i++)
		if (got[i] != (i + 1) * want)
			return NULL;
	return arg;
}

static void keeps_general_registers(void)
{
	static uint64_t one = 0x1111111111111111;

	carry_while(spin_general, &one);
}

/* carry, zero, sign, direction: what a comparison left and a later jump will look at */
static void *spin_flags(void *arg)
{
	static uint64_t got;

	__asm__ volatile("movl $1, %[spinning]\n\t"
			 "pushq $0x8d7\n\t" /* OF SF ZF AF PF CF */
			 "popfq\n\t"
			 "std\n\t"
			 "1: movl %[look], %%ecx\n\t"
			 "jrcxz 1b\n\t" /* neither touches a flag */
			 "pushfq\n\t"
			 "cld\n\t"
			 "popq %[got]\n\t"
			 : [spinning] "=m"(spinning), [got] "=m"(got)
			 : [look] "m"(look)
			 : "rcx", "memory", "cc");
	return (got & 0xcd5) == 0xcd5 ? arg : NULL;
}

static void keeps_flags(void)
{
	static int one;

	carry_while(spin_flags, &one);
}

static void *spin_sse(void *arg)
{
	static uint8_t got[16][16];
	const uint8_t(*pattern)[16] = arg;

	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu 16*\\n(%[pattern]), %%xmm\\n\n\t"
			 ".endr\n\t"
			 "movl $1, %[spinning]\n\t"
			 "1: cmpl $0, %[look]\n\t"
			 "je 1b\n\t"
			 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu %%xmm\\n, 16*\\n(%[to])\n\t"
			 ".endr\n\t"
			 : [spinning] "=m"(spinning)
			 : [look] "m"(look), [pattern] "r"(pattern), [to] "r"(got)
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			   "memory", "cc");
	return memcmp(got, pattern, sizeof(got)) ? NULL : arg;
}

static void fill(uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 7 + i / 16 + 1);
}

static void keeps_sse_registers(void)
{
	static uint8_t pattern[16][16];

	fill(*pattern, sizeof(pattern));
	carry_while(spin_sse, pattern);
}

__attribute__((target("avx"))) static void *spin_avx(void *arg)
{
	static uint8_t got[16][32];
	const uint8_t(*pattern)[32] = arg;

	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "vmovdqu 32*\\n(%[pattern]), %%ymm\\n\n\t"
			 ".endr\n\t"
			 "movl $1, %[spinning]\n\t"
			 "1: cmpl $0, %[look]\n\t"
			 "je 1b\n\t"
			 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "vmovdqu %%ymm\\n, 32*\\n(%[to])\n\t"
			 ".endr\n\t"
			 "vzeroupper\n\t"
			 : [spinning] "=m"(spinning)
			 : [look] "m"(look), [pattern] "r"(pattern), [to] "r"(got)
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			   "memory", "cc");
	return memcmp(got, pattern, sizeof(got)) ? NULL : arg;
}

static void keeps_avx_registers(void)
{
	static uint8_t pattern[16][32];

	if (!__builtin_cpu_supports("avx"))
		skip("this CPU has no AVX");
	fill(*pattern, sizeof(pattern));
	carry_while(spin_avx, pattern);
}

__attribute__((target("avx512f"))) static void *spin_avx512(void *arg)
{
	static uint8_t got[32][64];
	const uint8_t(*pattern)[64] = arg;

	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"
			 "23,24,25,26,27,28,29,30,31\n\t"
			 "vmovdqu32 64*\\n(%[pattern]), %%zmm\\n\n\t"
			 ".endr\n\t"
			 "movl $1, %[spinning]\n\t"
			 "1: cmpl $0, %[look]\n\t"
			 "je 1b\n\t"
			 ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"
			 "23,24,25,26,27,28,29,30,31\n\t"
			 "vmovdqu32 %%zmm\\n, 64*\\n(%[to])\n\t"
			 ".endr\n\t"
			 "vzeroupper\n\t"
			 : [spinning] "=m"(spinning)
			 : [look] "m"(look), [pattern] "r"(pattern), [to] "r"(got)
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			   "memory", "cc");
	return memcmp(got, pattern, sizeof(got)) ? NULL : arg;
}

static void keeps_avx512_registers(void)
{
	static uint8_t pattern[32][64];

	if (!__builtin_cpu_supports("avx512f"))
		skip("this CPU has no AVX-512");
	fill(*pattern, sizeof(pattern));
	carry_while(spin_avx512, pattern);
}

static void *spin_x87(void *arg)
{
	static double got[3];
	static uint16_t control;
	static const uint16_t downwards = 0x77f; /* rounding down, double precision */

	__asm__ volatile("fninit\n\t"
			 "fldcw %[downwards]\n\t"
			 "fld1\n\t"
			 "fldpi\n\t"
			 "fldl2e\n\t"
			 "movl $1, %[spinning]\n\t"
			 "1: cmpl $0, %[look]\n\t"
			 "je 1b\n\t"
			 "fnstcw %[control]\n\t"
			 "fstpl %[got]\n\t"
			 "fstpl 8+%[got]\n\t"
			 "fstpl 16+%[got]\n\t"
			 "fninit\n\t"
			 : [spinning] "=m"(spinning), [got] "=m"(got), [control] "=m"(control)
			 : [look] "m"(look), [downwards] "m"(downwards)
			 : "memory", "cc");
	return control == downwards && got[2] == 1.0 && got[1] > 3.14159 && got[1] < 3.14160 &&
			       got[0] > 1.4426 && got[0] < 1.4428
		       ? arg
		       : NULL;
}

static void keeps_the_x87_stack_and_control_word(void)
{
	static int one;

	carry_while(spin_x87, &one);
}

static void keeps_the_rounding_mode(void)
{
	volatile double one = 1.0, three = 3.0;
	unsigned int nearest = _mm_getcsr();

	_mm_setcsr(nearest | _MM_ROUND_UP);
	double up = one / three;
	carried();
	check(one / three == up);
	check((_mm_getcsr() & _MM_ROUND_MASK) == _MM_ROUND_UP);
	_mm_setcsr(nearest);
	check(one / three < up);
}

static void keeps_the_bases_of_fs_and_gs(void)
{
	static uint64_t word = 0xabcdef;
	uint64_t fs, gs, now, got;

	check(!syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
	check(!syscall(SYS_arch_prctl, ARCH_SET_GS, &word));
	carried();
	check(!syscall(SYS_arch_prctl, ARCH_GET_FS, &now) && now == fs);
	check(!syscall(SYS_arch_prctl, ARCH_GET_GS, &gs) && gs == (uint64_t)(uintptr_t)&word);
	__asm__("movq %%gs:0, %0" : "=r"(got));
	check(got == word);
}

/* Memory protection keys live in a register of the CPU, PKRU. */
static void keeps_rights_of_protection_keys(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c >> 4 & 1))
		skip("this CPU has no protection keys");
	unsigned int eax, edx;
	__asm__ volatile("rdpkru" : "=a"(eax), "=d"(edx) : "c"(0));
	__asm__ volatile("wrpkru" ::"a"(eax & ~0x30000000U), "c"(0), "d"(0)); /* key 14: all */
	carried();
	unsigned int now;
	__asm__ volatile("rdpkru" : "=a"(now), "=d"(edx) : "c"(0));
	check(now == (eax & ~0x30000000U));
}

RUN(TEST(keeps_general_registers), TEST(keeps_flags), TEST(keeps_sse_registers),
    TEST(keeps_avx_registers), TEST(keeps_avx512_registers),
    TEST(keeps_the_x87_stack_and_control_word), TEST(keeps_the_rounding_mode),
    TEST(keeps_the_bases_of_fs_and_gs), TEST(keeps_rights_of_protection_keys))
