/* entry.c - a mount as a record of the image */
#include <string.h>
#include <sys/sysmacros.h>

#include "engine/engine.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/rooms.h"

enum { MINOR_BITS = 20 };

static const struct {
	const char *name;
	Fstype type;
} types[] = {
	{"proc", FSTYPE__PROC},         {"sysfs", FSTYPE__SYSFS},
	{"devtmpfs", FSTYPE__DEVTMPFS}, {"binfmt_misc", FSTYPE__BINFMT_MISC},
	{"tmpfs", FSTYPE__TMPFS},       {"devpts", FSTYPE__DEVPTS},
	{"pstore", FSTYPE__PSTORE},     {"securityfs", FSTYPE__SECURITYFS},
	{"fusectl", FSTYPE__FUSECTL},   {"debugfs", FSTYPE__DEBUGFS},
	{"cgroup", FSTYPE__CGROUP},     {"cgroup2", FSTYPE__CGROUP2},
	{"mqueue", FSTYPE__MQUEUE},     {"overlay", FSTYPE__OVERLAYFS},
	{"autofs", FSTYPE__AUTOFS},     {"tracefs", FSTYPE__TRACEFS},
};

uint32_t mnt_kdev(dev_t dev)
{
	return major(dev) << MINOR_BITS | minor(dev);
}

static Fstype type_of(const char *fstype)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(fstype, types[i].name))
			return types[i].type;
	return FSTYPE__AUTO; /* by its name */
}

static bool is_of_host(const struct mnt_seen *seen)
{
	return seen->origin == MNT_ROOT || seen->origin == MNT_BELOW ||
	       (seen->by && seen->by->type && !strcmp(seen->by->type, "bind"));
}

void entry_describe(const struct mnt_seen *seen, MntEntry *ret)
{
	const struct mountinfo_mount *m = seen->mount;

	mnt_entry__init(ret);
	ret->fstype = type_of(m->fstype);
	ret->fsname = ret->fstype == FSTYPE__AUTO ? (char *)m->fstype : NULL;
	ret->mnt_id = m->id;
	ret->root_dev = mnt_kdev(m->dev);
	ret->parent_mnt_id = m->parent;
	ret->flags = (uint32_t)m->flags;
	ret->root = (char *)m->root;
	ret->mountpoint = (char *)m->mountpoint;
	ret->source = (char *)m->source;
	ret->options = (char *)m->super_options;
	ret->has_shared_id = m->shared != 0;
	ret->shared_id = m->shared;
	ret->has_master_id = m->master != 0;
	ret->master_id = m->master;
	if (is_of_host(seen)) {
		ret->has_ext_mount = ret->ext_mount = true;
		ret->ext_key = (char *)m->mountpoint;
	}
	if (seen->by)
		ret->bundle_type = (char *)(seen->by->type ? seen->by->type : "");
}
