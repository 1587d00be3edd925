/* cgroups.c - the sandbox's cgroups: made, joined, ended
 *
 * A v1 task that is frozen keeps its SIGKILL until it is thawed, and a pid namespace whose first
 * process was killed waits for such a task; so thawing comes before killing, always.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/cage/cage.h"

#define PREFIX "ckrun-sandbox-"

/* Calls @fn for the folders in @path, whose names begin with @prefix. */
static void each_child(const char *path, const char *prefix, void (*fn)(const char *))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    !strncmp(entry->d_name, prefix, strlen(prefix))) {
			char *child = text("%s/%s", path, entry->d_name);

			fn(child);
			free(child);
		}
	if (dir)
		closedir(dir);
}

static void write_in(const char *path, const char *file, const char *value)
{
	char *name = text("%s/%s", path, file);

	write_file(name, value);
	free(name);
}

/* Kernel threads and processes of a pid namespace that is not below ours are listed as 0. */
static void kill_listed(const char *path)
{
	char *name = text("%s/cgroup.procs", path), *list = read_file(name), *save = NULL;

	for (char *row = strtok_r(list, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		int pid = (int)strtol(row, NULL, 10);

		if (pid > 1 && pid != getpid())
			kill(pid, SIGKILL);
	}
	free(list);
	free(name);
}

static void thaw(const char *path)
{
	write_in(path, "freezer.state", "THAWED");
	write_in(path, "cgroup.freeze", "0");
	each_child(path, "", thaw);
}

static void kill_all(const char *path)
{
	write_in(path, "cgroup.kill", "1");
	kill_listed(path);
	each_child(path, "", kill_all);
}

static void remove_all(const char *path)
{
	each_child(path, "", remove_all);
	rmdir(path);
}

int cgroups_end(const struct cgroups *groups)
{
	int left = 0;

	for (size_t i = 0; i < groups->n; i++)
		thaw(groups->hierarchy[i].own);
	for (size_t i = 0; i < groups->n; i++)
		kill_all(groups->hierarchy[i].own);
	for (size_t i = 0; i < groups->n; i++) {
		remove_all(groups->hierarchy[i].own);
		left += access(groups->hierarchy[i].own, F_OK) == 0;
	}
	return left;
}

/* The sandbox at @path has ended if its front, whose pid ends the name, is no more.  What was
 * killed takes a moment to go; what takes longer is left to the next sandbox. */
static void sweep_one(const char *path)
{
	int pid = (int)strtol(strrchr(path, '-') + 1, NULL, 10);

	if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
		return;
	for (int tries = 0; tries < 100 && access(path, F_OK) == 0; tries++) {
		if (tries)
			usleep(5000);
		thaw(path);
		kill_all(path);
		remove_all(path);
	}
}

void cgroups_sweep(const struct cgroups *groups)
{
	char *prefix = text(PREFIX "%lu-", namespace_id("pid"));

	for (size_t i = 0; i < groups->n; i++)
		each_child(groups->hierarchy[i].parent, prefix, sweep_one);
	free(prefix);
}

static bool has_word(const char *list, const char *word, size_t n)
{
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, word, n) && (at[n] == ',' || !at[n]))
			return true;
	return false;
}

/* Finds the path of the caller's cgroup in the hierarchy of @line, as /proc/self/cgroup has it:
 * "4:memory:/path", "9:name=systemd:/path", v2 "0::/path". */
static char *caller_path(const struct mount_line *line, bool v2)
{
	char *all = read_file("/proc/self/cgroup"), *save = NULL, *found = NULL;

	for (char *row = strtok_r(all, "\n", &save); row && !found;
	     row = strtok_r(NULL, "\n", &save)) {
		char *list = strchr(row, ':') + 1, *path = strchr(list, ':') + 1;
		size_t n = strcspn(list, ",:");

		if (v2 ? n == 0 : n > 0 && has_word(line->options, list, n))
			found = text("%s", path);
	}
	free(all);
	return found;
}

/* Turns on at @path every controller that it has for its children, one by one: one that is
 * refused does not keep the others off. */
static void give_controllers(const char *path)
{
	char *name = text("%s/cgroup.controllers", path), *list = read_file(name), *save = NULL;

	for (char *c = strtok_r(list, " \n", &save); c; c = strtok_r(NULL, " \n", &save)) {
		char *plus = text("+%s", c);

		write_in(path, "cgroup.subtree_control", plus);
		free(plus);
	}
	free(list);
	free(name);
}

/* A new v1 cpuset is empty and takes nobody in. */
static void copy_cpuset(const char *from, const char *to)
{
	static const char *const file[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < 2; i++) {
		char *name = text("%s/%s", from, file[i]), *value = read_file(name);

		write_in(to, file[i], value);
		free(value);
		free(name);
	}
}

/* With CONFIG_RT_GROUP_SCHED a new v1 cpu cgroup has no real-time budget: nobody in it may be
 * SCHED_FIFO.  All children together may have no more than the parent (950 ms by default). */
static void give_real_time(const char *path)
{
	write_in(path, "cpu.rt_runtime_us", "50000");
}

/* The folder in which the sandbox's cgroup is made; NULL if the hierarchy is not usable here. */
static char *parent_folder(const struct mount_line *line, bool v2)
{
	char *whole = caller_path(line, v2), *path = whole, *folder;
	size_t n = strlen(line->root);

	if (!path)
		return NULL;
	if (n > 1 && !strncmp(path, line->root, n))
		path += n;
	if (v2 && strrchr(path, '/'))
		*strrchr(path, '/') = 0;
	folder = text("%s%s", line->point, strcmp(path, "/") ? path : "");
	free(whole);
	if (access(folder, W_OK) == 0)
		return folder;
	free(folder);
	return NULL;
}

void cgroups_plan(struct cgroups *ret_groups, const struct mount_table *table, pid_t pid)
{
	ret_groups->n = 0;
	for (size_t i = 0; i < table->n; i++) {
		const struct mount_line *line = &table->line[i];
		bool v2 = !strcmp(line->type, "cgroup2");
		char *parent;

		if (!v2 && strcmp(line->type, "cgroup"))
			continue;
		parent = parent_folder(line, v2);
		if (parent)
			ret_groups->hierarchy[ret_groups->n++] = (struct hierarchy){
				.v2 = v2,
				.parent = parent,
				.own = text("%s/" PREFIX "%lu-%d", parent, namespace_id("pid"),
					    pid),
			};
	}
}

void cgroups_make(const struct cgroups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		const struct hierarchy *h = &groups->hierarchy[i];

		if (h->v2)
			give_controllers(h->parent);
		if (mkdir(h->own, 0755) < 0)
			die("make cgroup %s: %m", h->own);
		if (!h->v2) {
			copy_cpuset(h->parent, h->own);
			give_real_time(h->own);
		}
	}
}

void cgroups_join(const struct cgroups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		const char *own = groups->hierarchy[i].own;
		char *name = text("%s/cgroup.procs", own);
		int r = write_file(name, "0");

		if (r < 0)
			die("join cgroup %s: %s", own, strerror(-r));
		free(name);
	}
}

void cgroups_nest(const struct cgroups *groups)
{
	for (size_t i = 0; i < groups->n; i++) {
		const char *own = groups->hierarchy[i].own;

		if (!groups->hierarchy[i].v2)
			continue;
		char *init = text("%s/init", own);
		if (mkdir(init, 0755) < 0)
			die("make cgroup %s: %m", init);
		write_in(init, "cgroup.procs", "0");
		give_controllers(own);
	}
}
