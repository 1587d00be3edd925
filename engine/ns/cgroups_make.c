/* cgroups_make.c - sub-cgroups in the fresh container: made, entered, limited
 *
 * Order   directories first, with what must be set before anybody can enter; then threads; then
 *         the controllers of v2, which a cgroup can give to its children only while no
 *         process is in itself; then limits.
 * Paths   of an image are opened beneath the container's cgroup, over no link (openat2(2)).
 * cpuset  of v1: cpus that the fresh container may not have stay those of the cgroup above.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroup/cgroup.h"
#include "engine/image/dir.h"
#include "engine/image/one.h"
#include "engine/model/model.h"
#include "engine/ns/cgroups_rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

/* --- a walk over the trees of the image and the directories that stand for them */

struct visit {
	bool is_v2;
	int (*each)(const struct visit *v, int dir, int above, const CgroupDirEntry *entry,
		    struct err *err);
	bool makes; /* directories that are missing */
};

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int visit_children(const struct visit *v, int dir, const CgroupDirEntry *entry,
			  struct err *err);

static int visit_child(const struct visit *v, int above, const CgroupDirEntry *entry,
		       struct err *err)
{
	if (!is_component(entry->dir_name))
		return fail(err, -EPROTO, "\"%.60s\" is no name of a cgroup", entry->dir_name);
	if (v->makes && mkdirat(above, entry->dir_name, 0755) < 0 && errno != EEXIST)
		return fail_errno(err, "make cgroup %s", entry->dir_name);
	scoped_fd int dir =
		openat(above, entry->dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return fail_errno(err, "cgroup %s", entry->dir_name);
	int r = v->each(v, dir, above, entry, err);
	if (r >= 0)
		r = visit_children(v, dir, entry, err);
	return r < 0 ? fail_in(err, "cgroup %s", entry->dir_name) : 0;
}

static int visit_children(const struct visit *v, int dir, const CgroupDirEntry *entry,
			  struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < entry->n_children && r >= 0; i++)
		r = visit_child(v, dir, entry->children[i], err);
	return r;
}

/* The root of a hierarchy's tree, if it has anything below; and the directory for it. */
static int open_tree_root(const CgControllerEntry *c, const struct cgroup_set *set,
			  const CgroupDirEntry **ret, int *ret_fd, struct err *err)
{
	*ret = NULL;
	if (!c->n_cnames || !c->n_dirs || !c->dirs[0]->n_children)
		return 0;
	const char *path = cgroup_set_path(set, c->cnames[0]);
	if (!path)
		return refuse(err, "tasks made cgroups of %s, which this host does not have",
			      *c->cnames[0] ? c->cnames[0] : "v2");
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, "open cgroup %s", path);
	*ret = c->dirs[0];
	*ret_fd = fd;
	return 0;
}

enum with_root { WITHOUT_ROOT, WITH_ROOT };

static int visit_all(struct visit *v, const CgroupEntry *entry, const struct cgroup_set *set,
		     enum with_root with_root, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < entry->n_controllers && r >= 0; i++) {
		const CgroupDirEntry *root;
		scoped_fd int dir = -1;

		r = open_tree_root(entry->controllers[i], set, &root, &dir, err);
		if (r < 0 || !root)
			continue;
		v->is_v2 = !*entry->controllers[i]->cnames[0];
		if (with_root)
			r = v->each(v, dir, -1, root, err);
		if (r >= 0)
			r = visit_children(v, dir, root, err);
	}
	return r;
}

/* --- make */

static void inherit(int dir, int above, const char *name)
{
	scoped_free char *value = NULL;
	struct err none = {0};

	if (!faccessat(dir, name, F_OK, 0) && !file_read(above, name, &value, &none))
		file_write(dir, name, value, &none);
}

static int set_directory(const struct visit *v, int dir, int above, const CgroupDirEntry *entry,
			 struct err *err)
{
	const CgroupPerms *perms = entry->dir_perms;
	struct err none = {0};

	if (perms &&
	    (fchown(dir, perms->uid, perms->gid) < 0 || fchmod(dir, perms->mode & 07777) < 0))
		return fail_errno(err, "owner and mode");
	if (v->is_v2)
		return properties_restore(dir, true, entry, FIRST, err);
	inherit(dir, above, "cpuset.cpus");
	inherit(dir, above, "cpuset.mems");
	properties_restore(dir, false, entry, FIRST, &none);
	return 0;
}

int cgroups_make(const struct image_dir *image, const struct model *model,
		 const struct cgroup_set *set, CgroupEntry **ret, struct err *err)
{
	struct visit v = {.each = set_directory, .makes = true};
	CgroupEntry *entry;

	*ret = NULL;
	if (!image_has(image, IMAGE_CGROUP, 0))
		return 0;
	int r = image_get_one(image, IMAGE_CGROUP, 0, model->arena, (void **)&entry, err);
	if (r >= 0)
		r = visit_all(&v, entry, set, WITHOUT_ROOT, err);
	if (r >= 0)
		*ret = entry;
	return r;
}

