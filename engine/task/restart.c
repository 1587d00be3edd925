#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/task/restart.h"

enum {
	SYSCALL_INSN = 2,
	MOV_INSN = 5,
	MOV_EAX = 0xb8,
	RESTARTSYS = -512,
	RESTARTNOHAND = -514,
	RESTART_RESTARTBLOCK = -516,
};

static bool keeps_time_in_the_kernel(int32_t nr)
{
	return nr == SYS_nanosleep || nr == SYS_clock_nanosleep || nr == SYS_poll ||
	       nr == SYS_futex;
}

static bool ends_with_eintr(uint64_t nr)
{
	static const uint16_t calls[] = {
		SYS_epoll_wait, SYS_epoll_pwait,     SYS_epoll_pwait2, SYS_semop,
		SYS_semtimedop, SYS_rt_sigtimedwait, SYS_io_getevents, SYS_io_pgetevents,
		SYS_recvfrom,   SYS_recvmsg,         SYS_recvmmsg,     SYS_accept,
		SYS_accept4,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

void restart_rewind(struct user_regs_struct *regs, uint64_t deliverable)
{
	if ((int64_t)regs->rax == -EINTR && !deliverable && ends_with_eintr(regs->orig_rax))
		regs->rax = (uint64_t)(int64_t)RESTARTNOHAND;
}

int restart_number(const unsigned char *code, unsigned int size)
{
	int32_t nr;

	for (int at = (int)size - SYSCALL_INSN - MOV_INSN; at >= 0; at--) {
		if (code[at] != MOV_EAX)
			continue;
		memcpy(&nr, code + at + 1, sizeof(nr));
		if (keeps_time_in_the_kernel(nr))
			return nr;
	}
	return -1;
}

int64_t restart_settle(struct user_regs_struct *regs, const unsigned char *code)
{
	int64_t result = (int64_t)regs->rax;

	if ((int64_t)regs->orig_rax < 0 || result > RESTARTSYS || result < RESTART_RESTARTBLOCK)
		return 0;
	if (result == RESTART_RESTARTBLOCK) {
		result = RESTARTNOHAND;
		if (regs->orig_rax == SYS_restart_syscall)
			regs->orig_rax = (uint64_t)(int64_t)restart_number(code, RESTART_CODE);
	}
	if ((int64_t)regs->orig_rax < 0) {
		regs->rax = (uint64_t)-EINTR;
		return 0;
	}
	regs->rip -= SYSCALL_INSN;
	regs->rax = regs->orig_rax;
	return result;
}

void restart_resume(struct user_regs_struct *regs, int64_t result)
{
	if (!result) {
		regs->orig_rax = (uint64_t)-1;
		return;
	}
	regs->rip += SYSCALL_INSN;
	regs->rax = (uint64_t)result;
}
