#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/bundle.h"
#include "runtime/container/create.h"
#include "runtime/container/kill.h"

static char *now_text(struct arena *arena)
{
	struct timespec now;
	struct tm tm;
	char day[32];

	clock_gettime(CLOCK_REALTIME, &now);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
	return arena_printf(arena, "%s.%09ldZ", day, now.tv_nsec);
}

static char *user_name(struct arena *arena)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? arena_strdup(arena, user->pw_name) : arena_printf(arena, "%u", getuid());
}

static int begin_record(struct container *container, const struct bundle *bundle,
			struct err *err)
{
	struct record *record = &container->record;

	*record = (struct record){
		.id = arena_strdup(container->arena, container->id),
		.bundle = bundle->path,
		.rootfs = bundle->rootfs,
		.created = now_text(container->arena),
		.owner = user_name(container->arena),
	};
	if (!record->id || !record->created || !record->owner)
		return fail(err, -ENOMEM, "out of memory");
	return process_id_of(getpid(), &record->creator, err);
}

int container_new(struct arena *arena, const struct create_request *request,
		  struct container *ret, struct err *err)
{
	struct container container = {
		.arena = arena, .root = request->root, .id = request->id, .store = STORE_NONE};
	struct bundle bundle;

	if (store_check_id(request->id, err) < 0 ||
	    bundle_read(arena, request->bundle, &bundle, err) < 0)
		return err->code;
	container.config = bundle.config;
	if (begin_record(&container, &bundle, err) < 0 ||
	    store_reserve(request->root, request->id, &container.store, err) < 0)
		return err->code;
	if (file_replace(container.store.dir, "config.json", bundle.text, strlen(bundle.text),
			 0600, err) < 0 ||
	    container_save(&container, err) < 0) {
		container_undo(&container, 0);
		return err->code;
	}
	*ret = container;
	return 0;
}

static int record_cgroup(struct container *container, struct err *err)
{
	const struct cgroup_path *paths = NULL;
	size_t n = 0;

	if (cgroup_set_paths(container->cgroup, container->arena, &paths, &n, err) < 0)
		return err->code;
	container->record.cgroup = arena_copy(container->arena, paths, n * sizeof(*paths));
	if (!container->record.cgroup)
		return fail(err, -ENOMEM, "out of memory");
	container->record.n_cgroup = n;
	return container_save(container, err);
}

static const char *cgroup_name(const struct container *container)
{
	const char *path = container->config.linux_.cgroups_path;

	return path ? path : container->id;
}

int container_name_cgroup(const struct container *container, struct cgroup_set **ret,
			  struct err *err)
{
	const char *name = cgroup_name(container);

	if (cgroup_set_open(container->arena, name, ret, err) < 0)
		return fail_in(err, "cgroup %s", name);
	return 0;
}

/* Recorded only once it is ours: `delete` kills what is in a recorded cgroup.  An empty one
 * that a crash left unrecorded is taken over by the next container of that name. */
int container_make_cgroup(struct container *container, struct cgroup_set *set, struct err *err)
{
	const struct oci_resources *resources = &container->config.linux_.resources;

	if (cgroup_set_create(set, err) < 0)
		return fail_in(err, "cgroup %s", cgroup_name(container));
	container->cgroup = set;
	if (record_cgroup(container, err) < 0 || cgroup_set_limit(set, resources, err) < 0 ||
	    cgroup_set_devices(set, resources, err) < 0)
		return fail_in(err, "cgroup %s", cgroup_name(container));
	return 0;
}

static void record_stdio(struct container *container)
{
	for (int i = 0; i < 3; i++) {
		char path[48], link[PATH_MAX];

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", container->record.init.pid, i);
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		if (n < 0)
			continue; /* closed: nothing to remember */
		link[n] = '\0';
		container->record.stdio[i] = arena_strdup(container->arena, link);
	}
}

int container_born(struct container *container, pid_t init, struct err *err)
{
	if (process_id_of(init, &container->record.init, err) < 0)
		return fail_in(err, "init process");
	record_stdio(container);
	return 0;
}

