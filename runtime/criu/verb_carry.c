#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/carry.h"
#include "runtime/criu/options.h"
#include "runtime/criu/verb_carry.h"

static int open_dir(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, "open directory %s", path) : fd;
}

static struct carry carry_of(const struct criu_options *o, int images, int work)
{
	return (struct carry){
		.pid = o->tree,
		.images_dir = images,
		.work_dir = work,
		.log_file = o->log_file,
		.log_level =
			o->verbosity > LOG_DEBUG ? LOG_DEBUG : (enum log_level)o->verbosity,
		.pid_file = o->pid_file,
		.end = o->leave_running   ? CARRY_LEAVE_RUNNING
		       : o->leave_stopped ? CARRY_LEAVE_STOPPED
					  : CARRY_END_THEM,
		.sibling = o->sibling,
		.shell_job = o->shell_job,
		.tcp_established = o->tcp_established,
		.tcp_close = o->tcp_close,
		.ext_unix_sk = o->ext_unix_sk,
		.notify = -1,
	};
}

static int check(const struct criu_options *o, bool dump, struct err *err)
{
	if (o->n_args)
		return fail(err, -EINVAL, "%s: what is wanted of it?", o->args[0]);
	if (dump && o->tcp_close)
		return refuse(err, "--tcp-close at a dump is not supported yet");
	if (!dump && o->leave_stopped)
		return refuse(err, "--leave-stopped at a restore is not supported yet");
	return 0;
}

static const char *images_of(const struct criu_options *o)
{
	return o->images_dir ? o->images_dir : ".";
}

int dump_run(const struct criu_options *options, struct err *err)
{
	if (check(options, true, err) < 0)
		return err->code;
	scoped_fd int images = open_dir(images_of(options), err);
	if (images < 0)
		return images;
	scoped_fd int work =
		open_dir(options->work_dir ? options->work_dir : images_of(options), err);
	if (work < 0)
		return work;
	const struct carry carry = carry_of(options, images, work);
	return carry_dump(&carry, err);
}

static int wait_for(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, "wait for task %d", pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int restore_run(const struct criu_options *options, struct err *err)
{
	pid_t first;

	if (check(options, false, err) < 0)
		return err->code;
	scoped_fd int images = open_dir(images_of(options), err);
	if (images < 0)
		return images;
	scoped_fd int work =
		open_dir(options->work_dir ? options->work_dir : images_of(options), err);
	if (work < 0)
		return work;
	const struct carry carry = carry_of(options, images, work);
	int r = carry_restore(&carry, &first, err);
	if (r < 0 || options->detach || options->sibling)
		return r;
	return wait_for(first, err);
}
