/* test-cgroup-limits.c - linux.resources become the right writes, and really hold */
#include <sys/sysmacros.h>

#include "cgroup/limits.h"
#include "tests/unit/cgrouped.h"

static struct limits planned(const struct oci_resources *r, bool v2)
{
	struct limits all = {.arena = memory()};

	if (v2)
		limits_v2(&all, r, "50000 100000");
	else
		limits_v1(&all, r);
	check(!all.failed);
	return all;
}

/* The value that is written to the file; "refused" for a field; NULL. */
static const char *written(const struct limits *all, const char *file)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->item[i].controller && !strcmp(all->item[i].file, file))
			return all->item[i].value;
		if (!all->item[i].controller && !strcmp(all->item[i].field, file))
			return "refused";
	}
	return NULL;
}

static bool writes(const struct limits *all, const char *file, const char *value)
{
	const char *now = written(all, file);

	if (!now || strcmp(now, value) != 0)
		printf("# %s: %s, not %s\n", file, now ? now : "nothing", value);
	return now && !strcmp(now, value);
}

#define text(literal) ((char[]){literal}) /* oci/ has char *, not const */
#define SET_I(n) ((struct oci_opt_i64){true, n})
#define SET_U(n) ((struct oci_opt_u64){true, n})

static void writes_nothing_for_empty_resources(void)
{
	struct oci_resources r = {};

	check(planned(&r, false).n == 0 && planned(&r, true).n == 0);
}

static void turns_memory_into_the_files_of_both(void)
{
	struct oci_resources r = {
		.memory = {.limit = SET_I(64 << 20),
			   .swap = SET_I(96 << 20),
			   .reservation = SET_I(32 << 20)},
		.pids_limit = SET_I(-1),
	};
	struct limits v1 = planned(&r, false), v2 = planned(&r, true);

	check(writes(&v1, "memory.limit_in_bytes", "67108864"));
	check(writes(&v1, "memory.memsw.limit_in_bytes", "100663296"));
	check(writes(&v1, "memory.soft_limit_in_bytes", "33554432"));
	check(writes(&v1, "pids.max", "max"));
	check(writes(&v2, "memory.max", "67108864"));
	check(writes(&v2, "memory.swap.max", "33554432")); /* swap alone */
	check(writes(&v2, "memory.low", "33554432"));
	check(writes(&v2, "pids.max", "max"));
}

static void lifts_the_limit_on_swap_with_that_on_memory(void)
{
	struct oci_resources r = {.memory = {.limit = SET_I(-1)}};
	struct limits v1 = planned(&r, false), v2 = planned(&r, true);

	check(writes(&v1, "memory.limit_in_bytes", "-1"));
	check(writes(&v1, "memory.memsw.limit_in_bytes", "-1"));
	check(writes(&v2, "memory.max", "max") && writes(&v2, "memory.swap.max", "max"));
}

static void refuses_swap_that_v2_cannot_say(void)
{
	struct oci_resources alone = {.memory = {.swap = SET_I(1 << 20)}};
	struct oci_resources below = {
		.memory = {.limit = SET_I(2 << 20), .swap = SET_I(1 << 20)}};
	struct limits a = planned(&alone, true), b = planned(&below, true);

	check(writes(&a, "memory.swap", "refused") && writes(&b, "memory.swap", "refused"));
}

static void turns_cpu_into_the_files_of_both(void)
{
	struct oci_resources r = {.cpu = {.shares = SET_U(1024),
					  .quota = SET_I(50000),
					  .period = SET_U(100000),
					  .cpus = text("0-1"),
					  .mems = text("0")}};
	struct limits v1 = planned(&r, false), v2 = planned(&r, true);

	check(writes(&v1, "cpu.shares", "1024") && writes(&v1, "cpu.cfs_quota_us", "50000"));
	check(writes(&v1, "cpu.cfs_period_us", "100000") && writes(&v1, "cpuset.cpus", "0-1"));
	check(writes(&v2, "cpu.weight", "39") && writes(&v2, "cpu.max", "50000 100000"));
	check(writes(&v2, "cpuset.mems", "0"));
}

static void converts_the_ends_of_shares(void)
{
	struct oci_resources least = {.cpu = {.shares = SET_U(2)}},
			     most = {.cpu = {.shares = SET_U(262144)}},
			     none = {.cpu = {.shares = SET_U(1)}};
	struct limits a = planned(&least, true), b = planned(&most, true),
		      c = planned(&none, true), d = planned(&none, false);

	check(writes(&a, "cpu.weight", "1") && writes(&b, "cpu.weight", "10000"));
	check(writes(&c, "cpu.shares", "refused") && writes(&d, "cpu.shares", "refused"));
}

