/* test-cgroup-stats.c - numbers of a container, and what it is shown of its cgroups */
#include "tests/unit/cgrouped.h"

static void use_up(void)
{
	volatile char *page = malloc(8 << 20);

	for (int i = 0; i < 8 << 20; i += 4096)
		page[i] = 1;
	for (volatile unsigned long i = 0; i < 30000000;)
		i++;
	for (;;)
		pause();
}

static void counts_what_a_container_uses(void)
{
	struct cgroup_stats none, stats;

	need_sandbox();
	struct cgroup_set *set = fresh_set("/ckrun-test/stats");
	if (!cgroup_set_path(set, "memory") || !cgroup_set_path(set, "pids") ||
	    !cgroup_set_path(set, "cpuacct"))
		skip("needs the v1 controllers memory, pids and cpuacct");
	ok(cgroup_set_stats(set, &none, why));
	pid_t pid = task_in(set, use_up);
	usleep(300000);
	ok(cgroup_set_stats(set, &stats, why));
	check(none.pids_current == 0 && stats.pids_current == 1);
	check(stats.pids_limit == CGROUP_UNLIMITED && stats.memory_limit == CGROUP_UNLIMITED);
	check(stats.memory_usage > none.memory_usage + (7 << 20));
	check(stats.memory_peak >= stats.memory_usage && stats.memory_peak != CGROUP_UNKNOWN);
	check(stats.cpu_usage_ns > none.cpu_usage_ns + 1000000);
	check(stats.cpu_user_ns != CGROUP_UNKNOWN && stats.cpu_periods != CGROUP_UNKNOWN);
	check(stats.memory_cache != CGROUP_UNKNOWN && stats.oom_kills == 0);
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void says_unknown_where_v2_has_no_controller(void)
{
	struct cgroup_stats stats;

	need_sandbox();
	become_pure_v2();
	struct cgroup_set *set = fresh_set("/ckrun-test/stats");
	ok(cgroup_set_stats(set, &stats, why));
	check(stats.cpu_usage_ns !=
	      CGROUP_UNKNOWN); /* cpu.stat is there without the controller */
	if (access("/sys/fs/cgroup/ckrun-test/stats/memory.current", F_OK) < 0)
		check(stats.memory_usage == CGROUP_UNKNOWN);
	ok(cgroup_set_remove(set, why));
}

static void shows_the_container_each_hierarchy(void)
{
	const struct cgroup_mount *m;
	size_t n, v1 = 0, v2 = 0;
	struct stat st;

	need_sandbox();
	struct cgroup_set *set = fresh_set("/ckrun-test/mounts");
	ok(cgroup_set_mounts(set, memory(), &m, &n, why));
	for (size_t i = 0; i < n; i++) {
		check(!stat(m[i].dir, &st) && S_ISDIR(st.st_mode));
		v1 += !strcmp(m[i].type, "cgroup") && *m[i].options && *m[i].name;
		v2 += !strcmp(m[i].type, "cgroup2") && !*m[i].options;
		for (size_t j = 0; j < m[i].n_links; j++)
			check(strcmp(m[i].links[j], m[i].name) != 0);
	}
	check(n && v1 + v2 == n);
	ok(cgroup_set_remove(set, why));
}

static void shows_one_mount_on_v2(void)
{
	const struct cgroup_mount *m;
	size_t n;

	need_sandbox();
	become_pure_v2();
	struct cgroup_set *set = fresh_set("/ckrun-test/mounts");
	ok(cgroup_set_mounts(set, memory(), &m, &n, why));
	check(n == 1 && !strcmp(m->type, "cgroup2") && !*m->name && !*m->options &&
	      !m->n_links);
	check(!strcmp(m->dir, "/sys/fs/cgroup/ckrun-test/mounts"));
	ok(cgroup_set_remove(set, why));
}

RUN(TEST(counts_what_a_container_uses), TEST(says_unknown_where_v2_has_no_controller),
    TEST(shows_the_container_each_hierarchy), TEST(shows_one_mount_on_v2))
