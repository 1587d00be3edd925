#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/mount.h"
#include "oci/section.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* Linux 5.10 */
#endif

/* What an option does; the meaning of bits follows from it. */
enum effect {
	NOTHING,
	SET,         /* MS_* on */
	CLEAR,       /* MS_* off */
	PROPAGATION, /* MS_* of propagation(7) */
	BIND,        /* MS_BIND, perhaps with MS_REC */
	REC_SET,     /* MOUNT_ATTR_* on, for the whole tree */
	REC_CLEAR,   /* likewise off */
	COPY_UP,
	ID_MAP, /* perhaps with MS_REC */
};

struct option {
	const char *name;
	enum effect effect;
	unsigned long bits;
};

/* In alphabetic order, as `features` lists them. */
static const struct option option[] = {
	{"acl", SET, MS_POSIXACL},
	{"async", CLEAR, MS_SYNCHRONOUS},
	{"atime", CLEAR, MS_NOATIME},
	{"bind", BIND, MS_BIND},
	{"defaults", NOTHING, 0},
	{"dev", CLEAR, MS_NODEV},
	{"diratime", CLEAR, MS_NODIRATIME},
	{"dirsync", SET, MS_DIRSYNC},
	{"exec", CLEAR, MS_NOEXEC},
	{"idmap", ID_MAP, 0},
	{"iversion", SET, MS_I_VERSION},
	{"lazytime", SET, MS_LAZYTIME},
	{"loud", CLEAR, MS_SILENT},
	{"mand", SET, MS_MANDLOCK},
	{"noacl", CLEAR, MS_POSIXACL},
	{"noatime", SET, MS_NOATIME},
	{"nodev", SET, MS_NODEV},
	{"nodiratime", SET, MS_NODIRATIME},
	{"noexec", SET, MS_NOEXEC},
	{"noiversion", CLEAR, MS_I_VERSION},
	{"nolazytime", CLEAR, MS_LAZYTIME},
	{"nomand", CLEAR, MS_MANDLOCK},
	{"norelatime", CLEAR, MS_RELATIME},
	{"nostrictatime", CLEAR, MS_STRICTATIME},
	{"nosuid", SET, MS_NOSUID},
	{"nosymfollow", SET, MS_NOSYMFOLLOW},
	{"private", PROPAGATION, MS_PRIVATE},
	{"ratime", REC_CLEAR, MOUNT_ATTR_NOATIME},
	{"rbind", BIND, MS_BIND | MS_REC},
	{"rdev", REC_CLEAR, MOUNT_ATTR_NODEV},
	{"rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME},
	{"relatime", SET, MS_RELATIME},
	{"remount", SET, MS_REMOUNT},
	{"rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC},
	{"ridmap", ID_MAP, MS_REC},
	{"rnoatime", REC_SET, MOUNT_ATTR_NOATIME},
	{"rnodev", REC_SET, MOUNT_ATTR_NODEV},
	{"rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME},
	{"rnoexec", REC_SET, MOUNT_ATTR_NOEXEC},
	{"rnorelatime", REC_CLEAR, MOUNT_ATTR_RELATIME},
	{"rnostrictatime", REC_CLEAR, MOUNT_ATTR_STRICTATIME},
	{"rnosuid", REC_SET, MOUNT_ATTR_NOSUID},
	{"rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW},
	{"ro", SET, MS_RDONLY},
	{"rprivate", PROPAGATION, MS_PRIVATE | MS_REC},
	{"rrelatime", REC_SET, MOUNT_ATTR_RELATIME},
	{"rro", REC_SET, MOUNT_ATTR_RDONLY},
	{"rrw", REC_CLEAR, MOUNT_ATTR_RDONLY},
	{"rshared", PROPAGATION, MS_SHARED | MS_REC},
	{"rslave", PROPAGATION, MS_SLAVE | MS_REC},
	{"rstrictatime", REC_SET, MOUNT_ATTR_STRICTATIME},
	{"rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID},
	{"rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW},
	{"runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC},
	{"rw", CLEAR, MS_RDONLY},
	{"shared", PROPAGATION, MS_SHARED},
	{"silent", SET, MS_SILENT},
	{"slave", PROPAGATION, MS_SLAVE},
	{"strictatime", SET, MS_STRICTATIME},
	{"suid", CLEAR, MS_NOSUID},
	{"symfollow", CLEAR, MS_NOSYMFOLLOW},
	{"sync", SET, MS_SYNCHRONOUS},
	{"tmpcopyup", COPY_UP, 0},
	{"unbindable", PROPAGATION, MS_UNBINDABLE},
};

enum { OPTIONS = sizeof(option) / sizeof(option[0]) };

const char *oci_mount_option_name(size_t i)
{
	return i < OPTIONS ? option[i].name : NULL;
}

static const struct option *find(const char *name)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (!strcmp(option[i].name, name))
			return &option[i];
	return NULL;
}

/* The access-time settings are one number of three bits: it can only be set after all three
 * are cleared (mount_setattr(2)).  Only a setting that lies wholly in them is one. */
static void rec_set(struct oci_mount *m, uint64_t bits)
{
	if ((bits & MOUNT_ATTR__ATIME) == bits) {
		m->rec_attr_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		m->rec_attr_clr |= MOUNT_ATTR__ATIME;
	} else {
		m->rec_attr_clr &= ~bits;
	}
	m->rec_attr_set |= bits;
}

static void rec_clear(struct oci_mount *m, uint64_t bits)
{
	if ((bits & MOUNT_ATTR__ATIME) == bits)
		bits = MOUNT_ATTR__ATIME; /* back to relatime, which is 0 */
	m->rec_attr_set &= ~bits;
	m->rec_attr_clr |= bits;
}

/* The last word wins, as with mount(8). */
static void apply(struct oci_mount *m, const struct option *o)
{
	switch (o->effect) {
	case NOTHING:
		break;
	case SET:
		m->flags |= o->bits;
		m->clear_flags &= ~o->bits;
		break;
	case CLEAR:
		m->flags &= ~o->bits;
		m->clear_flags |= o->bits;
		break;
	case PROPAGATION:
		m->propagation = o->bits;
		break;
	case BIND:
		m->is_bind = true;
		m->is_rbind = (o->bits & MS_REC) != 0;
		break;
	case REC_SET:
		rec_set(m, o->bits);
		break;
	case REC_CLEAR:
		rec_clear(m, o->bits);
		break;
	case COPY_UP:
		m->tmpcopyup = true;
		break;
	case ID_MAP:
		m->idmap = true;
		m->ridmap = (o->bits & MS_REC) != 0;
		break;
	}
}

static char *joined(struct arena *arena, const char *list, const char *more)
{
	return list ? arena_printf(arena, "%s,%s", list, more) : arena_strdup(arena, more);
}

static int options_fit(const struct oci_mount *m, struct err *err)
{
	const char *type = m->type ? m->type : "";

	if (m->is_bind && m->data)
		return fail(err, -EINVAL,
			    "\"%.40s\" is for a file system, this is a bind mount", m->data);
	if (m->tmpcopyup && (m->is_bind || strcmp(type, "tmpfs") != 0))
		return fail(err, -EINVAL, "\"tmpcopyup\" is for a tmpfs");
	return 0;
}

int oci_mount_options(struct arena *arena, struct oci_mount *m, struct err *err)
{
	for (size_t i = 0; i < m->options.n; i++) {
		const struct option *o = find(m->options.item[i]);

		if (o) {
			apply(m, o);
		} else if (m->options.item[i][0]) {
			m->data = joined(arena, m->data, m->options.item[i]);
			if (!m->data)
				return fail(err, -ENOMEM, "out of memory");
		}
	}
	if (m->type && !strcmp(m->type, "bind"))
		m->is_bind = true;
	return options_fit(m, err);
}

static int read_options(struct field_at *at, struct oci_mount *m)
{
	struct err err = {};
	int r = oci_mount_options(at->arena, m, &err);

	if (r == -ENOMEM)
		return fail(at->err, r, "out of memory");
	return r < 0 ? field_bad(at, "options", "%s", err.frame[0]) : 0;
}

static int mount_finish(struct field_at *at, void *object)
{
	struct oci_mount *m = object;

	/* A relative destination means one from "/": deprecated, but still allowed. */
	if (m->destination[0] != '/')
		m->destination = arena_printf(at->arena, "/%s", m->destination);
	if (!m->destination)
		return fail(at->err, -ENOMEM, "out of memory");
	int r = read_options(at, m);
	if (r < 0 || m->flags & MS_REMOUNT)
		return r;
	if (m->is_bind && !m->source)
		return field_bad(at, "source", "is needed but is not there");
	if (!m->is_bind && !m->type)
		return field_bad(at, "type", "is needed but is not there");
	return 0;
}

static const struct field mount_fields[] = {
	{"destination", IN(struct oci_mount, destination), field_string, FIELD_NEEDED},
	{"source", IN(struct oci_mount, source), field_string},
	{"type", IN(struct oci_mount, type), field_string},
	{"options", IN(struct oci_mount, options), field_strings},
	{"uidMappings", IN(struct oci_mount, uid_mappings), section_id_maps},
	{"gidMappings", IN(struct oci_mount, gid_mappings), section_id_maps},
};
static const struct field_table mount_table =
	TABLE_FINISH(struct oci_mount, mount_fields, mount_finish);

int section_mounts(struct field_at *at, const struct json *value, void *to)
{
	return field_read_array(at, value, &mount_table, to);
}