void container_undo(struct container *container, pid_t init)
{
	struct err ignored = {}; /* the failure that brought us here is the one to tell */

	if (init > 0)
		kill(init, SIGKILL);
	if (container->cgroup)
		(void)container_end_tasks(container, &ignored);
	if (init > 0)
		(void)waitpid(init, NULL, 0);
	if (container->cgroup)
		(void)cgroup_set_remove(container->cgroup, &ignored);
	(void)store_remove(container->root, container->id, &container->store, &ignored);
	container_close(container);
}

int pid_file_write(const char *path, pid_t pid, struct err *err)
{
	char text[16];

	if (!path)
		return 0;
	int n = snprintf(text, sizeof(text), "%d", pid);
	if (file_replace(AT_FDCWD, path, text, (size_t)n, 0644, err) < 0)
		return fail_in(err, "pid file");
	return 0;
}

static int make_fifo(const struct container *container, int *ret_fd, struct err *err)
{
	int dir = container->store.dir;

	/* the init opens it from inside a user namespace: writable for everybody, but only
	 * root gets past the directory */
	if (mkfifoat(dir, START_FIFO, 0622) < 0 || fchmodat(dir, START_FIFO, 0622, 0) < 0)
		return fail_errno(err, "make the start FIFO");
	*ret_fd = openat(dir, START_FIFO, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? fail_errno(err, "open the start FIFO") : 0;
}

static int run_hooks(void *ctx, enum oci_hook_kind kind, pid_t pid, struct err *err)
{
	const struct creation *creation = ctx;

	return event(creation->container, kind, pid, creation->life, err);
}

static void warn(void *ctx, const char *text)
{
	const struct creation *creation = ctx;
	const struct notes *notes = &creation->request->notes;

	if (notes->warn)
		notes->warn(notes->ctx, text);
}

int container_spawn(struct creation *creation, enum spawn_mode mode, int fifo,
		    struct spawned *ret, struct err *err)
{
	const struct create_request *request = creation->request;
	const struct container *container = creation->container;
	const struct spawn_request wanted = {
		.mode = mode,
		.config = &container->config,
		.id = container->id,
		.bundle = container->record.bundle,
		.rootfs = container->record.rootfs,
		.fifo = fifo,
		.console_socket = request->console_socket,
		.preserve_fds = request->preserve_fds,
		.pid = creation->vpid,
		.no_pivot = request->no_pivot,
		.no_new_keyring = request->no_new_keyring,
		.filters = store_filters(container->root, container->arena),
		.cgroup = container->cgroup,
		.calls = {.hooks = run_hooks, .warn = warn, .ctx = creation},
	};

	return spawn(&wanted, ret, err);
}

static int make_init(struct creation *creation, struct spawned *ret, struct err *err)
{
	scoped_fd int fifo = -1;

	if (make_fifo(creation->container, &fifo, err) < 0)
		return err->code;
	return container_spawn(creation, SPAWN_CREATE, fifo, ret, err);
}

static int fill(struct creation *creation, pid_t *ret_init, struct err *err)
{
	struct container *container = creation->container;
	struct cgroup_set *set;
	struct spawned init = {.pidfd = -1};

	if (container_name_cgroup(container, &set, err) < 0 ||
	    container_make_cgroup(container, set, err) < 0 ||
	    make_init(creation, &init, err) < 0)
		return err->code;
	*ret_init = init.pid;
	close(init.pidfd);
	if (container_born(container, init.pid, err) < 0 ||
	    pid_file_write(creation->request->pid_file, init.pid, err) < 0)
		return err->code;
	return container_save(container, err);
}

int container_create(struct arena *arena, const struct create_request *request,
		     struct container *ret, struct err *err)
{
	struct container container;
	struct creation creation = {request, &container, LIFE_FRESH, 0};
	pid_t init = 0;

	if (container_new(arena, request, &container, err) < 0)
		return err->code;
	if (fill(&creation, &init, err) < 0) {
		container_undo(&container, init);
		return err->code;
	}
	*ret = container;
	return 0;
}
