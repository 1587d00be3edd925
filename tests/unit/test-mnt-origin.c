/* test-mnt-origin.c - whose mount is it: from texts as the kernel prints them */
#include <string.h>

#include "engine/engine.h"
#include "engine/kernel/mountinfo.h"
#include "engine/mnt/origin.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

#define CONTAINER                                                                     \
	"100 50 8:1 /images/web / rw,relatime - ext4 /dev/vda rw\n"                   \
	"101 100 0:50 / /proc rw,nosuid - proc proc rw\n"                             \
	"102 100 0:51 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n"       \
	"103 102 0:52 / /dev/pts rw - devpts devpts rw,gid=5,mode=620,ptmxmode=666\n" \
	"104 102 0:53 / /dev/shm rw - tmpfs shm rw\n"                                 \
	"105 102 0:54 / /dev/mqueue rw - mqueue mqueue rw\n"                          \
	"106 100 0:55 / /sys ro,nosuid - sysfs sysfs ro\n"                            \
	"107 106 0:56 / /sys/fs/cgroup ro - tmpfs tmpfs rw,mode=755\n"                \
	"108 107 0:30 /web /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"      \
	"109 107 0:38 /web /sys/fs/cgroup/unified ro - cgroup2 cgroup2 rw\n"          \
	"110 100 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/vda rw\n"                   \
	"111 102 0:52 /0 /dev/console rw - devpts devpts rw,gid=5\n"                  \
	"112 101 0:50 /sys /proc/sys ro,nosuid - proc proc rw\n"                      \
	"113 101 0:51 /null /proc/kcore rw,nosuid - tmpfs tmpfs rw\n"                 \
	"114 101 0:60 / /proc/acpi ro - tmpfs tmpfs ro,size=4k\n"

static const struct bundle_mount bundle[] = {
	{"/proc", "proc"},
	{"/dev", "tmpfs"},
	{"/dev/pts", "devpts"},
	{"/dev/shm", "tmpfs"},
	{"/dev/mqueue", "mqueue"},
	{"/sys", "sysfs"},
	{"/sys/fs/cgroup", "cgroup"},
	{"/etc/hosts", "bind"},
	{"/dev/console", "bind"},
	{"/proc/sys", "readonly"},
	{"/proc/bus", "readonly"},
	{"/proc/kcore", "masked"},
	{"/proc/acpi", "masked"},
	{"/proc/scsi", "masked"},
};

enum { BUNDLE = sizeof(bundle) / sizeof(bundle[0]), MAX = 64 };

static struct mountinfo info, host;
static struct mnt_known known[MAX];
static struct mnt_seen seen[MAX];

static void parse(const char *text, struct mountinfo *ret)
{
	static struct arena *arena;
	struct err err = {};

	if (!arena)
		arena = arena_new();
	check(mountinfo_parse(text, arena, ret, &err) >= 0);
}

/* How many mounts are of tasks. */
static size_t explain(const char *text, const char *host_text)
{
	parse(text, &info);
	if (host_text)
		parse(host_text, &host);
	for (size_t i = 0; i < BUNDLE; i++)
		known[i] =
			(struct mnt_known){.mount = &bundle[i], .path = bundle[i].destination};
	check(info.n <= MAX);
	return mnt_explain(&info, known, BUNDLE, host_text ? &host : NULL, seen);
}

static const struct mnt_seen *at(const char *path)
{
	for (size_t i = info.n; i-- > 0;)
		if (!strcmp(seen[i].mount->mountpoint, path))
			return &seen[i];
	check(!"a mount there");
	return NULL;
}

static void explains_what_bundle_and_runtime_make(void)
{
	check(explain(CONTAINER, NULL) == 0);
	check(at("/")->origin == MNT_ROOT);
	check(at("/dev/shm")->origin == MNT_BUNDLE && at("/dev/shm")->by == &bundle[3]);
	check(at("/sys/fs/cgroup/memory")->origin == MNT_CGROUP);
	check(!strcmp(at("/proc/kcore")->by->type, "masked"));
	for (size_t i = 0; i < BUNDLE; i++)
		check(known[i].found || !mnt_is_expected(known[i].mount));
}

static void finds_a_mount_of_a_task(void)
{
	check(explain(CONTAINER "115 100 0:70 / /mnt rw - tmpfs none rw\n"
				"116 107 0:71 / /sys/fs/cgroup/x rw - tmpfs none rw\n",
		      CONTAINER) == 2);
	check(at("/mnt")->origin == MNT_OF_TASK);
	check(at("/sys/fs/cgroup/x")->origin == MNT_OF_TASK);
}

static void finds_a_mount_over_one_of_the_bundles(void)
{
	check(explain(CONTAINER "115 104 0:70 / /dev/shm rw - tmpfs none rw\n", NULL) == 1);
	check(at("/dev/shm")->origin == MNT_OF_TASK);
}

static void finds_what_was_taken_away(void)
{
	check(explain("100 50 8:1 /images/web / rw,relatime - ext4 /dev/vda rw\n"
		      "102 100 0:51 / /dev rw,nosuid - tmpfs tmpfs rw\n"
		      "103 102 0:52 / /dev/shm rw - ramfs none rw\n",
		      NULL) == 1);
	check(known[1].found);
	check(!known[3].found && mnt_is_expected(known[3].mount));
	check(at("/dev/shm")->origin == MNT_OF_TASK); /* not of the bundle's type */
}

static void knows_what_a_recursive_bind_brought_along(void)
{
	static const char on_host[] =
		"20 1 8:1 / / rw - ext4 /dev/vda rw\n"
		"21 20 8:17 /etc/hosts /srv/etc/hosts/a rw - xfs /dev/vdb rw\n"
		"22 20 8:33 / /images/web/data rw - xfs /dev/vdc rw\n";

	check(explain(CONTAINER "115 110 8:17 /etc/hosts /etc/hosts/a rw - xfs /dev/vdb rw\n"
				"116 100 8:33 / /data rw - xfs /dev/vdc rw\n",
		      on_host) == 0);
	check(at("/etc/hosts/a")->origin == MNT_BELOW);
	check(at("/data")->origin == MNT_BELOW);
	check(explain(CONTAINER "115 110 8:17 /etc/hosts /etc/hosts/b rw - xfs /dev/vdb rw\n",
		      on_host) == 1); /* a task's bind of the same */
}

static void knows_the_root_in_a_directory_that_holds_it(void)
{
	check(explain(CONTAINER
		      "115 110 8:1 /images/web /etc/hosts/web rw - ext4 /dev/vda rw\n",
		      NULL) == 0);
	check(at("/etc/hosts/web")->origin == MNT_BELOW);
}

static void knows_the_copies_below_a_protected_path(void)
{
	check(explain(CONTAINER "115 101 0:80 / /proc/sys/fs rw - binfmt_misc none rw\n",
		      NULL) == 1);
	check(explain(CONTAINER "115 101 0:80 / /proc/bus/x rw - ramfs none rw\n"
				"116 101 0:50 /bus /proc/bus ro - proc proc rw\n"
				"117 116 0:80 / /proc/bus/x ro - ramfs none rw\n",
		      NULL) == 1);
	check(at("/proc/bus/x")->origin == MNT_BELOW);
}

RUN(TEST(explains_what_bundle_and_runtime_make), TEST(finds_a_mount_of_a_task),
    TEST(finds_a_mount_over_one_of_the_bundles), TEST(finds_what_was_taken_away),
    TEST(knows_what_a_recursive_bind_brought_along),
    TEST(knows_the_root_in_a_directory_that_holds_it),
    TEST(knows_the_copies_below_a_protected_path))
