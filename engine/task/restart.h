/* restart.h - a thread that was stopped inside a system call
 *
 * Kernel: a sleeping call that is interrupted leaves -ERESTARTSYS, -ERESTARTNOINTR,
 * -ERESTARTNOHAND or -ERESTART_RESTARTBLOCK (include/linux/errno.h: 512, 513, 514, 516) in rax
 * and its number in orig_rax.  On the way back to user mode the kernel makes the call again or
 * lets it end with EINTR, as pending signals and their handlers decide.  Registers written by
 * a tracer go the same way, so the decision is left to the kernel that restores.
 *
 * Some calls end with EINTR by themselves when they are interrupted, by our stop as well
 * (signal(7): epoll_wait, semop, sigtimedwait, sockets with a time limit ...).  A program that was
 * only stopped shall not see that: they are made to begin again too.
 *
 * ERESTART_RESTARTBLOCK stands for time that is left and kept in the kernel.  It is made
 * ERESTARTNOHAND: the call begins again with its arguments.
 * Lost: such a call that cannot tell its remaining time (poll, futex with a relative time,
 * nanosleep without or with another second argument) waits its whole time again.
 */
#ifndef CKRUN_TASK_RESTART_H
#define CKRUN_TASK_RESTART_H

#include <stdint.h>
#include <sys/user.h>

/* restart_rewind() - if our stop is the only reason why such a call ends with EINTR, let it begin
 * again: also when the task is let go without having been carried.  deliverable: signals that
 * are pending and not blocked. */
void restart_rewind(struct user_regs_struct *regs, uint64_t deliverable);

/* restart_number() - the number in the instruction "mov $nr, %eax" right before the syscall
 * instruction that ends `code`, or -1.  Wanted when orig_rax is restart_syscall(2): the
 * call was interrupted before and its own number is gone. */
int restart_number(const unsigned char *code, unsigned int size);

enum { RESTART_CODE = 24 }; /* bytes before rip worth looking at */

/* restart_settle() - make *regs such that a plain jump to rip makes the call again (what
 * other readers of the image expect), and return what rax was, for restart_resume(): 0 if
 * the thread was in no such call.  code: RESTART_CODE bytes before rip. */
int64_t restart_settle(struct user_regs_struct *regs, const unsigned char *code);

/* restart_resume() - the reverse: as if it stood in the interrupted call. */
void restart_resume(struct user_regs_struct *regs, int64_t result);

#endif
