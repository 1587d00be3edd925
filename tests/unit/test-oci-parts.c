/* test-oci-parts.c - mount options, and the files of `exec` and `update` */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

enum { OPTIONS_MAX = 8 };

/* The options as a list ended by NULL. */
static struct oci_mount mount_of(struct arena *arena, const char *type,
				 const char *const *option)
{
	static char *item[OPTIONS_MAX];
	struct oci_mount m = {.options.item = item};
	struct err err = {};

	m.type = type ? arena_strdup(arena, type) : NULL;
	for (; option[m.options.n]; m.options.n++)
		item[m.options.n] = arena_strdup(arena, option[m.options.n]);
	check(oci_mount_options(arena, &m, &err) == 0);
	return m;
}

#define MOUNT(type, ...) mount_of(arena, type, (const char *const[]){__VA_ARGS__, NULL})

static void the_last_mount_option_wins(void)
{
	struct arena *arena = arena_new();
	struct oci_mount m = MOUNT("tmpfs", "ro", "nosuid", "rw", "suid", "nosuid");

	check(m.flags == MS_NOSUID && m.clear_flags == MS_RDONLY);
	m = MOUNT(NULL, "rbind", "rprivate", "rslave", "bind");
	check(m.is_bind && !m.is_rbind && m.propagation == (MS_SLAVE | MS_REC));
	arena_free(&arena);
}

static void sets_times_of_a_tree_after_clearing_all_of_them(void)
{
	struct arena *arena = arena_new();
	struct oci_mount m = MOUNT("bind", "rnoatime", "rro");

	check(m.rec_attr_set == (MOUNT_ATTR_NOATIME | MOUNT_ATTR_RDONLY));
	check(m.rec_attr_clr == MOUNT_ATTR__ATIME);
	m = MOUNT("bind", "rnoatime", "rrelatime", "rro", "rrw");
	check(m.rec_attr_set == 0);
	check(m.rec_attr_clr == (MOUNT_ATTR__ATIME | MOUNT_ATTR_RDONLY));
	m = MOUNT("bind", "rnodiratime", "rsuid");
	check(m.rec_attr_set == MOUNT_ATTR_NODIRATIME && m.rec_attr_clr == MOUNT_ATTR_NOSUID);
	arena_free(&arena);
}

static void hands_on_options_of_the_file_system(void)
{
	struct arena *arena = arena_new();
	struct oci_mount m = MOUNT("tmpfs", "mode=1777", "noexec", "size=64k", "defaults");

	check(m.flags == MS_NOEXEC && !strcmp(m.data, "mode=1777,size=64k"));
	arena_free(&arena);
}

static void lists_mount_options_in_order(void)
{
	for (size_t i = 1; oci_mount_option_name(i); i++)
		check(strcmp(oci_mount_option_name(i - 1), oci_mount_option_name(i)) < 0);
}

static void reads_the_file_of_exec(void)
{
	static const char text[] =
		"{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
		"\"user\":{\"uid\":5,\"gid\":6},\"args\":[\"ls\",\"\"],\"env\":null,"
		"\"cwd\":\"/tmp\"}";
	struct arena *arena = arena_new();
	struct oci_process p;
	struct err err = {};
	char line[600];

	check(oci_process_parse(arena, text, strlen(text), &p, &err) == 0);
	check(p.terminal && p.console_height.value == 24 && p.console_width.value == 80);
	check(p.args.n == 2 && !strcmp(p.args.item[1], "") && p.env.n == 0);
	check(p.user.uid == 5 && !p.user.umask.set && !p.capabilities.set);
	check(oci_process_parse(arena, "{}", 2, &p, &err) == -EINVAL);
	check(!strcmp(err_text(&err, line, sizeof(line)),
		      "process: args: is needed but is not there"));
	arena_free(&arena);
}

static void refuses_in_the_file_of_exec_what_it_cannot_do(void)
{
	static const char text[] =
		"{\"args\":[\"a\"],\"cwd\":\"/\",\"execCPUAffinity\":{\"initial\":\"0\"}}";
	struct arena *arena = arena_new();
	struct oci_process p = {};
	struct err err = {};
	char line[600];

	check(oci_process_parse(arena, text, strlen(text), &p, &err) == REFUSED);
	check(!strcmp(err_text(&err, line, sizeof(line)),
		      "process: execCPUAffinity is not supported by ckrun yet"));
	check(p.args.n == 0); /* untouched by a failure */
	arena_free(&arena);
}

