/* grow.c - phases plan, nest and grow: every task of the image, as a shell with the right pid
 *
 * Roots come first: the container's init is the process that nest() made, taken over where it
 * waits; any other root is a child of ckrun that enters the namespaces, so that its parent is
 * outside as it was.  All others are made by their own parents, in planted code.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "engine/inject/calls.h"
#include "engine/inject/pass.h"
#include "engine/inject/plant.h"
#include "engine/inject/tracee.h"
#include "engine/kernel/pidfd.h"
#include "engine/kernel/proc.h"
#include "engine/ns/cgroups.h"
#include "engine/restore/restore.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"

enum { STOP_MS = 10000, END_MS = 10000, RSEQ_UNREGISTER = 1 };

int restore_plan(void *ctx, struct err *err)
{
	struct restore *r = ctx;
	int highest = 2;

	if (!r->request->cgroup && restore_fits_host(r, err) < 0)
		return err->code;

	for (size_t i = 0; i < r->model.n_tasks; i++)
		for (size_t j = 0; j < r->model.task[i]->n_fds; j++)
			if (r->model.task[i]->fd[j].num > highest)
				highest = r->model.task[i]->fd[j].num;
	r->pass_num = r->make.pass_num = highest + 1;
	return plan_build(&r->model, r->arena,
			  r->request->shell_job ? OUTER_ALLOWED : OUTER_REFUSED, &r->plan, err);
}

/* --- nest: the container, made by the caller; we go where its sockets and pids are */

static int open_ns(pid_t pid, const char *name, int flags, struct err *err)
{
	char path[PROC_PATH_MAX];

	int fd = open(proc_path(path, pid, 0, name), flags | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open %s", path) : fd;
}

static int enter(struct restore *r, struct err *err)
{
	r->host_net = open_ns(getpid(), "ns/net", O_RDONLY, err);
	if (r->host_net < 0)
		return r->host_net;
	r->host_pid = open_ns(getpid(), "ns/pid_for_children", O_RDONLY, err);
	if (r->host_pid < 0)
		return r->host_pid;
	r->net = open_ns(r->init, "ns/net", O_RDONLY, err);
	if (r->net < 0)
		return r->net;
	r->make.root = open_ns(r->init, "root", O_PATH | O_DIRECTORY, err);
	if (r->make.root < 0)
		return r->make.root;
	if (setns(r->net, CLONE_NEWNET) < 0)
		return fail_errno(err, "enter the container's network namespace");
	return 0;
}

int restore_nest(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	r->init = r->model.task[0]->vpid;
	int ret = r->request->host->nest(r->request->host->ctx, &r->init, err);
	if (ret < 0)
		return ret;
	r->init_pidfd = pidfd_for(r->init, PIDFD_OF_PROCESS, err);
	ret = r->init_pidfd < 0 ? r->init_pidfd : enter(r, err);
	if (ret >= 0)
		ret = restore_around(r, err);
	if (ret < 0)
		restore_unnest(r, FATE_DIE);
	return ret;
}

/* What the caller made, the caller unmakes when restore() has failed. */
void restore_unnest(void *ctx, enum fate fate)
{
	struct restore *r = ctx;

	(void)fate;
	if (r->host_net >= 0)
		(void)!setns(r->host_net, CLONE_NEWNET);
	scope_close(&r->host_net);
	scope_close(&r->host_pid);
	scope_close(&r->net);
	scope_close(&r->make.root);
	scope_close(&r->init_pidfd);
	r->host_net = r->host_pid = r->net = r->make.root = r->init_pidfd = -1;
}

/* --- a shell: traced, planted */

static int adopt(struct restore *r, struct task *task, pid_t pid, struct err *err)
{
	task->pid = pid;
	task->thread[0].tid = pid;
	task->plant = arena_new_struct(r->arena, struct plant);
	if (!task->plant)
		return fail(err, -ENOMEM, "tasks");
	task->pidfd = pidfd_for(pid, PIDFD_OF_PROCESS, err);
	return task->pidfd < 0 ? task->pidfd : 0;
}

/* The shell registered a restartable sequence with our libc, in memory that it is about to lose. */
static void forget_rseq(struct calls *calls, pid_t pid)
{
	struct __ptrace_rseq_configuration conf = {};

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, sizeof(conf), &conf) > 0 &&
	    conf.rseq_abi_pointer)
		calls_add(calls, "rseq", SYS_rseq, conf.rseq_abi_pointer, conf.rseq_abi_size,
			  RSEQ_UNREGISTER, conf.signature);
}

