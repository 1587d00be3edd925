/* plant.h - room for our code and lists in another process
 *
 * Two private mappings side by side: code (read, execute) and data (read, write).  Code is
 * written through /proc/PID/mem, so no mapping is ever writable and executable at once and
 * PR_SET_MDWE tasks can be visited too.
 */
#ifndef CKRUN_INJECT_PLANT_H
#define CKRUN_INJECT_PLANT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum {
	PLANT_CODE = 4096,      /* bytes mapped for the blob */
	PLANT_DATA = 512 << 10, /* bytes mapped for list, payload and stacks; touched as used */
	PLANT_SIZE = PLANT_CODE + PLANT_DATA,
};

struct plant {
	pid_t pid;     /* whose memory this is */
	int mem;       /* /proc/PID/mem */
	uint64_t insn; /* address of a syscall instruction of the task's own: its vdso's */
	uint64_t at;   /* where the blob is mapped; 0: not planted */
};

/* plant_open() - find what is needed to make calls in pid, which is stopped. Changes nothing.
 * Refuses a process without a vdso: nothing of its own to borrow. */
int plant_open(pid_t pid, struct plant *ret, struct err *err);
void plant_close(struct plant *plant); /* for scoped(); gives back descriptors, not memory */

/* plant_call() - one system call by the thread, at plant->insn; its registers are the same
 * afterwards.  Returns 0 with the kernel's answer in *ret; a negative answer is no failure. */
int plant_call(const struct plant *plant, pid_t tid, long nr, const uint64_t arg[6],
	       int64_t *ret, struct err *err);

/* plant_put() - map and fill; at a place the kernel chooses, or at `at` which must be free. */
int plant_put(struct plant *plant, pid_t tid, uint64_t at, struct err *err);

/* plant_remove() - by plant->insn, so that the mapping can go while nobody runs in it. */
int plant_remove(struct plant *plant, pid_t tid, struct err *err);

uint64_t plant_entry(const struct plant *plant);
uint64_t plant_data(const struct plant *plant);

/* plant_find() - the blob in somebody's memory map text, left by a ckrun that was killed.
 * Returns its address or 0. */
uint64_t plant_find(pid_t pid);

#endif
