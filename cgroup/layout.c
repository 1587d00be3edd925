#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cgroup/layout.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

/* One line of mountinfo, as far as cgroups need it. */
struct mount_line {
	dev_t dev;
	char *root, *mount, *type, *options;
};

bool layout_has(const char *controllers, const char *controller)
{
	size_t len = strlen(controller);

	if (!len)
		return !*controllers;
	for (const char *at = controllers; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, controller, len) && (at[len] == ',' || !at[len]))
			return true;
	}
	return false;
}

const char *layout_below(const char *cgroup, const char *root)
{
	size_t len = strlen(root);

	while (len && root[len - 1] == '/')
		len--;
	if (strncmp(cgroup, root, len) || (cgroup[len] && cgroup[len] != '/'))
		return NULL;
	cgroup += len;
	while (*cgroup == '/')
		cgroup++;
	/* "/../x" is beyond the root of our cgroup namespace */
	return !strncmp(cgroup, "..", 2) && (cgroup[2] == '/' || !cgroup[2]) ? NULL : cgroup;
}

/* mountinfo writes space, tab, newline and backslash as three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at; at++, to++) {
		unsigned int c;

		*to = *at;
		if (*at != '\\' || sscanf(at + 1, "%3o", &c) != 1)
			continue;
		*to = (char)c;
		at += 3;
	}
	*to = '\0';
}

/* "36 31 0:33 / /sys/fs/cgroup/devices rw,relatime shared:9 - cgroup cgroup rw,devices" */
static bool parse_mount(char *line, struct mount_line *ret)
{
	char *tail = strstr(line, " - "), *save = NULL, *field[5];
	unsigned int major, minor;

	if (!tail)
		return false;
	*tail = '\0';
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return false;
	}
	ret->type = strtok_r(tail + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	ret->options = strtok_r(NULL, " ", &save);
	if (!ret->options || sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return false;
	ret->dev = makedev(major, minor);
	ret->root = field[3];
	ret->mount = field[4];
	unescape(ret->root);
	unescape(ret->mount);
	return true;
}

/* A v1 mount lists its controllers among its options ("rw,xattr,name=systemd"); the hierarchy
 * is the line of /proc/self/cgroup whose first controller is there. */
static bool is_mount_of(const struct mount_line *m, const char *controllers)
{
	char first[64];

	if (!*controllers)
		return !strcmp(m->type, "cgroup2");
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(controllers, ","), controllers);
	return !strcmp(m->type, "cgroup") && layout_has(m->options, first);
}

/* "4:memory:/a/b": splits the line of /proc/self/cgroup that belongs to the mount. */
static bool find_own(char *self_cgroup, const struct mount_line *m, struct hierarchy *ret)
{
	char *save = NULL;

	for (char *line = strtok_r(self_cgroup, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':');
		char *own = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!own)
			continue;
		*own++ = '\0';
		ret->controllers = controllers + 1;
		ret->own = own;
		if (is_mount_of(m, ret->controllers))
			return true;
	}
	return false;
}

static bool is_known(const struct hierarchies *all, const char *controllers)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->item[i].controllers, controllers))
			return true;
	return false;
}

/* -ENOMEM, or 0 whether or not the line was a hierarchy that we did not know yet. */
static int add_line(struct arena *arena, const char *self_cgroup, char *line,
		    layout_probe *probe, struct hierarchies *all)
{
	struct mount_line m;
	struct hierarchy h = {};

	if (!strstr(line, " - cgroup") || !parse_mount(line, &m))
		return 0;
	char *own = arena_strdup(arena, self_cgroup);
	if (!own)
		return -ENOMEM;
	if (!find_own(own, &m, &h) || is_known(all, h.controllers) || !probe(m.mount, m.dev))
		return 0;
	h.mount = m.mount;
	h.root = m.root;
	h.v2 = !*h.controllers;
	struct hierarchy *more = arena_grow(arena, all->item, all->n, sizeof(h));
	if (!more)
		return -ENOMEM;
	all->item = more;
	all->item[all->n++] = h;
	return 0;
}

int layout_parse(struct arena *arena, const char *self_cgroup, const char *mountinfo,
		 layout_probe *probe, struct hierarchies *ret, struct err *err)
{
	struct hierarchies all = {};
	char *text = arena_strdup(arena, mountinfo), *save = NULL;

	if (!text)
		return fail(err, -ENOMEM, "out of memory");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (add_line(arena, self_cgroup, line, probe, &all) < 0)
			return fail(err, -ENOMEM, "out of memory");
	*ret = all;
	return 0;
}

static bool is_visible(const char *mount, dev_t dev)
{
	struct stat st;

	return !stat(mount, &st) && st.st_dev == dev;
}

int layout_read(struct arena *arena, struct hierarchies *ret, struct err *err)
{
	scoped_free char *self = NULL, *mounts = NULL;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", &self, err) < 0 ||
	    file_read(AT_FDCWD, "/proc/self/mountinfo", &mounts, err) < 0)
		return fail_in(err, "find the cgroup mounts");
	return layout_parse(arena, self, mounts, is_visible, ret, err);
}

enum cgroup_layout layout_of(const struct hierarchies *all)
{
	bool v1 = false, v2 = false;

	for (size_t i = 0; i < all->n; i++) {
		v1 |= !all->item[i].v2;
		v2 |= all->item[i].v2;
	}
	if (v1)
		return v2 ? CGROUP_HYBRID : CGROUP_V1;
	return v2 ? CGROUP_V2 : CGROUP_NONE;
}

int layout_own(struct arena *arena, const struct hierarchy *h, const char **ret,
	       struct err *err)
{
	scoped_free char *self = NULL;
	char *save = NULL;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", &self, err) < 0)
		return fail_in(err, "find our own cgroup");
	for (char *line = strtok_r(self, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':');
		char *own = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!own)
			continue;
		*own++ = '\0';
		if (strcmp(controllers + 1, h->controllers) != 0)
			continue;
		const char *below = layout_below(own, h->root);
		const char *copy = below ? arena_strdup(arena, below) : NULL;
		if (below && !copy)
			return fail(err, -ENOMEM, "out of memory");
		*ret = copy;
		return 0;
	}
	return fail(err, -ENOENT, "/proc/self/cgroup has no line for %s",
		    *h->controllers ? h->controllers : "cgroup v2");
}

int cgroup_layout(enum cgroup_layout *ret, struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct hierarchies all;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	int r = layout_read(arena, &all, err);
	if (r < 0)
		return r;
	*ret = layout_of(&all);
	return 0;
}