/* What we ignore or handle is not the task's; rooms set what is not as execve(2) leaves it. */
static void forget_handlers(struct calls *calls)
{
	const uint64_t by_default[4] = {0}; /* struct sigaction of the kernel */
	uint64_t at = calls_data(calls, by_default, sizeof(by_default));

	for (uint64_t sig = 1; sig < NSIG; sig++) /* EINVAL for SIGKILL, SIGSTOP */
		calls_may_fail(calls, calls_add(calls, "rt_sigaction", SYS_rt_sigaction, sig,
						at, 0, sizeof(by_default[0])));
}

static void raise_file_limit(struct calls *calls)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	calls_may_fail(calls, calls_add(calls, "prlimit", SYS_prlimit64, 0, RLIMIT_NOFILE,
					calls_data(calls, &limit, sizeof(limit)), 0));
}

static int plant_seed(struct restore *r, struct task *task, struct err *err)
{
	int stopsig;

	int ret = tracee_seize(task->pid, TASKS_DIE_WITH_US, err);
	if (ret >= 0)
		ret = tracee_wait(task->pid, STOP_MS, &stopsig, err);
	if (ret >= 0)
		ret = tracee_set_sigmask(task->pid, UINT64_MAX, err);
	if (ret >= 0)
		ret = plant_open(task->pid, task->plant, err);
	if (ret >= 0 && !r->place.blob)
		ret = mem_find_place(&r->model, task->pid, &r->place, err);
	return ret < 0 ? ret : plant_put(task->plant, task->pid, r->place.blob, err);
}

static int clear_seed(struct restore *r, struct task *task, struct err *err)
{
	calls_start(r->calls, task->plant);
	forget_rseq(r->calls, task->pid);
	forget_handlers(r->calls);
	raise_file_limit(r->calls);
	int ret = mem_hollow(&r->place, r->calls, task, err);
	calls_start(r->calls, task->plant);
	if (ret >= 0)
		ret = pass_open(r->calls, task->pid, task->pidfd, r->pass_num, err);
	if (ret >= 0)
		task->pass = ret;
	return ret < 0 ? ret : 0;
}

/* --- roots */

static bool is_init(const struct restore *r, const struct task *task)
{
	return task == r->model.task[0];
}

/* A child of ours with the given pid in the container's pid namespace; it waits for us. */
static pid_t spawn_root(const struct task *task, struct err *err)
{
	pid_t wanted = task->vpid;
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&wanted,
		.set_tid_size = 1,
	};

	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return fail_errno(err, "make a process with pid %d", wanted);
	if (pid == 0)
		for (;;)
			pause();
	return (pid_t)pid;
}

static pid_t spawn_inside(const struct restore *r, const struct task *task, struct err *err)
{
	uint64_t all = UINT64_MAX, was;

	if (setns(r->init_pidfd, CLONE_NEWPID) < 0)
		return fail_errno(err, "enter the container's pid namespace");
	/* no signal of ours may reach it before it is traced */
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &was, sizeof(all));
	pid_t pid = spawn_root(task, err);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &was, NULL, sizeof(was));
	if (setns(r->host_pid, CLONE_NEWPID) < 0 && pid > 0) {
		kill(pid, SIGKILL);
		return fail_errno(err, "return to our pid namespace");
	}
	return pid;
}

enum {
	ALL_NAMESPACES =
		CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
};

static int seed_root(struct restore *r, struct task *task, struct err *err)
{
	pid_t pid = spawn_inside(r, task, err);
	if (pid < 0)
		return pid;
	int ret = adopt(r, task, pid, err);
	if (ret >= 0)
		ret = cgroup_set_add(r->request->cgroup, pid, err);
	if (ret >= 0)
		ret = plant_seed(r, task, err);
	if (ret < 0)
		return ret;
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "enter the container's namespaces", SYS_setns,
		  (uint64_t)r->init_pidfd, ALL_NAMESPACES);
	ret = calls_run(r->calls, task->pid, err);
	return ret < 0 ? ret : clear_seed(r, task, err);
}

static int seed_init(struct restore *r, struct task *task, struct err *err)
{
	int ret = adopt(r, task, r->init, err);

	if (ret >= 0)
		ret = plant_seed(r, task, err);
	return ret < 0 ? ret : clear_seed(r, task, err);
}

static int seed(struct restore *r, struct task *task, struct err *err)
{
	return is_init(r, task) ? seed_init(r, task, err) : seed_root(r, task, err);
}

/* --- children and threads */

struct birth {
	const struct plant *plant; /* of the maker */
	uint64_t flags, exit_signal;
	pid_t vpid; /* 0: any */
};

/* clone_in() - the maker's visited thread makes a task; *ret_vpid as the maker sees it */
static int clone_in(struct restore *r, const struct birth *b, pid_t *ret, pid_t *ret_vpid,
		    struct err *err)
{
	const char *what = arena_printf(r->arena, "make a task with pid %d", b->vpid);
	int stopsig;

