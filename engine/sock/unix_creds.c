#include <errno.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/fd/kind.h"
#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/kernel/pidfd.h"
#include "engine/sock/unix.h"
#include "engine/sock/unix_creds.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { SAME = -1, FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK };

int unix_creds_dump(struct fd_dump *dump, const struct open_file *file, SkUcredEntry **ret,
		    struct err *err)
{
	const struct model *model = dump->model;
	struct ucred creds = {0};
	socklen_t len = sizeof(creds);

	if (getsockopt(file->fd, SOL_SOCKET, SO_PEERCRED, &creds, &len) < 0)
		return fail_errno(err, "SO_PEERCRED");
	if (creds.uid == (uid_t)-1)
		return 0;
	SkUcredEntry *e = arena_new_struct(model->arena, SkUcredEntry);
	if (!e)
		return fail(err, -ENOMEM, "no memory for credentials");
	sk_ucred_entry__init(e);
	e->uid = creds.uid;
	e->gid = creds.gid;
	for (size_t i = 0; i < model->n_tasks; i++)
		if (model->task[i]->pid == creds.pid)
			e->pid = (uint32_t)model->task[i]->vpid;
	*ret = e;
	return 0;
}

/* --- in a task */

/* The task that it was, if it can be visited. */
static const struct task *task_of(const struct fd_make *make, const SkUcredEntry *creds)
{
	const struct task *task =
		creds && creds->pid ? model_task(make->model, (pid_t)creds->pid) : NULL;

	return task && task->plant && task->pid > 0 && task->pass > 0 ? task : NULL;
}

static bool has_ids(const SkUcredEntry *creds)
{
	return creds->uid || creds->gid;
}

/* Other ids, the same capabilities. */
static void add_ids(struct calls *calls, const SkUcredEntry *creds)
{
	if (!has_ids(creds))
		return;
	calls_add(calls, "prctl(PR_SET_SECUREBITS)", SYS_prctl, PR_SET_SECUREBITS,
		  SECBIT_NO_SETUID_FIXUP);
	calls_add(calls, "setresgid", SYS_setresgid, (uint64_t)SAME, creds->gid,
		  (uint64_t)SAME);
	calls_add(calls, "setresuid", SYS_setresuid, (uint64_t)SAME, creds->uid,
		  (uint64_t)SAME);
}

static void add_ids_back(struct calls *calls, const SkUcredEntry *creds)
{
	if (!has_ids(creds))
		return;
	calls_add(calls, "setresuid", SYS_setresuid, (uint64_t)SAME, 0, (uint64_t)SAME);
	calls_add(calls, "setresgid", SYS_setresgid, (uint64_t)SAME, 0, (uint64_t)SAME);
	calls_add(calls, "prctl(PR_SET_SECUREBITS)", SYS_prctl, PR_SET_SECUREBITS, 0);
}

static int take_pair(const struct task *task, struct calls *calls, const int num[2], int ret[2],
		     struct err *err)
{
	scoped_fd int a = pidfd_file(task->pidfd, num[0], err);
	scoped_fd int b = a < 0 ? -1 : pidfd_file(task->pidfd, num[1], err);

	if (a < 0 || b < 0)
		return err->code;
	calls_start(calls, task->plant);
	calls_add(calls, "close", SYS_close, (uint64_t)num[0]);
	calls_add(calls, "close", SYS_close, (uint64_t)num[1]);
	int r = calls_run(calls, task->pid, err);
	if (r < 0)
		return r;
	ret[0] = take_fd(&a);
	ret[1] = take_fd(&b);
	return 0;
}

static int pair_in(const struct task *task, const SkUcredEntry *creds, int type, int ret[2],
		   struct err *err)
{
	scoped_free struct calls *calls = calls_new(task->plant);
	int num[2];

	if (!calls)
		return fail(err, -ENOMEM, "no memory for calls");
	calls_start(calls, task->plant);
	uint64_t room = calls_room(calls, sizeof(num));
	add_ids(calls, creds);
	calls_add(calls, "socketpair", SYS_socketpair, AF_UNIX, (uint64_t)(type | FLAGS), 0,
		  room);
	add_ids_back(calls, creds);
	int r = calls_run(calls, task->pid, err);
	if (r < 0)
		return r;
	memcpy(num, calls_at(calls, room), sizeof(num));
	return take_pair(task, calls, num, ret, err);
}

/* One call with descriptors of ours: fd[0] is its first argument. */
struct visit {
	const char *what;
	long nr;
	const int *fd;
	size_t n_fds;
	int backlog;             /* of listen(2) */
	struct sockaddr_un *sun; /* of connect(2); NULL: listen */
	socklen_t len;
};

