/* robust.h - where a thread keeps the list of robust futexes that it holds
 *
 * Kernel  get_robust_list(2), set_robust_list(2)                             since Linux 2.6.17
 *         Needs PTRACE_MODE_READ_REALCREDS.  The kernel walks the list when the thread ends; it
 *         stays empty over clone(2) and execve(2).
 */
#ifndef CKRUN_KERNEL_ROBUST_H
#define CKRUN_KERNEL_ROBUST_H

#include <stdint.h>
#include <sys/types.h>

struct err;

struct robust_head {
	uint64_t head; /* address in the thread; 0: none */
	uint64_t len;  /* 24, the only size there is */
};

int robust_read(pid_t tid, struct robust_head *ret, struct err *err);

#endif