static void keeps_the_quota_when_only_the_period_changes(void)
{
	struct oci_resources period = {.cpu = {.period = SET_U(20000)}},
			     quota = {.cpu = {.quota = SET_I(-1)}};
	struct limits a = planned(&period, true), b = planned(&quota, true);

	check(writes(&a, "cpu.max", "50000 20000") && writes(&b, "cpu.max", "max"));
}

static void turns_block_io_into_the_files_of_both(void)
{
	struct oci_block_rate rate = {8, 16, 1048576};
	struct oci_block_weight weight = {.major = 8, .minor = 0, .weight = SET_U(1000)};
	struct oci_resources r = {.block_io = {.weight = SET_U(10),
					       .weight_device = &weight,
					       .n_weight_device = 1,
					       .read_bps = {&rate, 1},
					       .write_iops = {&rate, 1}}};
	struct limits v1 = planned(&r, false), v2 = planned(&r, true);

	check(writes(&v1, "blkio.bfq.weight", "10"));
	check(writes(&v1, "blkio.bfq.weight_device", "8:0 1000"));
	check(writes(&v1, "blkio.throttle.read_bps_device", "8:16 1048576"));
	check(writes(&v1, "blkio.throttle.write_iops_device", "8:16 1048576"));
	check(writes(&v2, "io.bfq.weight", "10") && writes(&v2, "io.weight", "1"));
	check(writes(&v2, "io.max", "8:16 rbps=1048576"));
	check(!strcmp(v2.item[v2.n - 1].value, "8:16 wiops=1048576"));
}

static void writes_unified_line_by_line_and_on_v2_alone(void)
{
	struct oci_pair pair[] = {{text("io.max"), text("8:0 rbps=1\n8:16 rbps=2\n")},
				  {text("memory.high"), text("1000000")},
				  {text("../evil"), text("1")}};
	struct oci_resources r = {.unified = {pair, 2}}, bad = {.unified = {pair, 3}};
	struct limits v1 = planned(&r, false), v2 = planned(&r, true), b = planned(&bad, true);

	check(writes(&v1, "unified", "refused") && v2.n == 3);
	check(writes(&v2, "io.max", "8:0 rbps=1"));
	check(!strcmp(v2.item[1].value, "8:16 rbps=2"));
	check(!strcmp(v2.item[2].controller, "memory"));
	check(writes(&b, "unified[\"../evil\"]", "refused"));
}

static void needs_v1(const char *controller)
{
	struct cgroup_set *set = NULL;
	char line[128];

	need_sandbox();
	snprintf(line, sizeof(line), "needs the v1 controller %s", controller);
	ok(cgroup_set_open(memory(), "/ckrun-test/x", &set, why));
	if (!cgroup_set_path(set, controller))
		skip(line);
}

static void really_limits_on_v1(void)
{
	struct oci_resources r = {
		.memory = {.limit = SET_I(64 << 20), .swap = SET_I(64 << 20)},
		.cpu = {.shares = SET_U(512), .quota = SET_I(20000), .period = SET_U(50000)},
		.pids_limit = SET_I(7),
	};

	needs_v1("memory");
	needs_v1("cpu");
	needs_v1("pids");
	struct cgroup_set *set = fresh_set("/ckrun-test/limits");
	ok(cgroup_set_limit(set, &r, why));
	check(!strcmp(value_of(set, "memory", "memory.limit_in_bytes"), "67108864"));
	check(!strcmp(value_of(set, "memory", "memory.memsw.limit_in_bytes"), "67108864"));
	check(!strcmp(value_of(set, "cpu", "cpu.shares"), "512"));
	check(!strcmp(value_of(set, "cpu", "cpu.cfs_quota_us"), "20000"));
	check(!strcmp(value_of(set, "cpu", "cpu.cfs_period_us"), "50000"));
	check(!strcmp(value_of(set, "pids", "pids.max"), "7"));
	/* up: swap must be written first; down: memory must be */
	r.memory.limit = r.memory.swap = SET_I(256 << 20);
	ok(cgroup_set_limit(set, &r, why));
	check(!strcmp(value_of(set, "memory", "memory.limit_in_bytes"), "268435456"));
	r.memory.limit = r.memory.swap = SET_I(16 << 20);
	ok(cgroup_set_limit(set, &r, why));
	check(!strcmp(value_of(set, "memory", "memory.memsw.limit_in_bytes"), "16777216"));
	ok(cgroup_set_remove(set, why));
}

