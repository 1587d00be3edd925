/* regs.c - registers of a thread: general, x87, SSE and all extended state
 *
 * Seen   PTRACE_GETREGS; PTRACE_GETREGSET NT_X86_XSTATE (the XSAVE area in standard form, size
 *        by the CPU and by what the thread was permitted to use)              Linux 2.6.35
 * Made   the same, SET.  The kernel does not let privileged bits in (segments, eflags, mxcsr).
 * Image  general registers and the legacy area field by field, as the format has it; the whole
 *        XSAVE area as bytes, which is what restore uses.
 * Lost   nothing.  A thread stopped inside a system call keeps it: see restart.c.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "engine/inject/tracee.h"
#include "engine/task/restart.h"
#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum {
	XSAVE_MAX = 64 << 10, /* with AMX tiles it is 11 KiB */
	XSAVE_HEADER = 512,   /* offset of xstate_bv; before it the legacy area */
	ST_WORDS = 32,
	XMM_WORDS = 64,
};

static void pack_general(UserX86RegsEntry *e, const struct user_regs_struct *r)
{
	e->r15 = r->r15, e->r14 = r->r14, e->r13 = r->r13, e->r12 = r->r12;
	e->r11 = r->r11, e->r10 = r->r10, e->r9 = r->r9, e->r8 = r->r8;
	e->bp = r->rbp, e->bx = r->rbx, e->ax = r->rax, e->cx = r->rcx;
	e->dx = r->rdx, e->si = r->rsi, e->di = r->rdi, e->sp = r->rsp;
	e->orig_ax = r->orig_rax, e->ip = r->rip, e->flags = r->eflags;
	e->cs = r->cs, e->ss = r->ss, e->ds = r->ds, e->es = r->es, e->fs = r->fs;
	e->gs = r->gs, e->fs_base = r->fs_base, e->gs_base = r->gs_base;
}

static void unpack_general(struct user_regs_struct *r, const UserX86RegsEntry *e)
{
	r->r15 = e->r15, r->r14 = e->r14, r->r13 = e->r13, r->r12 = e->r12;
	r->r11 = e->r11, r->r10 = e->r10, r->r9 = e->r9, r->r8 = e->r8;
	r->rbp = e->bp, r->rbx = e->bx, r->rax = e->ax, r->rcx = e->cx;
	r->rdx = e->dx, r->rsi = e->si, r->rdi = e->di, r->rsp = e->sp;
	r->orig_rax = e->orig_ax, r->rip = e->ip, r->eflags = e->flags;
	r->cs = e->cs, r->ss = e->ss, r->ds = e->ds, r->es = e->es, r->fs = e->fs;
	r->gs = e->gs, r->fs_base = e->fs_base, r->gs_base = e->gs_base;
}

/* The legacy area, as FXSAVE lays it out. */
struct fxsave {
	uint16_t cwd, swd, twd, fop;
	uint64_t rip, rdp;
	uint32_t mxcsr, mxcsr_mask;
	uint32_t st[ST_WORDS], xmm[XMM_WORDS], rest[24];
};
_Static_assert(sizeof(struct fxsave) == XSAVE_HEADER, "the legacy area has 512 bytes");

static int pack_extended(struct arena *arena, UserX86FpregsEntry *e, const void *area,
			 size_t size)
{
	const struct fxsave *fx = area;

	e->cwd = fx->cwd, e->swd = fx->swd, e->twd = fx->twd, e->fop = fx->fop;
	e->rip = fx->rip, e->rdp = fx->rdp;
	e->mxcsr = fx->mxcsr, e->mxcsr_mask = fx->mxcsr_mask;
	e->n_st_space = ST_WORDS;
	e->st_space = arena_copy(arena, fx->st, sizeof(fx->st));
	e->n_xmm_space = XMM_WORDS;
	e->xmm_space = arena_copy(arena, fx->xmm, sizeof(fx->xmm));
	e->has_xsave_area = true;
	e->xsave_area.len = size;
	e->xsave_area.data = arena_copy(arena, area, size);
	return e->st_space && e->xmm_space && e->xsave_area.data ? 0 : -ENOMEM;
}

static int note_interrupted_call(struct task_seen *seen, struct user_regs_struct *regs,
				 struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	unsigned char code[RESTART_CODE] = {0};

	if (regs->orig_rax == SYS_restart_syscall) {
		int r = tracee_read(seen->task->plant->mem, regs->rip - RESTART_CODE, code,
				    sizeof(code), err);
		if (r < 0)
			return r;
	}
	core->syscall_result = restart_settle(regs, code);
	core->has_syscall_result = core->syscall_result != 0;
	return 0;
}

static int regs_look(struct task_seen *seen, struct err *err)
{
	struct arena *arena = seen->model->arena;
	ThreadInfoX86 *info = seen->thread->core->thread_info;
	scoped_free void *area = malloc(XSAVE_MAX);
	struct iovec io = {.iov_base = area, .iov_len = XSAVE_MAX};

	restart_rewind(&seen->thread->regs,
		       (seen->status->sig_pending | seen->status->shared_pending) &
			       ~seen->thread->sigmask);
	struct user_regs_struct regs = seen->thread->regs;
	if (!area)
		return fail_errno(err, "extended state");
	if (regs.cs != 0x33)
		return refuse(err, "it runs 32-bit code, which cannot be carried yet");
	if (ptrace(PTRACE_GETREGSET, seen->thread->tid, NT_X86_XSTATE, &io) < 0)
		return fail_errno(err, "extended state");
	if (note_interrupted_call(seen, &regs, err) < 0)
		return fail_in(err, "interrupted call");
	pack_general(info->gpregs, &regs);
	if (pack_extended(arena, info->fpregs, area, io.iov_len) < 0)
		return fail(err, -ENOMEM, "extended state");
	return 0;
}

static int regs_impose(struct task_given *given, struct err *err)
{
	const ThreadInfoX86 *info = given->thread->core->thread_info;
	const ThreadCoreEntry *core = given->thread->core->thread_core;
	const ProtobufCBinaryData *area = &info->fpregs->xsave_area;
	struct iovec io = {.iov_base = area->data, .iov_len = area->len};

	if (!info->fpregs->has_xsave_area)
		return refuse(err, "the image has no whole extended state");
	if (ptrace(PTRACE_SETREGSET, given->thread->tid, NT_X86_XSTATE, &io) < 0)
		return fail_errno(err, "set %zu bytes of extended state", area->len);
	unpack_general(&given->thread->regs, info->gpregs);
	restart_resume(&given->thread->regs, core->syscall_result);
	return tracee_set_regs(given->thread->tid, &given->thread->regs, err);
}

const struct task_room room_regs = {
	.name = "registers",
	.scope = EACH_THREAD,
	.look = regs_look,
	.impose = regs_impose,
};