/* --- enter */

struct entering {
	const CgroupEntry *entry;
	const struct cgroup_set *set;
	struct arena *arena;
};

static const CgSetEntry *set_of(const CgroupEntry *entry, const CoreEntry *core)
{
	uint32_t id = 0;

	if (core->thread_core && core->thread_core->has_cg_set)
		id = core->thread_core->cg_set;
	else if (core->tc && core->tc->has_cg_set)
		id = core->tc->cg_set;
	for (size_t i = 0; i < entry->n_sets; i++)
		if (entry->sets[i]->id == id)
			return entry->sets[i];
	return NULL;
}

/* "/web/sub" with the prefix "/web" -> "sub" */
static const char *below(const CgMemberEntry *m)
{
	size_t len = strlen(m->path);
	size_t prefix = m->has_cgns_prefix ? m->cgns_prefix : len;
	const char *at = m->path + (prefix < len ? prefix : len);

	return at + strspn(at, "/");
}

/* The thread's place in the hierarchy of that name; "" is the container's own. */
static const char *place_in(const CgSetEntry *set, const char *name)
{
	for (size_t i = 0; set && i < set->n_ctls; i++)
		if (!strcmp(set->ctls[i]->name, name))
			return below(set->ctls[i]);
	return "";
}

static int write_tid(const struct entering *e, const char *name, const char *place,
		     const char *file, pid_t tid, struct err *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	const char *first = cgroups_first_name(e->arena, name);
	const char *path = first ? cgroup_set_path(e->set, first) : NULL;
	char number[16];

	if (!path)
		return refuse(err, "cgroup %s of %s, which this host does not have", place,
			      *name ? name : "v2");
	scoped_fd int top = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_fd int dir = top < 0 ? -1
				    : (int)syscall(SYS_openat2, top, *place ? place : ".", &how,
						   sizeof(how));
	if (dir < 0)
		return fail_errno(err, "cgroup %s below %s", place, path);
	snprintf(number, sizeof(number), "%d", tid);
	return file_write(dir, file, number, err) < 0
		       ? fail_in(err, "enter cgroup %s below %s", place, path)
		       : 0;
}

/* A whole process goes where its leader was, then threads that were elsewhere. */
static int enter_hierarchy(const struct entering *e, const struct task *task, const char *name,
			   struct err *err)
{
	const char *home = place_in(set_of(e->entry, task->thread[0].core), name);
	int r = 0;

	if (*home)
		r = write_tid(e, name, home, "cgroup.procs", task->thread[0].tid, err);
	for (size_t i = 1; i < task->n_threads && r >= 0; i++) {
		const char *place = place_in(set_of(e->entry, task->thread[i].core), name);

		if (strcmp(place, home) != 0)
			r = write_tid(e, name, place, *name ? "tasks" : "cgroup.threads",
				      task->thread[i].tid, err);
	}
	return r;
}

static int enter_task(const struct entering *e, const struct task *task, struct err *err)
{
	const CgSetEntry *any = e->entry->n_sets ? e->entry->sets[0] : NULL;
	int r = 0;

	for (size_t i = 0; any && i < any->n_ctls && r >= 0; i++)
		r = enter_hierarchy(e, task, any->ctls[i]->name, err);
	return r;
}

/* --- limit */

static int give_controllers(const struct visit *v, int dir, int above,
			    const CgroupDirEntry *entry, struct err *err)
{
	int r = 0;

	(void)above;
	for (size_t i = 0; i < entry->n_properties && v->is_v2 && r >= 0; i++) {
		char word[64], *at = entry->properties[i]->value;

		if (strcmp(entry->properties[i]->name, "cgroup.subtree_control") != 0)
			continue;
		for (size_t len; *at && r >= 0; at += len + strspn(at + len, " ")) {
			len = strcspn(at, " ");
			snprintf(word, sizeof(word), "+%.*s", (int)len, at);
			r = file_write(dir, "cgroup.subtree_control", word, err);
		}
	}
	return r;
}

static int set_limits(const struct visit *v, int dir, int above, const CgroupDirEntry *entry,
		      struct err *err)
{
	(void)above;
	return properties_restore(dir, v->is_v2, entry, LATER, err);
}

int cgroups_enter(const CgroupEntry *entry, const struct model *model,
		  const struct cgroup_set *set, struct err *err)
{
	const struct entering e = {.entry = entry, .set = set, .arena = model->arena};
	struct visit give = {.each = give_controllers}, limit = {.each = set_limits};
	int r = 0;

	for (size_t i = 0; entry && i < model->n_tasks && r >= 0; i++) {
		const struct task *task = model->task[i];

		if (task->state != TASK_ZOMBIE && enter_task(&e, task, err) < 0)
			r = fail_in(err, "%s", model_task_name(model, task));
	}
	if (entry && r >= 0)
		r = visit_all(&give, entry, set, WITH_ROOT, err);
	if (entry && r >= 0)
		r = visit_all(&limit, entry, set, WITHOUT_ROOT, err);
	return r;
}