static unsigned int add_call(struct calls *calls, const struct visit *v, const int *num)
{
	struct sockaddr_un sun;

	if (!v->sun)
		return calls_add(calls, v->what, v->nr, (uint64_t)num[0], (uint64_t)v->backlog);
	sun = *v->sun;
	if (v->n_fds > 1) /* the file that it has, by the number it has there */
		snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d", num[1]);
	return calls_add(calls, v->what, v->nr, (uint64_t)num[0],
			 calls_data(calls, &sun, sizeof(sun)), v->len);
}

static int visit(const struct fd_make *make, const struct task *task, const SkUcredEntry *creds,
		 const struct visit *v, struct err *err)
{
	scoped_free struct calls *calls = calls_new(task->plant);
	int num[2];

	if (!calls)
		return fail(err, -ENOMEM, "no memory for calls");
	calls_start(calls, task->plant);
	int r = pass_files(task->pass, calls, task->pid, make->pass_num, v->fd, v->n_fds, num,
			   err);
	if (r < 0)
		return r;
	calls_start(calls, task->plant);
	add_ids(calls, creds);
	unsigned int call = add_call(calls, v, num);
	calls_may_fail(calls, call); /* what follows must be done all the same */
	add_ids_back(calls, creds);
	for (size_t i = 0; i < v->n_fds; i++)
		calls_add(calls, "close", SYS_close, (uint64_t)num[i]);
	r = calls_run(calls, task->pid, err);
	if (r < 0)
		return r;
	errno = (int)-calls_ret(calls, call);
	return errno > 0 ? fail_errno(err, "%s", v->what) : 0;
}

/* --- by ourselves */

struct self { /* what we were */
	int dumpable, bits;
	bool changed;
};

/* Of this thread only: the system calls, not the C library's functions. */
static void self_back(const struct self *self)
{
	if (!self->changed)
		return;
	syscall(SYS_setresuid, SAME, getuid(), SAME);
	syscall(SYS_setresgid, SAME, getgid(), SAME);
	prctl(PR_SET_SECUREBITS, self->bits);
	prctl(PR_SET_DUMPABLE, self->dumpable == 1);
}

static int self_as(const SkUcredEntry *creds, struct self *self, struct err *err)
{
	if (!creds || (creds->uid == geteuid() && creds->gid == getegid()))
		return 0;
	self->dumpable = prctl(PR_GET_DUMPABLE);
	self->bits = prctl(PR_GET_SECUREBITS);
	self->changed = true;
	if (prctl(PR_SET_SECUREBITS, self->bits | SECBIT_NO_SETUID_FIXUP) < 0 ||
	    syscall(SYS_setresgid, SAME, creds->gid, SAME) < 0 ||
	    syscall(SYS_setresuid, SAME, creds->uid, SAME) < 0)
		return fail_errno(err, "take the ids %u:%u", creds->uid, creds->gid);
	return 0;
}

/* --- */

int unix_socketpair(struct fd_make *make, const SkUcredEntry *creds, int type, int ret[2],
		    struct err *err)
{
	const struct task *task = task_of(make, creds);
	scoped(self_back) struct self self = {0};

	if (task) {
		int r = pair_in(task, creds, type, ret, err);
		return r < 0 ? fail_in(err, "visit of task %d", task->vpid) : 0;
	}
	int r = self_as(creds, &self, err);
	if (r == 0 && socketpair(AF_UNIX, type | FLAGS, 0, ret) < 0)
		r = fail_errno(err, "socketpair of type %d", type);
	return r;
}

int unix_listen(struct fd_make *make, const SkUcredEntry *creds, int fd, int backlog,
		struct err *err)
{
	const struct task *task = task_of(make, creds);
	const struct visit v = {"listen", SYS_listen, &fd, 1, backlog, NULL, 0};
	scoped(self_back) struct self self = {0};

	if (task) {
		int r = visit(make, task, creds, &v, err);
		return r < 0 ? fail_in(err, "visit of task %d", task->vpid) : 0;
	}
	int r = self_as(creds, &self, err);
	if (r == 0 && listen(fd, backlog) < 0)
		r = fail_errno(err, "listen");
	return r;
}

int unix_connect(struct fd_make *make, const SkUcredEntry *creds, int fd, int to,
		 struct err *err)
{
	const struct task *task = task_of(make, creds);
	scoped(self_back) struct self self = {0};
	struct sockaddr_un sun;
	scoped_fd int file = -1;
	socklen_t len;

	int r = unix_reach(to, &sun, &len, &file, err);
	if (r < 0)
		return r;
	if (task) {
		const int fds[] = {fd, file};
		const struct visit v = {"connect", SYS_connect, fds, file < 0 ? 1 : 2,
					0,         &sun,        len};

		r = visit(make, task, creds, &v, err);
		if (r == 0)
			return 0;
		if (r != -ENOENT) /* a container without /proc */
			return fail_in(err, "visit of task %d", task->vpid);
		*err = (struct err){0};
	}
	r = self_as(creds, &self, err);
	if (r == 0 && connect(fd, (struct sockaddr *)&sun, len) < 0)
		r = fail_errno(err, "connect");
	return r;
}
