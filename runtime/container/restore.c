/* restore.c - the container that an image comes back into
 *
 * The fresh bundle is the authority: namespaces, mounts, cgroup, hooks and capabilities are its
 * own.  The engine reads the image first, so that an unfit one is refused before anything is
 * made, and then asks for the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/bundle_mounts.h"
#include "runtime/container/bundle_namespaces.h"
#include "runtime/container/checkpoint.h"

/* What the engine's wishes are granted from. */
struct restoring {
	struct creation creation;
	struct cgroup_set *cgroup; /* named, not made before it is wanted */
	pid_t init;
};

static int nest(void *ctx, pid_t *init, struct err *err)
{
	struct restoring *r = ctx;
	struct spawned made = {.pidfd = -1};

	r->creation.vpid = *init;
	if (container_make_cgroup(r->creation.container, r->cgroup, err) < 0 ||
	    container_spawn(&r->creation, SPAWN_RESTORE, -1, &made, err) < 0)
		return err->code;
	close(made.pidfd);
	r->init = *init = made.pid;
	return 0;
}

static int ready(void *ctx, pid_t init, struct err *err)
{
	struct restoring *r = ctx;
	struct container *container = r->creation.container;

	if (container_born(container, init, err) < 0 ||
	    pid_file_write(r->creation.request->pid_file, init, err) < 0)
		return err->code;
	return container_save(container, err);
}

static void warn(void *ctx, const char *text)
{
	const struct restoring *r = ctx;
	const struct notes *notes = &r->creation.request->notes;

	if (notes->warn)
		notes->warn(notes->ctx, text);
}

static int open_directory(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, "open directory %s", path) : fd;
}

static int run_engine(struct restoring *r, const struct restore_options *options, int image,
		      int work, struct err *err)
{
	const struct container *container = r->creation.container;
	const struct restore_host host = {.ctx = r, .nest = nest, .ready = ready, .warn = warn};
	struct restore_request request = {
		.id = container->id,
		.host = &host,
		.cgroup = r->cgroup,
		.image_dir = image,
		.work_dir = work,
		.log_level = options->log_level,
		.stdio = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO},
		.capabilities = container->config.process.capabilities.bounding,
		.namespaces = bundle_namespaces(&container->config),
		.tcp_established = options->tcp_established,
		.tcp_close = options->tcp_close,
		.ext_unix_sk = options->ext_unix_sk,
		.shell_job = options->shell_job,
	};

	int ret = bundle_mounts(&container->config, container->arena, &request.mount,
				&request.n_mounts, err);
	return ret < 0 ? ret : restore(&request, err);
}

static int fill(struct restoring *r, const struct restore_options *options, struct err *err)
{
	struct container *container = r->creation.container;

	scoped_fd int image = open_directory(options->image_path, err);
	if (image < 0)
		return image;
	scoped_fd int work = open_directory(
		options->work_path ? options->work_path : options->image_path, err);
	if (work < 0)
		return work;
	if (container_name_cgroup(container, &r->cgroup, err) < 0 ||
	    run_engine(r, options, image, work, err) < 0)
		return err->code;
	return event(container, OCI_HOOK_POSTSTART, r->init, LIFE_RESTORED, err);
}

int container_restore(struct arena *arena, const struct create_request *request,
		      const struct restore_options *options, struct container *ret,
		      struct err *err)
{
	struct container container;
	struct restoring r = {.creation = {request, &container, LIFE_RESTORED, 0}};

	if (container_new(arena, request, &container, err) < 0)
		return err->code;
	if (fill(&r, options, err) < 0) {
		container_undo(&container, r.init);
		return err->code;
	}
	*ret = container;
	return 0;
}