/* As dockerd sends it. */
static void reads_the_file_of_update(void)
{
	static const char text[] =
		"{\"memory\":{\"limit\":67108864,\"reservation\":0,\"swap\":67108864,"
		"\"kernel\":0},"
		"\"cpu\":{\"shares\":0,\"quota\":50000,\"period\":100000,\"cpus\":\"0\"},"
		"\"pids\":{\"limit\":20},\"blockIO\":{\"weight\":0}}";
	struct arena *arena = arena_new();
	struct oci_resources r;
	struct err err = {};
	char line[600];

	check(oci_resources_parse(arena, text, strlen(text), &r, &err) == 0);
	check(r.memory.limit.set && r.memory.limit.value == 67108864);
	check(!r.memory.reservation.set && !r.memory.kernel.set && !r.cpu.shares.set);
	check(r.cpu.quota.value == 50000 && !strcmp(r.cpu.cpus, "0") && r.cpu.mems == NULL);
	check(r.pids_limit.value == 20 && !r.block_io.weight.set);
	check(oci_resources_parse(arena, "{\"cpu\":5}", 9, &r, &err) == -EINVAL);
	check(!strcmp(err_text(&err, line, sizeof(line)),
		      "resources: cpu: 5 is a number, an object is needed"));
	check(r.pids_limit.value == 20); /* untouched by a failure */
	arena_free(&arena);
}

static void reads_every_resource(void)
{
	static const char text[] =
		"{\"memory\":{\"limit\":-1,\"swappiness\":0,\"disableOOMKiller\":true},"
		"\"cpu\":{\"burst\":0,\"idle\":1,\"realtimeRuntime\":5},"
		"\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}],"
		"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":1,\"rate\":600}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}],"
		"\"network\":{\"classID\":1048577,\"priorities\":[{\"name\":\"eth0\","
		"\"priority\":7}]},"
		"\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}},"
		"\"unified\":{\"memory.high\":\"1024\"}}";
	struct arena *arena = arena_new();
	struct oci_resources r;
	struct err err = {};

	check(oci_resources_parse(arena, text, strlen(text), &r, &err) == 0);
	check(r.memory.limit.value == -1 && r.memory.swappiness.set &&
	      r.memory.disable_oom_killer.value);
	check(r.cpu.burst.set && r.cpu.idle.value == 1 && r.cpu.realtime_runtime.value == 5);
	check(r.block_io.n_weight_device == 1 &&
	      r.block_io.weight_device[0].weight.value == 10);
	check(!r.block_io.weight_device[0].leaf_weight.set && r.block_io.read_bps.n == 0);
	check(r.block_io.write_iops.n == 1 && r.block_io.write_iops.item[0].rate == 600);
	check(!strcmp(r.hugepage_limits[0].page_size, "2MB"));
	check(r.hugepage_limits[0].limit == 4194304 && r.net_class_id.value == 1048577);
	check(r.n_net_priorities == 1 && r.net_priorities[0].priority == 7);
	check(r.n_rdma == 1 && !strcmp(r.rdma[0].device, "mlx5_1"));
	check(r.rdma[0].hca_handles.value == 3 && !r.rdma[0].hca_objects.set);
	check(r.unified.n == 1 && !strcmp(r.unified.item[0].key, "memory.high"));
	arena_free(&arena);
}

static void turns_a_sysctl_into_a_path(void)
{
	static const char *const row[][2] = {
		{"net.ipv4.ip_forward", "net/ipv4/ip_forward"},
		{"net/ipv4/conf/eth0.5/forwarding", "net/ipv4/conf/eth0.5/forwarding"},
		{"net.ipv4.conf.eth0/5.forwarding", "net/ipv4/conf/eth0.5/forwarding"},
	};
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		check(!strcmp(oci_sysctl_path(arena, row[i][0]), row[i][1]));
	arena_free(&arena);
}

RUN(TEST(the_last_mount_option_wins), TEST(sets_times_of_a_tree_after_clearing_all_of_them),
    TEST(hands_on_options_of_the_file_system), TEST(lists_mount_options_in_order),
    TEST(reads_the_file_of_exec), TEST(refuses_in_the_file_of_exec_what_it_cannot_do),
    TEST(reads_the_file_of_update), TEST(reads_every_resource),
    TEST(turns_a_sysctl_into_a_path))
