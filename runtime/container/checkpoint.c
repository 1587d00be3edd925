/* checkpoint.c - the marker, the directories and the request of a checkpoint
 *
 * The marker (checkpoint.lock) says that tasks may be frozen or hold planted code, who does that
 * and whether the container was paused before.  It is there before the engine begins and goes
 * when the engine is done; a command that finds it with a dead owner frees the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "engine/engine.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/bundle_mounts.h"
#include "runtime/container/bundle_namespaces.h"
#include "runtime/container/checkpoint.h"

#define MARKER "checkpoint.lock"
#define STDIO_FILE "descriptors.json"

/* --- the marker */

static int put_marker(const struct container *container, bool paused, struct err *err)
{
	struct process_id self;
	char text[64];

	int r = process_id_of(getpid(), &self, err);
	if (r < 0)
		return r;
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 " %d\n", self.pid, self.start_time,
			 paused);
	return file_replace(container->store.dir, MARKER, text, (size_t)n, 0600, err);
}

static int get_marker(int dir, const char *name, struct process_id *ret_owner, bool *ret_paused,
		      struct err *err)
{
	scoped_free char *text = NULL;
	struct process_id owner;
	int paused;

	int r = file_read(dir, name, &text, err);
	if (r < 0)
		return r;
	if (sscanf(text, "%d %" SCNu64 " %d", &owner.pid, &owner.start_time, &paused) != 3)
		return fail(err, -EINVAL, "%s is damaged", name);
	*ret_owner = owner;
	*ret_paused = paused != 0;
	return 0;
}

bool checkpoint_holds(int dir, bool *ret_was_paused)
{
	struct process_id owner;
	struct err none = {0};
	bool paused = false;

	if (get_marker(dir, MARKER, &owner, &paused, &none) < 0 || !process_lives(&owner))
		return false;
	*ret_was_paused = paused;
	return true;
}

bool checkpoint_was_killed(int dir)
{
	struct process_id owner;
	struct err none = {0};
	bool paused = false;

	return get_marker(dir, MARKER, &owner, &paused, &none) == 0 && !process_lives(&owner);
}

static void drop_marker(const struct container *container)
{
	unlinkat(container->store.dir, MARKER, 0);
}

static int recover_locked(const struct container *container, struct err *err)
{
	const struct cgroup_set *set = container->cgroup;
	struct process_id owner;
	bool paused;

	int r = get_marker(container->store.dir, MARKER, &owner, &paused, err);
	if (r == -ENOENT) { /* somebody else did it while we waited for the lock */
		*err = (struct err){0};
		return 0;
	}
	if (r < 0)
		return r;
	/* without a cgroup there is nobody to free, and `delete` must go on */
	if (set && cgroup_set_exists(set) &&
	    recover(set, container->store.dir, paused, err) < 0)
		return fail_in(err, "free the tasks of a checkpoint that was killed");
	drop_marker(container);
	return 0;
}

int container_recover(struct arena *arena, const char *root, const char *id, struct err *err)
{
	scoped(container_close) struct container container = CONTAINER_NONE;
	struct process_id owner;
	struct err none = {0};
	bool paused;

	const char *path = arena_printf(arena, "%s/%s/" MARKER, root, id);
	if (!path)
		return fail(err, -ENOMEM, "out of memory");
	if (get_marker(AT_FDCWD, path, &owner, &paused, &none) < 0 || process_lives(&owner))
		return 0;
	if (container_open_as_it_is(arena, root, id, STORE_CHANGE, &container, err) < 0)
		return err->code;
	return recover_locked(&container, err);
}

/* --- directories and what lies beside the image */

static int open_directory(const char *path, struct err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail_errno(err, "make directory %s", path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open directory %s", path) : fd;
}

/* As runc writes it: what the init's descriptors 0-2 were. */
static int write_stdio(const struct container *container, int dir, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_COMPACT);
	scoped_free char *text = NULL;

	if (!w)
		return fail(err, -ENOMEM, STDIO_FILE);
	json_array(w, NULL);
	for (int i = 0; i < 3; i++) {
		const char *link = container->record.stdio[i];

		json_string(w, NULL, link ? link : "");
	}
	json_end(w);
	int r = json_writer_take(w, &text, err);
	return r < 0 ? r : file_replace(dir, STDIO_FILE, text, strlen(text), 0600, err);
}

/* --- checkpoint */

static int may_checkpoint(const struct container *container, bool *ret_paused, struct err *err)
{
	enum container_status status;

	if (container_status(container, &status, err) < 0)
		return err->code;
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED)
		return fail(err, -EBUSY, "Container cannot be checkpointed in %s state",
			    container_status_name(status));
	*ret_paused = status == CONTAINER_PAUSED;
	return 0;
}

static int run_engine(const struct container *container,
		      const struct checkpoint_options *options, bool paused, int image,
		      int work, struct err *err)
{
	struct checkpoint_request request = {
		.id = container->id,
		.cgroup = container->cgroup,
		.init = container->record.init.pid,
		.was_paused = paused,
		.namespaces = bundle_namespaces(&container->config),
		.stdio = {container->record.stdio[0], container->record.stdio[1],
			  container->record.stdio[2]},
		.image_dir = image,
		.work_dir = work,
		.log_level = options->log_level,
		.state_dir = container->store.dir,
		.fate = options->leave_running ? LEAVE_RUNNING : STOP_AFTER,
		.tcp_established = options->tcp_established,
		.file_locks = options->file_locks,
		.ext_unix_sk = options->ext_unix_sk,
		.shell_job = options->shell_job,
		.link_remap = options->link_remap,
	};

	int r = bundle_mounts(&container->config, container->arena, &request.mount,
			      &request.n_mounts, err);
	if (r >= 0)
		r = put_marker(container, paused, err);
	if (r >= 0)
		r = checkpoint(&request, err);
	drop_marker(container);
	return r;
}

int container_checkpoint(const struct container *container,
			 const struct checkpoint_options *options, struct err *err)
{
	struct cgroup_set *set;
	bool paused = false;

	if (may_checkpoint(container, &paused, err) < 0 ||
	    container_cgroup(container, &set, err) < 0)
		return err->code;
	scoped_fd int image = open_directory(options->image_path, err);
	if (image < 0)
		return image;
	scoped_fd int work = open_directory(
		options->work_path ? options->work_path : options->image_path, err);
	if (work < 0)
		return work;
	int r = write_stdio(container, image, err);
	if (r >= 0)
		r = run_engine(container, options, paused, image, work, err);
	if (r < 0)
		unlinkat(image, STDIO_FILE, 0);
	return r;
}