	calls_start(r->calls, b->plant);
	struct clone_args args = {
		.flags = b->flags,
		.exit_signal = b->exit_signal,
		.set_tid = b->vpid ? calls_data(r->calls, &b->vpid, sizeof(b->vpid)) : 0,
		.set_tid_size = b->vpid ? 1 : 0,
	};
	uint64_t at = calls_data(r->calls, &args, sizeof(args));
	unsigned int call =
		calls_add(r->calls, what ? what : "clone3", SYS_clone3, at, sizeof(args));
	*ret = 0;
	int got = calls_run_child(r->calls, b->plant->pid, ret, err);
	if (got < 0)
		return got;
	*ret_vpid = (pid_t)calls_ret(r->calls, call);
	return tracee_wait(*ret, STOP_MS, &stopsig, err);
}

/* A child's memory is a copy of its maker's, planted code included: it is visited as such. */
static int plant_copied(const struct plant *makers, pid_t pid, struct plant *ret,
			struct err *err)
{
	char path[PROC_PATH_MAX];
	int mem = open(proc_path(path, pid, 0, "mem"), O_RDWR | O_CLOEXEC);

	if (mem < 0)
		return fail_errno(err, "open %s", path);
	*ret = *makers;
	ret->pid = pid;
	ret->mem = mem;
	return 0;
}

static int born_of(struct restore *r, struct task *task, const struct plant *maker,
		   uint64_t flags, int pass, struct err *err)
{
	const TaskCoreEntry *tc = task->thread[0].core->tc;
	struct birth birth = {.plant = maker, .flags = flags, .vpid = task->vpid};
	pid_t pid, vpid;

	if (!(flags & CLONE_PARENT)) /* else it has its maker's */
		birth.exit_signal = tc->has_exit_signal ? tc->exit_signal : SIGCHLD;
	int ret = clone_in(r, &birth, &pid, &vpid, err);
	if (ret >= 0)
		ret = adopt(r, task, pid, err);
	if (ret < 0)
		return ret;
	task->pass = pass;
	return plant_copied(maker, pid, task->plant, err);
}

static int fork_task(struct restore *r, const struct plan_step *step, struct err *err)
{
	return born_of(r, step->task, step->by->plant, step->flags, step->by->pass, err);
}

