/* mounts.c - the sandbox's view of the file systems */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cage/cage.h"

static const struct {
	const char *point, *data;
} fresh[] = {
	{"/run", "mode=0755"},
	{"/tmp", "mode=1777"},
	{"/dev/shm", "mode=1777"},
};

static bool below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && path[n] == '/';
}

static bool wanted(const struct mount_line *line)
{
	return !strcmp(line->type, "cgroup") || !strcmp(line->type, "cgroup2") ||
	       !strcmp(line->type, "mqueue") || below(line->point, "/sys");
}

static void put(struct mount_table *table, struct mount_line line)
{
	for (size_t i = 0; i < table->n; i++)
		if (!strcmp(table->line[i].point, line.point)) {
			table->line[i] = line;
			return;
		}
	if (table->n == MOUNTS_MAX)
		die("more than %d mounts of the kernel's file systems", MOUNTS_MAX);
	table->line[table->n++] = line;
}

void mounts_read(struct mount_table *ret_table)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *row = NULL;
	size_t size = 0;

	if (!f)
		die("/proc/self/mountinfo: %m");
	ret_table->n = 0;
	while (getline(&row, &size, f) > 0) {
		struct mount_line line = {};
		char *tail = strstr(row, " - ");

		if (tail && sscanf(row, "%*s %*s %*s %ms %ms", &line.root, &line.point) == 2 &&
		    sscanf(tail, " - %ms %*s %ms", &line.type, &line.options) == 2 &&
		    wanted(&line))
			put(ret_table, line);
	}
	free(row);
	fclose(f);
}

/* Options of a v1 super block are its controllers and a few words that a second mount of the same
 * hierarchy need not repeat. */
static char *v1_data(const char *options)
{
	char *copy = text("%s", options), *data = text("%s", ""), *save = NULL;

	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (!strcmp(word, "rw") || !strcmp(word, "ro") || !strcmp(word, "xattr") ||
		    !strcmp(word, "clone_children") || !strncmp(word, "release_agent=", 14))
			continue;
		char *longer = text("%s%s%s", data, *data ? "," : "", word);
		free(data);
		data = longer;
	}
	free(copy);
	return data;
}

static void make_folder(const char *path)
{
	char *copy = text("%s", path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(copy, 0755);
		*slash = '/';
	}
	mkdir(copy, 0755);
	free(copy);
}

static void mount_fresh(const char *type, const char *point, unsigned long flags,
			const char *data)
{
	if (mount(type, point, type, flags, data) < 0)
		die("mount %s on %s: %m", type, point);
}

/* The old mounts go first, so that none lies hidden below the new one. */
static void clear(const char *point)
{
	while (umount2(point, MNT_DETACH) == 0)
		;
}

/* As outside, rooted at the cgroups of the caller's new cgroup namespace. */
static void mount_again(const struct mount_line *line)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const char *type = line->type;

	make_folder(line->point);
	if (!strcmp(type, "cgroup")) {
		char *data = v1_data(line->options);

		mount_fresh(type, line->point, flags, data);
		free(data);
	} else if (!strcmp(type, "cgroup2"))
		mount_fresh(type, line->point, flags, NULL);
	else if (!strcmp(type, "tmpfs"))
		mount_fresh(type, line->point, flags, "mode=0755");
	else
		mount(type, line->point, type, flags,
		      NULL); /* debugfs and its like are extras */
}

enum { LINKS = 4 };

struct link {
	const char *name; /* NULL ends a list */
	char to[128];
};

/* Links such as cpu -> cpu,cpuacct stand in the tmpfs that holds the v1 mounts. */
static void read_links(struct link ret_link[LINKS + 1])
{
	static const char *const name[LINKS] = {"cpu", "cpuacct", "net_cls", "net_prio"};

	for (size_t i = 0; i < LINKS; i++) {
		char *path = text("/sys/fs/cgroup/%s", name[i]);

		if (readlink(path, ret_link->to, sizeof(ret_link->to) - 1) > 0)
			(ret_link++)->name = name[i];
		free(path);
	}
}

static void make_links(const struct link *link)
{
	for (; link->name; link++) {
		char *path = text("/sys/fs/cgroup/%s", link->name);

		if (symlink(link->to, path) < 0 && errno != EEXIST)
			die("link %s: %m", path);
		free(path);
	}
}

/* Returns a detached copy of the mount at @path if a tmpfs is going to hide it, else -1. */
static int save_tree(const char *path)
{
	for (size_t i = 0; i < sizeof(fresh) / sizeof(fresh[0]); i++)
		if (below(path, fresh[i].point))
			return open_tree(AT_FDCWD, path,
					 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return -1;
}

static void put_tree(int tree, const char *path)
{
	if (tree < 0)
		return;
	make_folder(path);
	if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		die("keep %s visible: %m", path);
	close(tree);
}

void mounts_furnish(const struct mount_table *table, const char *tree)
{
	struct link link[LINKS + 1] = {};
	char *here = getcwd(NULL, 0);
	int kept_tree, kept_here;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("make / private: %m");
	read_links(link);
	kept_tree = save_tree(tree);
	kept_here = here && strcmp(here, tree) && !below(here, tree) ? save_tree(here) : -1;
	for (size_t i = 0; i < sizeof(fresh) / sizeof(fresh[0]); i++) {
		clear(fresh[i].point);
		mount_fresh("tmpfs", fresh[i].point, MS_NOSUID | MS_NODEV, fresh[i].data);
	}
	clear("/proc");
	mount_fresh("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	clear("/sys");
	mount_fresh("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	for (size_t i = 0; i < table->n; i++) {
		if (!below(table->line[i].point, "/sys"))
			clear(table->line[i].point);
		mount_again(&table->line[i]);
	}
	make_links(link);
	put_tree(kept_tree, tree);
	put_tree(kept_here, here);
	if (here && chdir(here) < 0)
		die("%s is not visible in the sandbox: %m", here);
	free(here);
}
