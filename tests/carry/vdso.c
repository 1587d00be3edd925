/* vdso.c - the clock in user mode */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/time.h>

#include "tests/carry/carry.h"

static int64_t ns(clockid_t clock)
{
	struct timespec t;

	check(!clock_gettime(clock, &t)); /* libc calls the vdso */
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t kernel_ns(clockid_t clock)
{
	struct timespec t;

	check(!syscall(SYS_clock_gettime, clock, &t));
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What the vdso says lies between two answers of the kernel. */
static bool agrees(clockid_t clock)
{
	int64_t before = kernel_ns(clock), said = ns(clock), after = kernel_ns(clock);

	return before <= said && said <= after;
}

static void tells_what_the_kernel_tells(void)
{
	check(agrees(CLOCK_REALTIME) && agrees(CLOCK_MONOTONIC) && agrees(CLOCK_BOOTTIME));
	carried();
	check(agrees(CLOCK_REALTIME) && agrees(CLOCK_MONOTONIC) && agrees(CLOCK_BOOTTIME));
	struct timeval tv;
	check(!gettimeofday(&tv, NULL) && tv.tv_sec > 0 && time(NULL) > 0);
}

static void monotonic_time_does_not_go_back(void)
{
	int64_t before = ns(CLOCK_MONOTONIC), boot = ns(CLOCK_BOOTTIME);

	carried();
	int64_t after = ns(CLOCK_MONOTONIC);
	check(after > before && after - before < 60 * 1000000000L);
	check(ns(CLOCK_BOOTTIME) > boot);
}

static void stays_where_it_was(void)
{
	unsigned long before = getauxval(AT_SYSINFO_EHDR);
	char line[256], want[32];

	carried();
	snprintf(want, sizeof(want), "%lx-", before);
	const char *region = line_of("/proc/self/maps", want, line, sizeof(line));
	check(region && strstr(region, "[vdso]"));
	check(!memcmp((void *)before, "\177ELF", 4));
}

static void tells_the_processor(void)
{
	unsigned int cpu = 1 << 20, node = 1 << 20;

	carried();
	check(!getcpu(&cpu, &node) && cpu < 4096 && node < 4096);
}

RUN(TEST(tells_what_the_kernel_tells), TEST(monotonic_time_does_not_go_back),
    TEST(stays_where_it_was), TEST(tells_the_processor))
