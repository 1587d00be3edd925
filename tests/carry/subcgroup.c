/* subcgroup.c - cgroups that a task makes below the container's, as init systems do
 *
 * The hierarchy is mounted without a place, for the moment; the container's own mount of it is
 * read-only.
 */
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

static int v2;

/* The hierarchy of pids, or v2. */
static int hierarchy(void)
{
	int fs = fsopen("cgroup", FSOPEN_CLOEXEC);

	v2 = fs < 0 || fsconfig(fs, FSCONFIG_SET_FLAG, "pids", NULL, 0) < 0 ||
	     fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0;
	if (v2) {
		close(fs);
		fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
		if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
			skip("no cgroups here");
	}
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	check(fd >= 0);
	close(fs);
	return fd;
}

/* Where we are in it, without the slash in front. */
static const char *place(void)
{
	static char path[512];
	char line[512];
	FILE *file = fopen("/proc/self/cgroup", "re");

	check(file);
	path[0] = '\0';
	while (fgets(line, sizeof(line), file))
		if (strstr(line, v2 ? "::" : ":pids:"))
			snprintf(path, sizeof(path), "%s", strrchr(line, ':') + 2);
	fclose(file);
	path[strcspn(path, "\n")] = '\0';
	check(*path);
	return path;
}

static void put(int top, const char *dir, const char *name, const char *text)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = openat(top, path, O_WRONLY | O_CLOEXEC);
	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void enter_a_sub_cgroup(void)
{
	char dir[600], number[16];
	int top = hierarchy();

	snprintf(dir, sizeof(dir), "%s/job", place());
	check(!mkdirat(top, dir, 0755));
	if (!v2)
		put(top, dir, "pids.max", "33");
	snprintf(dir, sizeof(dir), "%s/job/deep", place());
	check(!mkdirat(top, dir, 0755));
	snprintf(number, sizeof(number), "%d", getpid());
	put(top, dir, "cgroup.procs", number);
	close(top);
}

static void check_place(void)
{
	char dir[600], text[16] = "";
	const char *at = place();
	size_t len = strlen(at);

	check(len > 9 && !strcmp(at + len - 9, "/job/deep"));
	if (v2)
		return;
	int top = hierarchy();
	snprintf(dir, sizeof(dir), "%.*s/pids.max", (int)(len - 5), at);
	int fd = openat(top, dir, O_RDONLY);
	check(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strcmp(text, "33\n"));
}

static void stays_in_a_sub_cgroup_with_its_limit(void)
{
	enter_a_sub_cgroup();
	carried();
	check_place();
}

static void child(void)
{
	enter_a_sub_cgroup();
	other_carried();
	check_place();
}

static void leaves_others_where_they_were(void)
{
	struct other other = other_start(child);

	close(hierarchy());
	check(!strstr(place(), "/job"));
	carried();
	check(!strstr(place(), "/job"));
	other_ends_well(&other);
}

RUN(TEST(stays_in_a_sub_cgroup_with_its_limit), TEST(leaves_others_where_they_were))
