/* test-cpu.c - the layout of extended registers, as ptrace(2) shows them */
#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "engine/kernel/cpu.h"
#include "tests/unit/check.h"

static void knows_the_size_that_ptrace_gives(void)
{
	static char area[65536];
	struct iovec vec = {area, sizeof(area)};
	uint64_t xcr0;
	struct cpu cpu;
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	check(waitpid(pid, NULL, 0) == pid);
	long r = ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &vec);
	kill(pid, SIGKILL);
	check(waitpid(pid, NULL, 0) == pid && !r);
	cpu_read(&cpu);
	memcpy(&xcr0, area + 464, sizeof(xcr0)); /* sw_reserved.xfeatures */
	check(cpu.xcr0 == xcr0 && vec.iov_len == cpu.xsave_size);
}

static void knows_where_each_component_lies(void)
{
	struct cpu cpu;

	cpu_read(&cpu);
	check(strlen(cpu.vendor) == 12 && cpu.family);
	if (!cpu.xcr0)
		skip("the CPU has no XSAVE");
	check((cpu.xcr0 & 3) == 3);
	for (int i = 2; i < CPU_COMPONENTS; i++) {
		const struct cpu_component *c = &cpu.component[i];

		if (cpu.xcr0 >> i & 1)
			check(c->size && c->offset >= 576 &&
			      c->offset + c->size <= cpu.xsave_size);
		else
			check(!c->size);
	}
	if (cpu.xcr0 & 4)
		check(cpu.component[2].offset == 576 && cpu.component[2].size == 256);
}

RUN(TEST(knows_the_size_that_ptrace_gives), TEST(knows_where_each_component_lies))
