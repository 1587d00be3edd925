/* pidfd.c - pidfd_open(2), CLONE_PIDFD: a process or thread as a descriptor
 *
 * Seen   /proc/PID/fdinfo/FD                                 since
 *          Pid: as the reader's pid namespace has it,
 *          -1: it has ended and was waited for               Linux 5.2
 *        O_EXCL in the flags: a thread (PIDFD_THREAD)        Linux 6.9
 *        PIDFD_GET_INFO: how a process ended                 Linux 6.15
 * Made   pidfd_open(2), when all tasks are there.  For one that has ended, a process is made
 *        that ends in the same way; all descriptors of it refer to one process again.
 * Lost   that a core was dumped.
 * Refused  a process outside of the container; a thread that has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "engine/fd/fown.h"
#include "engine/fd/kind.h"
#include "engine/image/schema/pidfd.pb-c.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { OF_THREAD = O_EXCL };

struct ended { /* the first 64 bytes of struct pidfd_info */
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

#define ASK_INFO _IOWR(0xff, 11, struct ended)
#define ASK_EXIT (1u << 3)

static bool pidfd_match(const struct open_file *file)
{
	return !strcmp(file->link, "anon_inode:[pidfd]");
}

static int read_pid(const char *text, pid_t *ret, struct err *err)
{
	int32_t pid;

	do {
		if (!scan_lit(&text, "Pid:"))
			continue;
		scan_blanks(&text);
		if (!scan_s32(&text, &pid))
			break;
		*ret = pid;
		return 0;
	} while (scan_line(&text));
	return fail(err, -EPROTO, "fdinfo has no Pid:");
}

static pid_t inside(const struct model *model, pid_t pid)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		if (task->pid == pid)
			return task->vpid;
		for (size_t k = 0; k < task->n_threads; k++)
			if (task->thread[k].tid == pid)
				return task->thread[k].vtid;
	}
	return 0;
}

static int describe_ended(struct fd_dump *dump, const struct open_file *file, PidfdEntry *pidfd,
			  struct err *err)
{
	PidfsAttrEntry *attr = arena_new_struct(dump->model->arena, PidfsAttrEntry);
	struct ended ended = {.mask = ASK_EXIT};

	if (!attr)
		return fail(err, -ENOMEM, "no memory for a pidfd");
	if (file->flags & OF_THREAD)
		return refuse(err, "it is of a thread that has ended; close it before the "
				   "checkpoint");
	pidfs_attr_entry__init(attr);
	attr->has_ino = true;
	attr->ino = file->st.st_ino;
	if (ioctl(file->fd, ASK_INFO, &ended) == 0 && (ended.mask & ASK_EXIT)) {
		attr->has_exit_code = true;
		attr->exit_code = ended.exit_code;
	}
	pidfd->attr = attr;
	pidfd->nspid = -1;
	return 0;
}

static int pidfd_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	PidfdEntry *pidfd = arena_new_struct(dump->model->arena, PidfdEntry);
	pid_t pid = 0;

	if (!pidfd)
		return fail(err, -ENOMEM, "no memory for a pidfd");
	pidfd_entry__init(pidfd);
	pidfd->id = file->id;
	pidfd->ino = file->st.st_ino;
	pidfd->flags = file->flags;
	int r = read_pid(file->fdinfo, &pid, err);
	if (r < 0)
		return r;
	if (pid < 0) {
		r = describe_ended(dump, file, pidfd, err);
	} else {
		pidfd->nspid = inside(dump->model, pid);
		if (pidfd->nspid == 0)
			r = refuse(err,
				   "it is of process %d outside of the container; close it "
				   "before the checkpoint",
				   pid);
	}
	file->entry->pidfd = pidfd;
	return r < 0 ? r : fown_dump(dump, file, &pidfd->fown, err);
}

static int open_pid(pid_t pid, uint32_t flags, int *ret_fd, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, flags & (OF_THREAD | O_NONBLOCK));

	if (fd < 0)
		return fail_errno(err, "pidfd_open(%d)", pid);
	*ret_fd = fd;
	return 0;
}

