/* look.c - explain every mount of the container, or name it */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/engine.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/rooms.h"
#include "engine/mnt/tree.h"
#include "engine/model/findings.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* Linux 5.8 */
#endif

static int open_in_root(int root, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

int mnt_open(int root, const char *path, uint64_t *ret_mount)
{
	struct err none = {0};
	scoped_fd int fd = open_in_root(root, path, O_RDONLY | O_DIRECTORY | O_NOATIME,
					RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return fd;
	int r = mount_of(fd, ret_mount, &none);
	return r < 0 ? r : take_fd(&fd);
}

/* --- where destinations are */

/* "/a//b/" -> "/a/b" */
static char *clean(struct arena *arena, const char *path)
{
	char *copy = arena_printf(arena, "/%s", path), *to = copy;

	for (const char *from = copy; copy && *from; from++)
		if (*from != '/' || to == copy || to[-1] != '/')
			*to++ = *from;
	while (copy && to > copy + 1 && to[-1] == '/')
		to--;
	if (copy)
		*to = '\0';
	return copy;
}

/* Mounted where links lead: the topmost mount there knows its place. */
static const char *resolve(int root, const char *path, const struct mountinfo *info)
{
	scoped_fd int fd = open_in_root(root, path, O_PATH, 0);
	struct statx st;

	if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return NULL;
	for (size_t i = 0; i < info->n; i++)
		if (info->mount[i].id == st.stx_mnt_id)
			return info->mount[i].mountpoint;
	return NULL;
}

int mnt_known(const struct mnt_scene *scene, const struct mountinfo *info,
	      struct mnt_known **ret, struct err *err)
{
	size_t n = scene->n_mounts;
	struct mnt_known *known = arena_alloc(scene->arena, (n + 1) * sizeof(*known));

	if (!known)
		return fail(err, -ENOMEM, "mounts");
	for (size_t i = 0; i < n; i++) {
		const char *path = resolve(scene->root, scene->mount[i].destination, info);

		if (!path)
			path = clean(scene->arena, scene->mount[i].destination);
		if (!path)
			return fail(err, -ENOMEM, "mounts");
		known[i] = (struct mnt_known){.mount = &scene->mount[i], .path = path};
	}
	*ret = known;
	return 0;
}

/* --- findings */

static int name_mounts_of_tasks(const struct mnt_state *state, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < state->n_seen && r >= 0; i++)
		if (state->seen[i].origin == MNT_OF_TASK)
			r = findings_add(
				state->scene.refused, err,
				"mount of %s at %s was made by a task, which cannot be "
				"carried yet; unmount it",
				state->seen[i].mount->fstype, state->seen[i].mount->mountpoint);
	return r;
}

static int name_missing_mounts(const struct mnt_scene *scene, const struct mnt_known *known,
			       struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < scene->n_mounts && r >= 0; i++)
		if (!known[i].found && mnt_is_expected(known[i].mount))
			r = findings_add(
				scene->refused, err,
				"mount of %s at %s, which the bundle makes, was taken "
				"away by a task, which cannot be carried yet; mount it "
				"again",
				known[i].mount->type ? known[i].mount->type : "?",
				known[i].path);
	return r;
}

/* --- contents that nobody would bring back */

static const char *const volatile_types[] = {"ramfs", "hugetlbfs", "bpf"};

static bool has_entries(int fd)
{
	DIR *dir = fdopendir(fd);
	bool any = false;

	if (!dir) {
		close(fd);
		return true;
	}
	for (const struct dirent *e = readdir(dir); e && !any; e = readdir(dir))
		any = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return any;
}

static int name_volatile(const struct mnt_scene *scene, const struct mnt_seen *seen,
			 struct err *err)
{
	const struct mountinfo_mount *m = seen->mount;
	uint64_t mount;

	for (size_t i = 0; i < sizeof(volatile_types) / sizeof(volatile_types[0]); i++) {
		if (seen->origin != MNT_BUNDLE || !seen->by->type ||
		    strcmp(seen->by->type, volatile_types[i]) != 0)
			continue;
		int fd = mnt_open(scene->root, m->mountpoint, &mount);
		if (fd >= 0 && has_entries(fd))
			return findings_add(scene->refused, err,
					    "files in the %s at %s cannot be carried yet; "
					    "remove them",
					    m->fstype, m->mountpoint);
	}
	return 0;
}

/* --- */

static int explain(const struct mnt_scene *scene, struct mnt_state *state, struct err *err)
{
	struct mountinfo info, host;
	struct mnt_known *known;
	int r = mountinfo_read(scene->init, scene->arena, &info, err);

	if (r >= 0)
		r = mnt_known(scene, &info, &known, err);
	if (r < 0)
		return r;
	state->n_seen = info.n;
	state->seen = arena_alloc(scene->arena, (info.n + 1) * sizeof(state->seen[0]));
	if (!state->seen)
		return fail(err, -ENOMEM, "mounts");
	if (mnt_explain(&info, known, scene->n_mounts, NULL, state->seen)) {
		r = mountinfo_read(getpid(), scene->arena, &host, err);
		if (r >= 0)
			mnt_explain(&info, known, scene->n_mounts, &host, state->seen);
	}
	if (r >= 0)
		r = name_mounts_of_tasks(state, err);
	return r < 0 ? r : name_missing_mounts(scene, known, err);
}

int mnt_look(const struct mnt_scene *scene, struct mnt_state **ret, struct err *err)
{
	struct mnt_state *state = arena_new_struct(scene->arena, struct mnt_state);

	if (!state)
		return fail(err, -ENOMEM, "mounts");
	state->scene = *scene;
	int r = explain(scene, state, err);
	for (size_t i = 0; i < state->n_seen && r >= 0; i++)
		r = name_volatile(scene, &state->seen[i], err);
	if (r < 0)
		return fail_in(err, "mounts");
	*ret = state;
	return 0;
}
