/* cpu.h - what this CPU and kernel save of a thread's extended registers (x86-64)
 *
 * Source  CPUID leaves 0, 1, 7, 0xd and XGETBV(0), Intel SDM volume 1 chapter 13.
 * Numbers  The layout of PTRACE_GETREGSET NT_X86_XSTATE and of signal frames is the standard
 *          (not the compacted) one: component i lies at offset[i] and takes size[i] bytes.
 *          Offsets differ between CPU makers: an image of another layout must be moved
 *          component by component.
 *          Components 17, 18 (AMX tiles) count although each process must first ask for them
 *          with arch_prctl(ARCH_REQ_XCOMP_PERM), Linux 5.16.
 */
#ifndef CKRUN_KERNEL_CPU_H
#define CKRUN_KERNEL_CPU_H

#include <stdint.h>

enum { CPU_COMPONENTS = 63 };

struct cpu {
	char vendor[13];
	uint32_t family, model, stepping;
	uint32_t leaf1_ecx, leaf1_edx;            /* SSE .. AVX, XSAVE, OSXSAVE, RDRAND */
	uint32_t leaf7_ebx, leaf7_ecx, leaf7_edx; /* AVX2, AVX-512, SHA, ... */
	uint64_t xcr0;        /* components that the kernel enabled; 0: no XSAVE */
	uint32_t xsave_size;  /* of all of them, standard layout */
	uint32_t xsave_flags; /* leaf 0xd/1 EAX: XSAVEOPT, XSAVEC, XGETBV1, XSAVES */
	struct cpu_component {
		uint32_t offset, size;
	} component
		[CPU_COMPONENTS]; /* of the bits of xcr0; 0 and 1 are in the first 512 bytes */
};

/* cpu_read() - takes about a microsecond, in a virtual machine some tens. */
void cpu_read(struct cpu *ret);

#endif
