/* core_notes.c - core.h: everything but memory
 *
 * The order is the kernel's (fs/binfmt_elf.c): the leader's NT_PRSTATUS, what belongs to the
 * process, the leader's other registers, then each further thread.  Debuggers take what follows
 * an NT_PRSTATUS for that thread's.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/procfs.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/core_parts.h"
#include "runtime/image/vma.h"
#include "runtime/image/words.h"

enum { TASK_STOPPED = 3 };

int core_note(struct bytes_out *notes, uint32_t type, const void *data, size_t len,
	      struct err *err)
{
	const char *name = type == NT_X86_XSTATE ? "LINUX" : "CORE";
	const uint32_t name_len = (uint32_t)strlen(name) + 1;
	const Elf64_Nhdr head = {name_len, (uint32_t)len, type};

	if (out_put(notes, &head, sizeof(head), err) < 0 ||
	    out_put(notes, name, name_len, err) < 0 ||
	    out_zeros(notes, -name_len & 3, err) < 0 || out_put(notes, data, len, err) < 0)
		return err->code;
	return out_zeros(notes, -len & 3, err);
}

static uint64_t pending(const SignalQueueEntry *queue)
{
	uint64_t set = 0;

	for (size_t i = 0; queue && i < queue->n_signals; i++) {
		const ProtobufCBinaryData *info = &queue->signals[i]->siginfo;
		uint32_t signo = 0;

		if (info->len >= sizeof(signo))
			memcpy(&signo, info->data, sizeof(signo));
		if (signo >= 1 && signo <= 64)
			set |= 1ull << (signo - 1);
	}
	return set;
}

static int status_note(struct bytes_out *notes, const struct view_task *task,
		       const struct view_thread *thread, struct err *err)
{
	struct elf_prstatus status = {};
	struct user_regs_struct regs;
	const ThreadCoreEntry *core = thread->core->thread_core;

	_Static_assert(sizeof(regs) == sizeof(status.pr_reg), "the same registers");
	core_regs(thread->core, &regs);
	memcpy(&status.pr_reg, &regs, sizeof(regs));
	status.pr_pid = (pid_t)thread->tid;
	status.pr_ppid = (pid_t)task->tree->ppid;
	status.pr_pgrp = (pid_t)task->tree->pgid;
	status.pr_sid = (pid_t)task->tree->sid;
	status.pr_fpvalid = 1;
	if (core) {
		status.pr_sighold = core->blk_sigset;
		status.pr_sigpend = pending(core->signals_p);
	}
	return core_note(notes, NT_PRSTATUS, &status, sizeof(status), err);
}

static int process_note(struct bytes_out *notes, const struct image_view *view,
			const struct view_task *task, struct err *err)
{
	const CoreEntry *core = task->thread[0].core;
	const ThreadCoreEntry *thread = core->thread_core;
	struct elf_prpsinfo info = {.pr_sname = 'R'};
	const char *command = view_command(view, task);

	if (!command)
		return fail(err, -ENOMEM, "out of memory");
	if (core->tc && core->tc->task_state == TASK_STOPPED) {
		info.pr_state = 3;
		info.pr_sname = 'T';
	}
	if (thread && thread->has_sched_nice)
		info.pr_nice = (char)thread->sched_nice;
	if (thread && thread->creds) {
		info.pr_uid = thread->creds->uid;
		info.pr_gid = thread->creds->gid;
	}
	info.pr_flag = core->tc ? core->tc->flags : 0;
	info.pr_pid = (pid_t)task->tree->pid;
	info.pr_ppid = (pid_t)task->tree->ppid;
	info.pr_pgrp = (pid_t)task->tree->pgid;
	info.pr_sid = (pid_t)task->tree->sid;
	memcpy(info.pr_fname, view_comm(&task->thread[0]),
	       strnlen(view_comm(&task->thread[0]), sizeof(info.pr_fname) - 1));
	memcpy(info.pr_psargs, command, strnlen(command, sizeof(info.pr_psargs) - 1));
	return core_note(notes, NT_PRPSINFO, &info, sizeof(info), err);
}

/* No signal stopped it. */
static int signal_note(struct bytes_out *notes, struct err *err)
{
	const siginfo_t none = {};

	return core_note(notes, NT_SIGINFO, &none, sizeof(none), err);
}

static int auxv_note(struct bytes_out *notes, const MmEntry *mm, struct err *err)
{
	return core_note(notes, NT_AUXV, mm->mm_saved_auxv, mm->n_mm_saved_auxv * 8, err);
}

/* Numbers: how many, the page size, {start, end, page of the file} each; then the names. */
static int files_note(struct bytes_out *notes, const struct image_view *view, const MmEntry *mm,
		      struct err *err)
{
	scoped(out_free) struct bytes_out note = {}, names = {};
	uint64_t head[2] = {0, IMAGE_PAGE};

	if (out_put(&note, head, sizeof(head), err) < 0)
		return err->code;
	for (size_t i = 0; i < mm->n_vmas; i++) {
		const VmaEntry *vma = mm->vmas[i];
		const FileEntry *file = file_of_region(view, vma);
		const uint64_t row[3] = {vma->start, vma->end, vma->pgoff / IMAGE_PAGE};

		if (!file || !file->reg)
			continue;
		head[0]++;
		if (out_put(&note, row, sizeof(row), err) < 0 ||
		    out_put(&names, file->reg->name, strlen(file->reg->name) + 1, err) < 0)
			return err->code;
	}
	memcpy(note.data, head, sizeof(head));
	if (out_put(&note, names.data, names.len, err) < 0)
		return err->code;
	return core_note(notes, NT_FILE, note.data, note.len, err);
}

static int process_notes(struct bytes_out *notes, const struct image_view *view,
			 const struct view_task *task, struct err *err)
{
	if (process_note(notes, view, task, err) < 0 || signal_note(notes, err) < 0 ||
	    auxv_note(notes, task->space->mm, err) < 0)
		return err->code;
	return files_note(notes, view, task->space->mm, err);
}

int core_notes(struct bytes_out *notes, const struct image_view *view,
	       const struct view_task *task, struct err *err)
{
	for (size_t i = 0; i < task->n_threads; i++) {
		const struct view_thread *thread = &task->thread[i];

		if (!thread->core || !thread->core->thread_info)
			return fail(err, -EBADMSG, "core-%u.img has no registers", thread->tid);
		if (status_note(notes, task, thread, err) < 0 ||
		    (i == 0 && process_notes(notes, view, task, err) < 0) ||
		    core_regs_notes(notes, thread->core, err) < 0)
			return err->code;
	}
	return 0;
}
