/* test-restart.c - registers of a thread that was stopped inside a system call */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/task/restart.h"
#include "tests/unit/check.h"

enum { RESTARTSYS = -512, RESTARTNOINTR = -513, RESTARTNOHAND = -514, RESTARTBLOCK = -516 };

static const unsigned char no_code[RESTART_CODE];

static struct user_regs_struct inside(long nr, long result)
{
	return (struct user_regs_struct){
		.rip = 0x401002, .rax = (unsigned long)result, .orig_rax = (unsigned long)nr};
}

static void leaves_a_thread_outside_of_calls_alone(void)
{
	struct user_regs_struct regs = inside(-1, RESTARTSYS);

	check(restart_settle(&regs, no_code) == 0);
	check(regs.rip == 0x401002 && (long)regs.rax == RESTARTSYS);
	restart_resume(&regs, 0);
	check((long)regs.orig_rax == -1);
}

static void leaves_a_call_that_has_ended_alone(void)
{
	struct user_regs_struct regs = inside(SYS_read, 5);

	check(restart_settle(&regs, no_code) == 0 && regs.rax == 5 && regs.rip == 0x401002);
	regs = inside(SYS_read, -EINTR);
	check(restart_settle(&regs, no_code) == 0 && (long)regs.rax == -EINTR);
}

static void makes_a_jump_begin_the_call_again(void)
{
	static const int results[] = {RESTARTSYS, RESTARTNOINTR, RESTARTNOHAND};

	for (int i = 0; i < 3; i++) {
		struct user_regs_struct regs = inside(SYS_read, results[i]);

		check(restart_settle(&regs, no_code) == results[i]);
		check(regs.rip == 0x401000 && regs.rax == SYS_read);
	}
}

static void stands_in_the_call_again_afterwards(void)
{
	struct user_regs_struct before = inside(SYS_wait4, RESTARTSYS), regs = before;

	int64_t result = restart_settle(&regs, no_code);
	restart_resume(&regs, result);
	check(!memcmp(&regs, &before, sizeof(regs)));
}

static void lets_a_call_with_time_in_the_kernel_begin_again(void)
{
	struct user_regs_struct regs = inside(SYS_poll, RESTARTBLOCK);

	check(restart_settle(&regs, no_code) == RESTARTNOHAND);
	check(regs.rax == SYS_poll && regs.rip == 0x401000);
}

static void finds_the_number_of_a_call_that_was_interrupted_before(void)
{
	/* mov $0xe6, %eax; xor %edi, %edi; syscall */
	static const unsigned char code[RESTART_CODE] = {[15] = 0xb8, 0xe6, 0,    0,   0,
							 0x31,        0xff, 0x0f, 0x05};
	struct user_regs_struct regs = inside(SYS_restart_syscall, RESTARTBLOCK);

	check(restart_number(code, sizeof(code)) == SYS_clock_nanosleep);
	check(restart_settle(&regs, code) == RESTARTNOHAND);
	check(regs.orig_rax == SYS_clock_nanosleep && regs.rax == SYS_clock_nanosleep);
}

static void ends_a_call_whose_number_is_lost_as_interrupted(void)
{
	struct user_regs_struct regs = inside(SYS_restart_syscall, RESTARTBLOCK);

	check(restart_number(no_code, sizeof(no_code)) == -1);
	check(restart_settle(&regs, no_code) == 0);
	check((long)regs.rax == -EINTR && regs.rip == 0x401002);
}

static void a_stop_alone_interrupts_nothing(void)
{
	struct user_regs_struct regs = inside(SYS_epoll_wait, -EINTR);

	restart_rewind(&regs, 0);
	check((long)regs.rax == RESTARTNOHAND);
	regs = inside(SYS_epoll_wait, -EINTR);
	restart_rewind(&regs, 1UL << 9); /* a signal is on its way to a handler */
	check((long)regs.rax == -EINTR);
	regs = inside(SYS_connect, -EINTR); /* not one that may be made twice */
	restart_rewind(&regs, 0);
	check((long)regs.rax == -EINTR);
}

RUN(TEST(leaves_a_thread_outside_of_calls_alone), TEST(leaves_a_call_that_has_ended_alone),
    TEST(makes_a_jump_begin_the_call_again), TEST(stands_in_the_call_again_afterwards),
    TEST(lets_a_call_with_time_in_the_kernel_begin_again),
    TEST(finds_the_number_of_a_call_that_was_interrupted_before),
    TEST(ends_a_call_whose_number_is_lost_as_interrupted),
    TEST(a_stop_alone_interrupts_nothing))
