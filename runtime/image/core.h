/* core.h - an ELF core of one task, as if it had been taken at the moment of the checkpoint
 *
 * All threads with their registers (NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE), NT_PRPSINFO,
 * NT_SIGINFO, NT_AUXV, NT_FILE, and memory: what the image has, and of mapped files, of which
 * images hold only what differs, the contents of the files below rootfs.  Without rootfs
 * debuggers read them from the files that NT_FILE names.
 *
 * Memory that was never touched is a hole of the core and reads as zeroes; of regions beyond
 * 64 GiB, without access or marked MADV_DONTDUMP only what the image has is there.
 */
#ifndef CKRUN_RUNTIME_IMAGE_CORE_H
#define CKRUN_RUNTIME_IMAGE_CORE_H

#include <stdint.h>

struct err;
struct image_view;

/* image_core() - of task pid, into `out`, an empty regular file.  rootfs: a directory, or -1. */
int image_core(const struct image_view *view, uint32_t pid, int rootfs, int out,
	       struct err *err);

#endif
