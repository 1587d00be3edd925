#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/criu/carry.h"
#include "runtime/criu/cpuinfo.h"
#include "runtime/criu/rpc.h"
#include "runtime/criu/serve_carry.h"

/* --- fields that mean something here, or that need no effect (options.c says why) */

static const char *const known[] = {
	"images_dir_fd",
	"images_dir",
	"work_dir_fd",
	"pid",
	"leave_running",
	"ext_unix_sk",
	"tcp_established",
	"tcp_close",
	"shell_job",
	"file_locks",
	"log_level",
	"log_file",
	"leave_stopped",
	"rst_sibling",
	"notify_scripts",
	"evasive_devices",
	"force_irmap",
	"ghost_limit",
	"freeze_cgroup",
	"irmap_scan_paths",
	NULL,
};

static bool is_known(const char *name)
{
	for (const char *const *k = known; *k; k++)
		if (!strcmp(*k, name))
			return true;
	return false;
}

/* A flag that says no and a number that is 0 ask for nothing. */
static bool is_asked(const CriuOpts *opts, const ProtobufCFieldDescriptor *field)
{
	const char *base = (const char *)opts;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + field->quantifier_offset) > 0;
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return *(const void *const *)(base + field->offset) != field->default_value;
	default:
		return *(const protobuf_c_boolean *)(base + field->quantifier_offset) &&
		       *(const int *)(base + field->offset) != 0;
	}
}

static int check_fields(const CriuOpts *opts, struct err *err)
{
	for (unsigned int i = 0; i < criu_opts__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &criu_opts__descriptor.fields[i];

		if (is_known(field->name) || !is_asked(opts, field))
			continue;
		if (err->code)
			err_also(err, "%s is not supported yet", field->name);
		else
			refuse(err, "%s is not supported yet", field->name);
	}
	return err->code;
}

/* --- the request as a carry */

static int open_path(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, "open directory %s", path) : fd;
}

static int open_images(int sock, const CriuOpts *opts, struct err *err)
{
	if (opts->has_images_dir_fd && opts->images_dir_fd >= 0)
		return rpc_peer_open(sock, opts->images_dir_fd, O_RDONLY | O_DIRECTORY, err);
	if (opts->images_dir)
		return open_path(opts->images_dir, err);
	return fail(err, -EINVAL, "neither images_dir_fd nor images_dir is given");
}

static int open_work(int sock, const CriuOpts *opts, int images, struct err *err)
{
	int fd;

	if (opts->has_work_dir_fd && opts->work_dir_fd >= 0)
		return rpc_peer_open(sock, opts->work_dir_fd, O_RDONLY | O_DIRECTORY, err);
	fd = fcntl(images, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? fail_errno(err, "directory of images") : fd;
}

static struct carry carry_of(int sock, const CriuOpts *opts, int images, int work)
{
	int level = opts->has_log_level ? opts->log_level : LOG_WARN;

	return (struct carry){
		.pid = opts->has_pid ? opts->pid : 0,
		.images_dir = images,
		.work_dir = work,
		.log_file = opts->log_file,
		.log_level = level < 0           ? LOG_NOTHING
			     : level > LOG_DEBUG ? LOG_DEBUG
						 : (enum log_level)level,
		.end = opts->leave_running   ? CARRY_LEAVE_RUNNING
		       : opts->leave_stopped ? CARRY_LEAVE_STOPPED
					     : CARRY_END_THEM,
		.sibling = opts->rst_sibling,
		.shell_job = opts->shell_job,
		.tcp_established = opts->tcp_established,
		.tcp_close = opts->tcp_close,
		.ext_unix_sk = opts->ext_unix_sk,
		.notify = opts->notify_scripts ? sock : -1,
	};
}

static int check(const CriuOpts *opts, const char *default_log, const char **log,
		 struct err *err)
{
	if (!opts)
		return fail(err, -EINVAL, "it has no options");
	if (check_fields(opts, err) < 0)
		return err->code;
	if (opts->log_file && strchr(opts->log_file, '/'))
		return fail(err, -EINVAL, "log_file %s: it must be in the work directory",
			    opts->log_file);
	*log = opts->log_file ? opts->log_file : default_log;
	return 0;
}

int serve_dump(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	static CriuDumpResp dump = CRIU_DUMP_RESP__INIT;
	const char *log;

	if (check(req->opts, "dump.log", &log, err) < 0)
		return err->code;
	if (req->opts->tcp_close)
		return refuse(err, "tcp_close at a dump is not supported yet");
	scoped_fd int images = open_images(sock, req->opts, err);
	if (images < 0)
		return images;
	scoped_fd int work = open_work(sock, req->opts, images, err);
	if (work < 0)
		return work;
	struct carry carry = carry_of(sock, req->opts, images, work);
	carry.log_file = log;
	answer->dump = &dump;
	return carry_dump(&carry, err);
}

int serve_restore(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	static CriuRestoreResp restored = CRIU_RESTORE_RESP__INIT;
	const char *log;
	pid_t first;

	if (check(req->opts, "restore.log", &log, err) < 0)
		return err->code;
	if (req->opts->leave_stopped)
		return refuse(err, "leave_stopped at a restore is not supported yet");
	scoped_fd int images = open_images(sock, req->opts, err);
	if (images < 0)
		return images;
	scoped_fd int work = open_work(sock, req->opts, images, err);
	if (work < 0)
		return work;
	struct carry carry = carry_of(sock, req->opts, images, work);
	carry.log_file = log;
	int r = carry_restore(&carry, &first, err);
	if (r < 0)
		return r;
	restored.pid = first;
	answer->restore = &restored;
	return 0;
}

static int with_images(int sock, const CriuReq *req, int (*what)(int dir, struct err *),
		       struct err *err)
{
	if (!req->opts)
		return fail(err, -EINVAL, "it has no options");
	scoped_fd int images = open_images(sock, req->opts, err);
	return images < 0 ? images : what(images, err);
}

int serve_cpuinfo_dump(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	(void)answer;
	return with_images(sock, req, cpuinfo_dump, err);
}

int serve_cpuinfo_check(int sock, const CriuReq *req, CriuResp *answer, struct err *err)
{
	(void)answer;
	return with_images(sock, req, cpuinfo_check, err);
}
