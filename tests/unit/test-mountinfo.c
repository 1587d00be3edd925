/* test-mountinfo.c - mounts, wherever and however they are mounted */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/kernel/mountinfo.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void reads_every_part_of_a_line(void)
{
	static const char text[] =
		"36 35 98:12 /mnt\\0401 /a\\134b\\011\\012c rw,nosuid,nodev,noexec,relatime "
		"shared:7 master:1 propagate_from:2 unbindable new:9 - fuse.ssh\\043fs "
		"h:/\\040x rw,lower=/a\\054b\n"
		"37 36 0:5 /x//deleted / ro,noatime,nodiratime,nosymfollow,idmapped - tmpfs  "
		"ro\n"
		"38 36 0:5 / /p rw,later - proc none rw";
	scoped(arena_free) struct arena *arena = arena_new();
	struct mountinfo list;
	struct err err = {};

	check(!mountinfo_parse(text, arena, &list, &err) && list.n == 3);
	const struct mountinfo_mount *m = list.mount;
	check(m->id == 36 && m->parent == 35 && m->dev == makedev(98, 12));
	check(!strcmp(m->root, "/mnt 1") && !strcmp(m->mountpoint, "/a\\b\t\nc"));
	check(m->flags == (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME) && !m->idmapped);
	check(m->shared == 7 && m->master == 1 && m->propagate_from == 2 && m->unbindable);
	check(!strcmp(m->fstype, "fuse.ssh#fs") && !strcmp(m->source, "h:/ x"));
	check(!strcmp(m->super_options, "rw,lower=/a\\054b") && !m->root_deleted);
	check(!strcmp(mountinfo_value(arena, m->super_options + 3, 13), "lower=/a,b"));
	m++;
	check(m->root_deleted && !strcmp(m->root, "/x") && !strcmp(m->source, ""));
	check(m->flags == (MS_RDONLY | MS_NOATIME | MS_NODIRATIME | 256) && m->idmapped);
	check(!m->shared && !m->master && !m->unbindable && !m->unknown_option);
	check(m[1].unknown_option && !strcmp(m[1].super_options, "rw"));
}

static const struct mountinfo_mount *at(const struct mountinfo *list, const char *mountpoint)
{
	for (size_t i = list->n; i-- > 0;)
		if (!strcmp(list->mount[i].mountpoint, mountpoint))
			return &list->mount[i];
	return NULL;
}

static void reads_mounts_with_awkward_names(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char dir[] = "/tmp/ckrun mount\n\\040#.XXXXXX", sub[64];
	struct mountinfo list;
	struct err err = {};
	struct stat st;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL))
		skip("no new mount namespace is permitted");
	check(mkdtemp(dir));
	int r = mount("a #source", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOATIME, "size=64k");
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	check(!r && !mkdir(sub, 0700) && !mount(sub, sub, NULL, MS_BIND, NULL));
	check(!mount(NULL, sub, NULL, MS_SHARED, NULL) && !stat(dir, &st));
	check(!mountinfo_read(getpid(), arena, &list, &err));
	const struct mountinfo_mount *m = at(&list, dir), *s = at(&list, sub);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	check(m && !strcmp(m->source, "a #source") && !strcmp(m->fstype, "tmpfs"));
	check(m->flags == (MS_NOSUID | MS_NODEV | MS_NOATIME) && m->dev == st.st_dev);
	check(!strcmp(m->root, "/") && strstr(m->super_options, "size=64k") && !m->shared);
	check(s && s->parent == m->id && !strcmp(s->root, "/sub") && s->shared);
}

static void lists_the_own_root_and_proc(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct mountinfo list;
	struct err err = {};
	struct stat st;

	check(!mountinfo_read(getpid(), arena, &list, &err) && !stat("/proc", &st));
	check(at(&list, "/proc") && at(&list, "/proc")->dev == st.st_dev);
	check(!strcmp(at(&list, "/proc")->fstype, "proc"));
}

static void refuses_a_line_that_is_cut(void)
{
	static const char line[] = "37 36 0:5 /x / ro,idmapped shared:1 - tmpfs tmpfs ro";
	static const char *const bad[] = {
		"\n",
		"37 36 0:5 /x / ro tmpfs tmpfs ro\n",
		"37 36 0:5 /x / ro shared:x - tmpfs tmpfs ro\n",
		"37 36 5 /x / ro - tmpfs tmpfs ro\n",
		"37 36 0:5 /x / ro - tmpfs tmpfs ro more\n",
	};
	scoped(arena_free) struct arena *arena = arena_new();
	struct mountinfo list;
	struct err err = {};

	check(!mountinfo_parse(line, arena, &list, &err));
	for (size_t i = 1; i < strlen(line) - 14; i++) { /* up to the dash */
		char cut[sizeof(line)];

		memcpy(cut, line, i);
		cut[i] = '\0';
		check(mountinfo_parse(cut, arena, &list, &err) == -EPROTO);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(mountinfo_parse(bad[i], arena, &list, &err) == -EPROTO && err.n);
}

RUN(TEST(reads_every_part_of_a_line), TEST(reads_mounts_with_awkward_names),
    TEST(lists_the_own_root_and_proc), TEST(refuses_a_line_that_is_cut))
