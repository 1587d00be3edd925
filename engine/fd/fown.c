#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

#ifndef F_GETOWNER_UIDS
#define F_GETOWNER_UIDS 17
#endif

#define SETTABLE (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

static const struct thread *thread_by(const struct model *model, pid_t tid, pid_t vtid)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		for (size_t k = 0; k < task->n_threads; k++)
			if (tid ? task->thread[k].tid == tid : task->thread[k].vtid == vtid)
				return &task->thread[k];
	}
	return NULL;
}

static pid_t pid_inside(const struct model *model, const struct f_owner_ex *own)
{
	if (own->type == F_OWNER_TID) {
		const struct thread *thread = thread_by(model, own->pid, 0);

		return thread ? thread->vtid : 0;
	}
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		if (own->type == F_OWNER_PID && task->pid == own->pid)
			return task->vpid;
		if (own->type == F_OWNER_PGRP && getpgid(task->pid) == own->pid)
			return task->vpgid;
	}
	return 0;
}

static pid_t pid_outside(const struct model *model, const FownEntry *fown)
{
	pid_t vpid = (pid_t)fown->pid;

	if (fown->pid_type == F_OWNER_TID) {
		const struct thread *thread = thread_by(model, 0, vpid);

		return thread ? thread->tid : 0;
	}
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		if (fown->pid_type == F_OWNER_PID && task->vpid == vpid)
			return task->pid;
		if (fown->pid_type == F_OWNER_PGRP && task->vpgid == vpid && task->pid)
			return getpgid(task->pid);
	}
	return 0;
}

static int owner_dump(const struct fd_dump *dump, int fd, FownEntry *fown, struct err *err)
{
	struct f_owner_ex own = {0};
	uint32_t uid[2] = {0};

	if (fcntl(fd, F_GETOWN_EX, &own) < 0)
		return fail_errno(err, "F_GETOWN_EX");
	if (own.pid == 0) /* none, or it is dead */
		return 0;
	if (fcntl(fd, F_GETOWNER_UIDS, uid) < 0)
		return fail_errno(err, "F_GETOWNER_UIDS");
	pid_t pid = pid_inside(dump->model, &own);
	if (pid == 0)
		return refuse(err,
			      "its signals go to process %d outside of the container; "
			      "take them back with F_SETOWN",
			      own.pid);
	fown->pid_type = (uint32_t)own.type;
	fown->pid = (uint32_t)pid;
	fown->uid = uid[0];
	fown->euid = uid[1];
	return 0;
}

int fown_dump(const struct fd_dump *dump, const struct open_file *file, FownEntry **ret,
	      struct err *err)
{
	FownEntry *fown = arena_new_struct(dump->model->arena, FownEntry);

	if (!fown)
		return fail(err, -ENOMEM, "no memory for the owner");
	fown_entry__init(fown);
	*ret = fown;
	if (file->flags & O_PATH) /* cannot be ready, has no owner */
		return 0;
	int sig = fcntl(file->fd, F_GETSIG);
	if (sig < 0)
		return fail_errno(err, "F_GETSIG");
	fown->signum = (uint32_t)sig;
	return owner_dump(dump, file->fd, fown, err);
}

/* The kernel notes the ids of whoever sets the owner, so for a moment we have them.  Other
 * threads of ours keep theirs: the system call, not the C library's function. */
static int set_owner_as(int fd, const struct f_owner_ex *own, const FownEntry *fown,
			struct err *err)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	uid_t uid, euid, suid;

	if (getresuid(&uid, &euid, &suid) < 0)
		return fail_errno(err, "getresuid");
	if (uid == fown->uid && euid == fown->euid)
		return fcntl(fd, F_SETOWN_EX, own) < 0 ? fail_errno(err, "F_SETOWN_EX") : 0;
	if (suid != euid || syscall(SYS_setresuid, fown->uid, fown->euid, -1) < 0)
		return fail_errno(err, "setresuid(%u, %u)", fown->uid, fown->euid);
	int r = fcntl(fd, F_SETOWN_EX, own) < 0 ? fail_errno(err, "F_SETOWN_EX") : 0;
	if (syscall(SYS_setresuid, uid, euid, -1) < 0)
		return fail_errno(err, "setresuid(%u, %u)", uid, euid);
	if (dumpable == 1 && prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail_errno(err, "PR_SET_DUMPABLE");
	return r;
}

static int owner_restore(const struct fd_make *make, int fd, const FownEntry *fown,
			 struct err *err)
{
	if (fown->signum && fcntl(fd, F_SETSIG, fown->signum) < 0)
		return fail_errno(err, "F_SETSIG %u", fown->signum);
	if (fown->pid == 0)
		return 0;
	struct f_owner_ex own = {.type = (enum __pid_type)fown->pid_type,
				 .pid = pid_outside(make->model, fown)};
	if (own.pid <= 0)
		return fail(err, -EPROTO, "its owner, process %u, is not in the image",
			    fown->pid);
	return set_owner_as(fd, &own, fown, err);
}

int fown_flags(int fd, uint32_t flags, struct err *err)
{
	int now = fcntl(fd, F_GETFL);

	if (now < 0)
		return fail_errno(err, "F_GETFL");
	if ((((uint32_t)now ^ flags) & SETTABLE) == 0)
		return 0;
	if (fcntl(fd, F_SETFL, (now & ~SETTABLE) | (int)(flags & SETTABLE)) < 0)
		return fail_errno(err, "F_SETFL 0%o", flags & SETTABLE);
	return 0;
}

int fown_restore(const struct fd_make *make, int fd, uint32_t flags, const FownEntry *fown,
		 struct err *err)
{
	if (flags & O_PATH)
		return 0;
	if (fown) {
		int r = owner_restore(make, fd, fown, err);
		if (r < 0)
			return r;
	}
	return fown_flags(fd, flags, err);
}