static void names_the_field_that_the_kernel_refuses(void)
{
	struct oci_resources r = {.cpu = {.cpus = text("4000")}};
	struct err err = {};
	char line[1024];

	needs_v1("cpuset");
	struct cgroup_set *set = fresh_set("/ckrun-test/bad");
	check(cgroup_set_limit(set, &r, &err) < 0);
	err_text(&err, line, sizeof(line));
	if (!strstr(line, "linux.resources.cpu.cpus: ") || !strstr(line, "4000"))
		printf("# %s\n", line);
	check(strstr(line, "linux.resources.cpu.cpus: ") && strstr(line, "4000"));
	ok(cgroup_set_remove(set, why));
}

static void refuses_by_name_what_this_host_has_not(void)
{
	struct oci_hugepage_limit huge = {text("2MB"), 1 << 21};
	struct oci_resources r = {
		.pids_limit = SET_I(99), .hugepage_limits = &huge, .n_hugepage_limits = 1};
	struct err err = {};
	char line[1024];

	needs_v1("pids");
	struct cgroup_set *set = fresh_set("/ckrun-test/lacking");
	if (cgroup_set_path(set, "hugetlb"))
		skip("this host has the controller hugetlb");
	check(cgroup_set_limit(set, &r, &err) == REFUSED);
	check(strstr(err_text(&err, line, sizeof(line)),
		     "linux.resources.hugepageLimits: this host has no hugetlb controller"));
	check(!strcmp(value_of(set, "pids", "pids.max"), "max")); /* nothing was half done */
	ok(cgroup_set_remove(set, why));
}

static void really_limits_on_v2(void)
{
	struct oci_hugepage_limit huge = {text("2MB"), 1 << 21};
	struct oci_resources r = {.hugepage_limits = &huge, .n_hugepage_limits = 1};
	struct oci_pair depth = {text("cgroup.max.depth"), text("3")};
	struct oci_resources no = {.net_class_id = SET_U(1)};
	struct err err = {};
	char line[1024];

	need_sandbox();
	become_pure_v2();
	struct cgroup_set *set = fresh_set("/ckrun-test/limits");
	if (access("/sys/fs/cgroup/ckrun-test/limits/hugetlb.2MB.max", F_OK) < 0)
		skip("the v2 hierarchy has no controller hugetlb");
	r.unified.item = &depth;
	r.unified.n = 1;
	ok(cgroup_set_limit(set, &r, why));
	check(!strcmp(value_of(set, "", "hugetlb.2MB.max"), "2097152"));
	check(!strcmp(value_of(set, "", "cgroup.max.depth"), "3"));
	check(cgroup_set_limit(set, &no, &err) == REFUSED);
	check(strstr(err_text(&err, line, sizeof(line)), "linux.resources.network.classID: "));
	ok(cgroup_set_remove(set, why));
}

static void refuses_a_limit_below_what_is_in_use_if_asked(void)
{
	struct oci_resources r = {
		.memory = {.limit = SET_I(4096), .check_before_update = {true, true}}};
	struct err err = {};

	needs_v1("memory");
	struct cgroup_set *set = fresh_set("/ckrun-test/used");
	pid_t pid = task_in(set, NULL);
	pid_t fresh = fork(); /* charges its pages to where it is born */
	if (!fresh) {
		ok(cgroup_set_add(set, 0, why));
		char *page = malloc(1 << 20);
		memset(page, 1, 1 << 20);
		pause();
	}
	usleep(50000);
	check(cgroup_set_limit(set, &r, &err) == -EBUSY);
	end_task(fresh);
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

RUN(TEST(writes_nothing_for_empty_resources), TEST(turns_memory_into_the_files_of_both),
    TEST(lifts_the_limit_on_swap_with_that_on_memory), TEST(refuses_swap_that_v2_cannot_say),
    TEST(turns_cpu_into_the_files_of_both), TEST(converts_the_ends_of_shares),
    TEST(keeps_the_quota_when_only_the_period_changes),
    TEST(turns_block_io_into_the_files_of_both),
    TEST(writes_unified_line_by_line_and_on_v2_alone), TEST(really_limits_on_v1),
    TEST(names_the_field_that_the_kernel_refuses), TEST(refuses_by_name_what_this_host_has_not),
    TEST(really_limits_on_v2), TEST(refuses_a_limit_below_what_is_in_use_if_asked))
