/* core_parts.h - what the rooms of image_core() share; nobody else includes it */
#ifndef CKRUN_RUNTIME_IMAGE_CORE_PARTS_H
#define CKRUN_RUNTIME_IMAGE_CORE_PARTS_H

#include <stdint.h>
#include <sys/user.h>

#include "runtime/image/out.h"
#include "runtime/image/view.h"

/* --- notes: core_notes.c, core_regs.c */

int core_note(struct bytes_out *notes, uint32_t type, const void *data, size_t len,
	      struct err *err);
int core_notes(struct bytes_out *notes, const struct image_view *view,
	       const struct view_task *task, struct err *err);

/* core_regs() - as the kernel shows them to a debugger: a thread that waits in a system call
 * stands behind it, with the kernel's wish to make it again in rax. */
void core_regs(const CoreEntry *core, struct user_regs_struct *ret);

/* core_regs_notes() - NT_FPREGSET, NT_X86_XSTATE */
int core_regs_notes(struct bytes_out *notes, const CoreEntry *core, struct err *err);

/* --- memory: core_segments.c, core_fill.c */

struct core_segment {
	const VmaEntry *vma;
	uint64_t start, end;
	uint64_t offset; /* in the core */
	bool filled;     /* its contents are in the core */
};

struct core_segments {
	struct core_segment *segment;
	size_t n;
};

/* What a region is made of besides the private pages of the task. */
struct core_source {
	int file; /* -1: none */
	struct pages_reader
		*shared; /* NULL: none; its runs count from the start of the object */
};

void core_source_drop(struct core_source *source); /* for scoped() */
int core_source(const struct image_view *view, const VmaEntry *vma, int rootfs,
		struct core_source *ret, struct err *err);

int core_segments(const struct image_view *view, const struct view_space *space, int rootfs,
		  struct core_segments *ret, struct err *err);

/* core_fill() - write the contents of every filled segment */
int core_fill(const struct image_view *view, const struct view_space *space,
	      const struct core_segments *segments, int rootfs, int out, struct err *err);

#endif