static pid_t outside(const struct model *model, pid_t vpid)
{
	for (size_t i = 0; i < model->n_tasks; i++) {
		const struct task *task = model->task[i];

		if (task->vpid == vpid)
			return task->pid;
		for (size_t k = 0; k < task->n_threads; k++)
			if (task->thread[k].vtid == vpid)
				return task->thread[k].tid;
	}
	return 0;
}

/* A process that ends as told when somebody writes to it: exit code, or signal. */
static pid_t start_one(int go[2], int code)
{
	const struct rlimit none = {0};
	char byte;

	pid_t pid = fork();
	if (pid)
		return pid;
	close(go[1]);
	(void)!read(go[0], &byte, 1);
	if (WIFEXITED(code))
		_exit(WEXITSTATUS(code));
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(WTERMSIG(code), SIG_DFL);
	sigset_t all;
	sigfillset(&all);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)raise(WTERMSIG(code));
	_exit(128);
}

/* Every description of the process that had this inode, while it lives. */
static int open_all(struct fd_make *make, uint64_t ino, pid_t pid, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < make->model->n_files; i++) {
		struct open_file *file = make->model->file[i];
		const PidfdEntry *pidfd = file->entry ? file->entry->pidfd : NULL;

		if (!pidfd || pidfd->nspid != -1 || pidfd->ino != ino || file->fd >= 0)
			continue;
		r = open_pid(pid, pidfd->flags, &file->fd, err);
		if (r == 0)
			r = fown_restore(make, file->fd, pidfd->flags, pidfd->fown, err);
	}
	return r;
}

/* A child of ours, in the pid namespace of the container: else nobody there may ask for it. */
static int start_inside(const struct model *model, int go[2], int code, pid_t *ret_pid,
			struct err *err)
{
	scoped_fd int ours = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	scoped_fd int init = -1;

	if (ours < 0)
		return fail_errno(err, "open our pid namespace");
	if (open_pid(model->task[0]->pid, 0, &init, err) < 0)
		return err->code;
	if (setns(init, CLONE_NEWPID) < 0)
		return fail_errno(err, "enter the container's pid namespace");
	*ret_pid = start_one(go, code);
	int r = *ret_pid < 0 ? fail_errno(err, "fork") : 0;
	if (setns(ours, CLONE_NEWPID) < 0 && r == 0)
		return fail_errno(err, "return to our pid namespace");
	return r;
}

static int make_ended(struct fd_make *make, const PidfdEntry *pidfd, struct err *err)
{
	int code = pidfd->attr && pidfd->attr->has_exit_code ? pidfd->attr->exit_code : 0;
	pid_t pid = -1;
	int go[2], status;

	if (pipe2(go, O_CLOEXEC) < 0)
		return fail_errno(err, "pipe2");
	int r = start_inside(make->model, go, code, &pid, err);
	if (r == 0)
		r = open_all(make, pidfd->ino, pid, err);
	close(go[0]);
	close(go[1]); /* go */
	if (pid > 0 && waitpid(pid, &status, 0) < 0 && r == 0)
		return fail_errno(err, "wait for process %d", pid);
	return r;
}

static int pidfd_restore(struct fd_make *make, struct open_file *file, int *ret_fd,
			 struct err *err)
{
	const PidfdEntry *pidfd = file->entry->pidfd;
	scoped_fd int fd = -1;

	if (!pidfd)
		return fail(err, -EPROTO, "the record has no state");
	if (pidfd->nspid == -1) {
		int made = make_ended(make, pidfd, err);
		if (made == 0)
			*ret_fd = file->fd;
		return made;
	}
	pid_t pid = outside(make->model, pidfd->nspid);
	if (pid <= 0)
		return fail(err, -EPROTO, "the image has no process %d", pidfd->nspid);
	int r = open_pid(pid, pidfd->flags, &fd, err);
	if (r == 0)
		r = fown_restore(make, fd, pidfd->flags, pidfd->fown, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

const struct fd_kind fd_pidfd = {
	.name = "pidfd",
	.type = FD_TYPES__PIDFD,
	.match = pidfd_match,
	.dump = pidfd_dump,
	.restore = pidfd_restore,
};
