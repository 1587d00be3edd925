#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "engine/kernel/mountinfo.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ESCAPED " \t\n\\"

/* One word and the blank behind it; decoded. */
static bool take_text(const char **at, const char *escaped, struct arena *arena,
		      const char **ret, int *oom)
{
	size_t len;
	const char *word = scan_word(at, &len);

	*ret = scan_decode(arena, word, len, escaped);
	if (!*ret)
		*oom = -ENOMEM;
	return *ret && (scan_lit(at, " ") || **at == '\n' || !**at);
}

static void take_deleted(struct mountinfo_mount *m, char *root)
{
	static const char deleted[] = "//deleted";
	size_t len = strlen(root), n = sizeof(deleted) - 1;

	m->root_deleted = len > n && !strcmp(root + len - n, deleted);
	if (m->root_deleted)
		root[len - n] = '\0';
}

static void take_options(struct mountinfo_mount *m)
{
	static const struct {
		const char *word;
		uint64_t flag;
	} known[] = {
		{"rw", 0},
		{"ro", MS_RDONLY},
		{"nosuid", MS_NOSUID},
		{"nodev", MS_NODEV},
		{"noexec", MS_NOEXEC},
		{"noatime", MS_NOATIME},
		{"nodiratime", MS_NODIRATIME},
		{"relatime", MS_RELATIME},
		{"nosymfollow", MS_NOSYMFOLLOW},
	};
	size_t len;

	for (const char *word = m->options; *word; word += len + (word[len] == ',')) {
		size_t i = 0;

		len = strcspn(word, ",");
		while (i < COUNT(known) &&
		       (strlen(known[i].word) != len || memcmp(word, known[i].word, len) != 0))
			i++;
		if (i < COUNT(known))
			m->flags |= known[i].flag;
		else if (len == 8 && !memcmp(word, "idmapped", 8))
			m->idmapped = true;
		else
			m->unknown_option = true;
	}
}

/* "shared:1 master:2 unbindable - ": none or more words, which newer kernels may add to */
static bool take_fields(const char **at, struct mountinfo_mount *m)
{
	const struct {
		const char *key;
		uint32_t *group;
	} known[] = {
		{"shared:", &m->shared},
		{"master:", &m->master},
		{"propagate_from:", &m->propagate_from},
	};
	size_t len;

	while (!scan_lit(at, "- ")) {
		for (size_t i = 0; i < COUNT(known); i++)
			if (scan_lit(at, known[i].key) && !scan_u32(at, 10, known[i].group))
				return false;
		m->unbindable |= scan_lit(at, "unbindable");
		scan_word(at, &len);
		if (!scan_lit(at, " "))
			return false;
	}
	return true;
}

static bool take_ids(const char **at, struct mountinfo_mount *m)
{
	uint32_t major, minor;

	if (!scan_u32(at, 10, &m->id) || !scan_lit(at, " ") || !scan_u32(at, 10, &m->parent) ||
	    !scan_lit(at, " ") || !scan_u32(at, 10, &major) || !scan_lit(at, ":") ||
	    !scan_u32(at, 10, &minor) || !scan_lit(at, " "))
		return false;
	m->dev = makedev(major, minor);
	return true;
}

static int take_mount(const char **at, struct arena *arena, struct mountinfo_mount *m,
		      struct err *err)
{
	const char *line = *at;
	int oom = 0;

	if (!take_ids(at, m) || !take_text(at, ESCAPED, arena, &m->root, &oom) ||
	    !take_text(at, ESCAPED, arena, &m->mountpoint, &oom) ||
	    !take_text(at, ESCAPED, arena, &m->options, &oom) || !take_fields(at, m) ||
	    !take_text(at, ESCAPED "#", arena, &m->fstype, &oom) ||
	    !take_text(at, ESCAPED "#", arena, &m->source, &oom) ||
	    !take_text(at, "", arena, &m->super_options, &oom) || (**at && **at != '\n'))
		return oom ? fail(err, oom, "no memory for a mount")
			   : fail(err, -EPROTO, "mountinfo: \"%.60s\" is malformed", line);
	take_deleted(m, (char *)m->root);
	take_options(m);
	return 0;
}

int mountinfo_parse(const char *text, struct arena *arena, struct mountinfo *ret,
		    struct err *err)
{
	struct mountinfo list = {};

	for (const char *at = text; *at; scan_line(&at), list.n++) {
		list.mount = arena_grow(arena, list.mount, list.n, sizeof(*list.mount));
		if (!list.mount)
			return fail(err, -ENOMEM, "no memory for mount %zu", list.n);
		if (take_mount(&at, arena, &list.mount[list.n], err) < 0)
			return err->code;
	}
	*ret = list;
	return 0;
}

int mountinfo_read(pid_t pid, struct arena *arena, struct mountinfo *ret, struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, 0, "mountinfo", &text, err) < 0)
		return err->code;
	return mountinfo_parse(text, arena, ret, err) < 0 ? fail_in(err, "process %d", pid) : 0;
}

char *mountinfo_value(struct arena *arena, const char *text, size_t len)
{
	return scan_decode(arena, text, len, ESCAPED "#,=:\"");
}
