/* test-cgroup-layout.c - hierarchies are found from the two texts of the kernel */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "cgroup/set.h"
#include "tests/unit/cgrouped.h"

static bool all_visible(const char *mount, dev_t dev)
{
	(void)mount;
	(void)dev;
	return true;
}

static bool only_device_40(const char *mount, dev_t dev)
{
	(void)mount;
	return dev == makedev(0, 40);
}

static struct hierarchies parse(const char *self, const char *mounts, layout_probe *probe)
{
	struct hierarchies all = {};
	struct err err = {};

	check(layout_parse(memory(), self, mounts, probe, &all, &err) == 0);
	return all;
}

static const struct hierarchy *with(const struct hierarchies *all, const char *controller)
{
	for (size_t i = 0; i < all->n; i++)
		if (layout_has(all->item[i].controllers, controller))
			return &all->item[i];
	return NULL;
}

#define MOUNT(dev, root, at, type, options) \
	"31 23 0:" dev " " root " " at " rw,relatime shared:9 - " type " " type " " options "\n"

static void finds_each_v1_hierarchy_once_with_its_controllers(void)
{
	const char *self = "4:cpuacct,cpu:/a\n3:memory:/b\n1:name=systemd:/\n";
	const char *mounts = MOUNT("29", "/", "/sys/fs/cgroup", "tmpfs", "rw")
		MOUNT("30", "/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")
			MOUNT("31", "/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory")
				MOUNT("31", "/", "/elsewhere", "cgroup", "rw,memory")
					MOUNT("32", "/", "/sys/fs/cgroup/systemd", "cgroup",
					      "rw,xattr,name=systemd");
	struct hierarchies all = parse(self, mounts, all_visible);

	check(all.n == 3 && layout_of(&all) == CGROUP_V1);
	check(with(&all, "cpu") && with(&all, "cpu") == with(&all, "cpuacct"));
	check(!strcmp(with(&all, "memory")->mount, "/sys/fs/cgroup/memory"));
	check(!strcmp(with(&all, "memory")->own, "/b"));
	check(with(&all, "name=systemd") && !with(&all, "") && !with(&all, "cpus"));
}

static void tells_hybrid_from_v2(void)
{
	const char *v2 = MOUNT("35", "/", "/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate");
	const char *both = MOUNT("35", "/", "/sys/fs/cgroup/unified", "cgroup2", "rw")
		MOUNT("31", "/", "/sys/fs/cgroup/pids", "cgroup", "rw,pids");
	struct hierarchies all = parse("1:pids:/\n0::/x\n", v2, all_visible);

	check(all.n == 1 && layout_of(&all) == CGROUP_V2 && all.item[0].v2);
	all = parse("1:pids:/\n0::/x\n", both, all_visible);
	check(all.n == 2 && layout_of(&all) == CGROUP_HYBRID);
	all = parse("1:pids:/\n0::/x\n", "", all_visible);
	check(!all.n && layout_of(&all) == CGROUP_NONE);
}

static void passes_over_a_mount_that_is_covered_by_another(void)
{
	const char *mounts = MOUNT("31", "/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory")
		MOUNT("40", "/", "/sys/fs/cgroup", "cgroup2", "rw");
	struct hierarchies all = parse("1:memory:/\n0::/\n", mounts, only_device_40);

	check(layout_of(&all) == CGROUP_V2);
}

static void reads_escaped_mount_points(void)
{
	const char *mounts = MOUNT("31", "/", "/my\\040cgroups\\134x", "cgroup", "rw,memory");
	struct hierarchies all = parse("1:memory:/\n", mounts, all_visible);

	check(all.n == 1 && !strcmp(all.item[0].mount, "/my cgroups\\x"));
}

static void places_a_cgroup_below_the_part_that_is_mounted(void)
{
	check(!strcmp(layout_below("/docker/1/a", "/docker/1"), "a"));
	check(!strcmp(layout_below("/docker/1", "/docker/1"), ""));
	check(!strcmp(layout_below("/a/b", "/"), "a/b"));
	check(!layout_below("/docker/12", "/docker/1"));
	check(!layout_below("/docker", "/docker/1"));
	check(!layout_below("/../x", "/")); /* beyond the root of our cgroup namespace */
}

static void cleans_a_path_and_refuses_one_that_climbs(void)
{
	struct arena *arena = memory();
	struct err err = {};
	char *clean;

	check(!set_path_clean(arena, "/libpod//x/./y/", &clean, &err));
	check(!strcmp(clean, "libpod/x/y"));
	check(!set_path_clean(arena, "web", &clean, &err) && !strcmp(clean, "web"));
	check(set_path_clean(arena, "/a/../b", &clean, &err) == -EINVAL);
	check(set_path_clean(arena, "/", &clean, &err) == -EINVAL);
	check(set_path_clean(arena, "", &clean, &err) == -EINVAL);
	check(!set_path_clean(arena, "/..x/y..", &clean, &err));
}

RUN(TEST(finds_each_v1_hierarchy_once_with_its_controllers), TEST(tells_hybrid_from_v2),
    TEST(passes_over_a_mount_that_is_covered_by_another), TEST(reads_escaped_mount_points),
    TEST(places_a_cgroup_below_the_part_that_is_mounted),
    TEST(cleans_a_path_and_refuses_one_that_climbs))
