/* rseq.h - where a thread registered restartable sequences, rseq(2)
 *
 * Kernel                                                                     since
 *           rseq(2), 32 bytes                                                Linux 4.18
 *           PTRACE_GET_RSEQ_CONFIGURATION (0x420f), asked by the tracer      Linux 5.13
 *           areas of other sizes: AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN        Linux 6.3
 *         Registered again by the thread itself: rseq(address, size, flags, signature).
 *         A thread stopped inside a critical section must be moved to its abort handler before
 *         it runs: the kernel does so only where the area is registered.
 */
#ifndef CKRUN_KERNEL_RSEQ_H
#define CKRUN_KERNEL_RSEQ_H

#include <stdint.h>

/* The kernel's struct ptrace_rseq_configuration */
struct rseq_config {
	uint64_t address; /* 0: not registered */
	uint32_t size, signature, flags, pad;
};
_Static_assert(sizeof(struct rseq_config) == 24, "as the kernel writes it");

#endif
