/* cgroups_properties.c - what can be set of a sub-cgroup: limits, weights, owners of its files
 *
 * Seen   the files below by name; one that is not there is not asked for.
 * Made   written where the fresh cgroup has another value, in the order of the tables: a v1
 *        cpuset takes nobody in before it has cpus and memory; a period goes before its quota; a
 *        threaded cgroup is made so before threads enter.
 * Lost   statistics; limits by device (blkio.throttle, io.max) and by page size (hugetlb).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/ns/cgroups_rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

static const struct cgroup_property v1[] = {
	{"cpuset.cpus", FIRST},
	{"cpuset.mems", FIRST},
	{"memory.limit_in_bytes", LATER},
	{"memory.memsw.limit_in_bytes", LATER},
	{"memory.soft_limit_in_bytes", LATER},
	{"memory.swappiness", LATER},
	{"pids.max", LATER},
	{"cpu.shares", LATER},
	{"cpu.cfs_period_us", LATER},
	{"cpu.cfs_quota_us", LATER},
	{"cpu.idle", LATER},
	{"blkio.weight", LATER},
	{"net_cls.classid", LATER},
	{"notify_on_release", LATER},
};

static const struct cgroup_property v2[] = {
	{"cgroup.type", FIRST},      {"cpuset.cpus", LATER},
	{"cpuset.mems", LATER},      {"memory.min", LATER},
	{"memory.low", LATER},       {"memory.high", LATER},
	{"memory.max", LATER},       {"memory.swap.high", LATER},
	{"memory.swap.max", LATER},  {"memory.oom.group", LATER},
	{"pids.max", LATER},         {"cpu.weight", LATER},
	{"cpu.max", LATER},          {"cpu.max.burst", LATER},
	{"cpu.idle", LATER},         {"io.weight", LATER},
	{"cgroup.max.depth", LATER}, {"cgroup.max.descendants", LATER},
};

/* Files that have an owner when a cgroup was given away, but no value to keep. */
static const char *const given_away[] = {
	"tasks",
	"cgroup.procs",
	"cgroup.threads",
	"cgroup.subtree_control",
};

enum { GIVEN = sizeof(given_away) / sizeof(given_away[0]), PLAIN_MODE = 0644 };

const struct cgroup_property *cgroup_property_at(bool is_v2, size_t i)
{
	if (is_v2)
		return i < sizeof(v2) / sizeof(v2[0]) ? &v2[i] : NULL;
	return i < sizeof(v1) / sizeof(v1[0]) ? &v1[i] : NULL;
}

int file_line(int dir, const char *name, struct arena *arena, char **ret)
{
	scoped_free char *text = NULL;
	struct err none = {0};
	int r = file_read(dir, name, &text, &none);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*ret = arena_strdup(arena, text);
	return *ret ? 0 : -ENOMEM;
}

/* --- look */

/* "domain threaded" and "domain invalid" are what a cgroup becomes by its children. */
static bool is_settable(const char *name, const char *value)
{
	return strcmp(name, "cgroup.type") != 0 || !strcmp(value, "threaded");
}

static int add(struct arena *arena, CgroupDirEntry *to, const char *name, const char *value,
	       const struct stat *st, struct err *err)
{
	CgroupPropEntry **more =
		arena_grow(arena, to->properties, to->n_properties, sizeof(*more));
	CgroupPropEntry *p = arena_new_struct(arena, CgroupPropEntry);
	CgroupPerms *perms = arena_new_struct(arena, CgroupPerms);

	if (!more || !p || !perms)
		return fail(err, -ENOMEM, "out of memory");
	cgroup_prop_entry__init(p);
	cgroup_perms__init(perms);
	p->name = (char *)name;
	p->value = (char *)value;
	perms->mode = st->st_mode & 07777;
	perms->uid = st->st_uid;
	perms->gid = st->st_gid;
	p->perms = perms;
	to->properties = more;
	to->properties[to->n_properties++] = p;
	return 0;
}

static int look_one(int dir, const char *name, struct arena *arena, CgroupDirEntry *to,
		    struct err *err)
{
	char *value = NULL;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	int r = file_line(dir, name, arena, &value);
	if (r == -ENOMEM)
		return fail(err, r, "out of memory");
	/* a controller that is not on for this cgroup, or an answer that only some have */
	return r < 0 || !is_settable(name, value) ? 0 : add(arena, to, name, value, &st, err);
}

static int look_owner(int dir, const char *name, struct arena *arena, CgroupDirEntry *to,
		      struct err *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!st.st_uid && !st.st_gid && (st.st_mode & 0777) == PLAIN_MODE))
		return 0;
	return add(arena, to, name, "", &st, err);
}

int properties_describe(int dir, bool is_v2, enum whose_cgroup whose, struct arena *arena,
			CgroupDirEntry *ret, struct err *err)
{
	const struct cgroup_property *p;
	int r = 0;

	/* for its children: which controllers they have */
	if (is_v2)
		r = look_one(dir, "cgroup.subtree_control", arena, ret, err);
	if (whose == CGROUP_OF_CONTAINER)
		return r;
	for (size_t i = 0; (p = cgroup_property_at(is_v2, i)) && r >= 0; i++)
		r = look_one(dir, p->name, arena, ret, err);
	for (size_t i = 0; i < GIVEN && r >= 0; i++)
		r = look_owner(dir, given_away[i], arena, ret, err);
	return r;
}

/* --- restore */

static const CgroupPropEntry *find(const CgroupDirEntry *entry, const char *name)
{
	for (size_t i = 0; i < entry->n_properties; i++)
		if (!strcmp(entry->properties[i]->name, name))
			return entry->properties[i];
	return NULL;
}

static int set_owner(int dir, const CgroupPropEntry *p, struct err *err)
{
	struct stat st;

	if (!p->perms || fstatat(dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if ((st.st_uid != p->perms->uid || st.st_gid != p->perms->gid) &&
	    fchownat(dir, p->name, p->perms->uid, p->perms->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_errno(err, "owner of %s", p->name);
	if ((st.st_mode & 07777) != (p->perms->mode & 07777) &&
	    fchmodat(dir, p->name, p->perms->mode & 07777, 0) < 0)
		return fail_errno(err, "mode of %s", p->name);
	return 0;
}

static int restore_one(int dir, const CgroupPropEntry *p, struct arena *arena, struct err *err)
{
	char *now = NULL;
	int r = file_line(dir, p->name, arena, &now);

	if (r == -ENOENT) /* not of this kernel, or its controller is off */
		return 0;
	if (r >= 0 && strcmp(now, p->value) != 0 && *p->value)
		r = file_write(dir, p->name, p->value, err);
	return r < 0 ? r : set_owner(dir, p, err);
}

static int restore_owners(int dir, const CgroupDirEntry *entry, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < GIVEN && r >= 0; i++) {
		const CgroupPropEntry *p = find(entry, given_away[i]);

		r = p ? set_owner(dir, p, err) : 0;
	}
	return r;
}

int properties_restore(int dir, bool is_v2, const CgroupDirEntry *entry, int when,
		       struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	const struct cgroup_property *known;
	int r = arena ? 0 : fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; (known = cgroup_property_at(is_v2, i)) && r >= 0; i++) {
		const CgroupPropEntry *p = find(entry, known->name);

		if (p && (int)known->when == when)
			r = restore_one(dir, p, arena, err);
	}
	return r < 0 || when == FIRST ? r : restore_owners(dir, entry, err);
}