static int make_threads(struct restore *r, struct task *task, struct err *err)
{
	const uint64_t flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			       CLONE_THREAD | CLONE_SYSVSEM;

	for (size_t i = 1; i < task->n_threads; i++) {
		struct birth birth = {
			.plant = task->plant, .flags = flags, .vpid = task->thread[i].vtid};
		pid_t vtid;
		int ret = clone_in(r, &birth, &task->thread[i].tid, &vtid, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- sessions, groups */

static int make_session(struct restore *r, const struct task *task, struct err *err)
{
	calls_start(r->calls, task->plant);
	/* EPERM: a leader already, as the container's init may have been made */
	unsigned int call = calls_add(r->calls, "setsid", SYS_setsid, 0);
	calls_may_fail(r->calls, call);
	unsigned int now = calls_add(r->calls, "getsid", SYS_getsid, 0);
	int ret = calls_run(r->calls, task->pid, err);
	if (ret >= 0 && calls_ret(r->calls, now) != task->vsid)
		return fail(err, -EPERM, "it cannot lead session %d", task->vsid);
	return ret;
}

static int join_group(struct restore *r, const struct task *task, pid_t group, struct err *err)
{
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "setpgid", SYS_setpgid, 0, (uint64_t)group);
	return calls_run(r->calls, task->pid, err);
}

/* --- passing children: lent leaders, and makers of orphans */

static int lend(struct restore *r, const struct task *maker, pid_t vpid, const char *what,
		long nr, struct err *err)
{
	struct birth birth = {.plant = maker->plant, .vpid = vpid};

	int ret = clone_in(r, &birth, &r->passing.pid, &r->passing.vpid, err);
	if (ret >= 0)
		ret = plant_copied(maker->plant, r->passing.pid, &r->passing.plant, err);
	if (ret < 0 || !what)
		return ret;
	calls_start(r->calls, &r->passing.plant);
	calls_add(r->calls, what, nr, 0, 0);
	return calls_run(r->calls, r->passing.pid, err);
}

/* We trace it and see it end first; only then its maker can. */
static void bury_passing(struct restore *r)
{
	if (!r->passing.pid)
		return;
	kill(r->passing.pid, SIGKILL);
	tracee_bury(&r->passing.pid, 1, END_MS);
	plant_close(&r->passing.plant);
	r->passing.pid = 0;
}

static int drop(struct restore *r, const struct task *maker, struct err *err)
{
	bury_passing(r);
	calls_start(r->calls, maker->plant);
	calls_add(r->calls, "wait4", SYS_wait4, (uint64_t)r->passing.vpid, 0, __WALL, 0);
	return calls_run(r->calls, maker->pid, err);
}

static int foster(struct restore *r, const struct plan_step *step, struct err *err)
{
	return born_of(r, step->task, &r->passing.plant, 0, step->by->pass, err);
}

static int make_reaper(struct restore *r, const struct task *task, struct err *err)
{
	calls_start(r->calls, task->plant);
	calls_add(r->calls, "prctl(PR_SET_CHILD_SUBREAPER)", SYS_prctl, PR_SET_CHILD_SUBREAPER,
		  1);
	return calls_run(r->calls, task->pid, err);
}

/* --- ends */

static int wait_end(const struct task *task, struct err *err)
{
	struct pollfd p = {.fd = task->pidfd, .events = POLLIN};

	if (poll(&p, 1, END_MS) != 1)
		return fail(err, -ETIMEDOUT, "it does not end");
	return 0;
}

/* Its only act is to end as it ended. */
static int end_zombie(const struct task *task, struct err *err)
{
	uint32_t code = task->thread[0].core->tc->exit_code;
	struct user_regs_struct regs;

	int ret = tracee_regs(task->pid, &regs, err);
	if (ret < 0)
		return ret;
	regs.rip = task->plant->insn;
	regs.rax = SYS_exit_group;
	regs.rdi = code >> 8 & 0xff;
	regs.orig_rax = (uint64_t)-1;
	ret = tracee_set_regs(task->pid, &regs, err);
	if (ret >= 0 && code & 0x7f)
		ret = tracee_set_sigmask(task->pid, 0, err);
	if (ret < 0)
		return ret;
	if (code & 0x7f)
		kill(task->pid, (int)(code & 0x7f));
	tracee_detach(task->pid);
	return wait_end(task, err);
}

static int take_step(struct restore *r, const struct plan_step *step, struct err *err)
{
	switch (step->action) {
	case PLAN_SEED:
		return seed(r, step->task, err);
	case PLAN_FORK:
		return fork_task(r, step, err);
	case PLAN_SESSION:
		return make_session(r, step->task, err);
	case PLAN_THREADS:
		return make_threads(r, step->task, err);
	case PLAN_GROUP:
		return join_group(r, step->task, step->id, err);
	case PLAN_REAPER:
		return make_reaper(r, step->task, err);
	case PLAN_LEND_GROUP:
		return lend(r, step->by, step->id, "setpgid", SYS_setpgid, err);
	case PLAN_LEND_SESSION:
		return lend(r, step->by, step->id, "setsid", SYS_setsid, err);
	case PLAN_LEND_MEMBER:
		return lend(r, step->by, 0, NULL, 0, err);
	case PLAN_FOSTER:
		return foster(r, step, err);
	case PLAN_DROP:
		return drop(r, step->by, err);
	case PLAN_END:
		return end_zombie(step->task, err);
	}
	return fail(err, -EINVAL, "step %d", step->action);
}

static int take_steps(struct restore *r, struct err *err)
{
	for (size_t i = 0; i < r->plan.n; i++) {
		const struct plan_step *step = &r->plan.step[i];

		if (take_step(r, step, err) < 0)
			return fail_in(err, "%s", model_task_name(&r->model, step->task));
	}
	log_info(r->model.log, "grow", "%zu tasks stand, made in %zu steps", r->model.n_tasks,
		 r->plan.n);
	return 0;
}

int restore_grow(void *ctx, struct err *err)
{
	struct restore *r = ctx;

	int ret = take_steps(r, err);
	if (ret >= 0)
		ret = cgroups_enter(r->cgroups, &r->model, r->request->cgroup, err);
	if (ret < 0)
		restore_fell(r, FATE_DIE);
	clock_gettime(CLOCK_MONOTONIC, &r->grown);
	return ret;
}

static void kill_all(struct restore *r)
{
	size_t n;
	pid_t *tid = model_threads(&r->model, &n);

	for (size_t i = 0; i < r->model.n_tasks; i++)
		if (r->model.task[i]->pid)
			kill(r->model.task[i]->pid, SIGKILL);
	bury_passing(r);
	if (tid)
		tracee_bury(tid, n, END_MS);
}

void restore_fell(void *ctx, enum fate fate)
{
	struct restore *r = ctx;

	if (fate == FATE_DIE)
		kill_all(r);
	for (size_t i = r->model.n_tasks; i-- > 0;) {
		struct task *task = r->model.task[i];

		if (task->plant)
			plant_close(task->plant);
		scope_close(&task->pidfd);
		if (!task->parent)
			scope_close(&task->pass);
	}
}
