/* test-oci-config.c - configs as the engines write them, and what the structs then say */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "tests/unit/check.h"

/* The arena is the process's: each test is one. */
static struct oci_config load(const char *path)
{
	struct oci_config config;
	struct err err = {};
	char *text = NULL, line[600];
	struct arena *arena = arena_new();

	check(arena != NULL);
	if (file_read(AT_FDCWD, path, &text, &err) < 0 ||
	    oci_config_parse(arena, text, strlen(text), &config, &err) < 0 ||
	    oci_config_check(&config, &err) < 0)
		printf("# %s: %s\n", path, err_text(&err, line, sizeof(line)));
	check(err.n == 0);
	free(text);
	return config;
}

static const struct oci_mount *mount_at(const struct oci_config *config, const char *where)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (!strcmp(config->mounts[i].destination, where))
			return &config->mounts[i];
	return NULL;
}

static void takes_what_runc_spec_writes(void)
{
	struct oci_config c = load("tests/oci/config/runc-spec.json");

	check(c.has_process && c.process.terminal);
	check(c.process.args.n == 1 && !strcmp(c.process.args.item[0], "sh"));
	check(c.process.args.item[1] == NULL);
	check(c.process.env.n == 2 && !strcmp(c.process.cwd, "/"));
	check(c.process.capabilities.bounding == (1u << 29 | 1u << 5 | 1u << 10));
	check(c.process.capabilities.inheritable == 0 && c.process.capabilities.unknown.n == 0);
	check(c.process.n_rlimits == 1 && c.process.rlimits[0].resource == RLIMIT_NOFILE);
	check(c.process.rlimits[0].soft == 1024 && c.process.rlimits[0].hard == 1024);
	check(c.process.no_new_privileges && c.root.readonly);
	check(!strcmp(c.hostname, "runc") && !strcmp(c.root.path, "rootfs"));
	check(c.linux_.n_namespaces == 5);
	check(oci_linux_namespace(&c.linux_, CLONE_NEWPID)->path == NULL);
	check(c.linux_.resources.n_devices == 1 && !c.linux_.resources.devices[0].allow);
	check(c.linux_.resources.devices[0].type == 'a');
	check(c.linux_.masked_paths.n == 10 && c.linux_.readonly_paths.n == 5);
	const struct oci_mount *dev = mount_at(&c, "/dev");
	check(dev && dev->flags == (MS_NOSUID | MS_STRICTATIME));
	check(!strcmp(dev->data, "mode=755,size=65536k"));
}

static void takes_what_podman_writes(void)
{
	struct oci_config c = load("tests/oci/config/podman-default.json");
	const struct oci_seccomp *s = &c.linux_.seccomp;

	check(!c.process.terminal && c.process.user.umask.set &&
	      c.process.user.umask.value == 022);
	check(c.process.n_rlimits == 2 && c.process.rlimits[1].resource == RLIMIT_NPROC);
	check(!c.process.oom_score_adj.set && !c.process.no_new_privileges);
	check(c.linux_.resources.pids_limit.value == 2048);
	check(c.linux_.cgroups_path && c.linux_.cgroups_path[0] == '/');
	check(!strcmp(oci_config_annotation(&c, "io.container.manager"), "libpod"));
	check(oci_config_annotation(&c, "io.container") == NULL);
	const struct oci_mount *hosts = mount_at(&c, "/etc/hosts");
	check(hosts->is_bind && !hosts->is_rbind &&
	      hosts->propagation == (MS_PRIVATE | MS_REC));
	check(hosts->flags == 0 && hosts->data == NULL);
	const struct oci_mount *cgroup = mount_at(&c, "/sys/fs/cgroup");
	check(!cgroup->is_bind && !strcmp(cgroup->type, "cgroup") && cgroup->data == NULL);
	check(cgroup->flags == (MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME | MS_RDONLY));
	check(s->set && s->default_action == SCMP_ACT_ERRNO(38));
	check(s->n_archs == 3 && s->archs[2] == SCMP_ARCH_X32);
	check(s->n_syscalls == 19 && s->syscalls[0].action == SCMP_ACT_ERRNO(1));
}

static void takes_the_flags_of_podman(void)
{
	struct oci_config c = load("tests/oci/config/podman-flags.json");
	const struct oci_resources *r = &c.linux_.resources;

	check(c.process.terminal && c.process.oom_score_adj.value == 100);
	check(r->memory.limit.value == 64 << 20 && r->memory.swap.value == 128 << 20);
	check(r->cpu.quota.value == 50000 && r->cpu.period.value == 100000 &&
	      !r->cpu.shares.set);
	check(r->n_devices == 2 && r->devices[1].allow && r->devices[1].type == 'c');
	check(r->devices[1].major.value == 1 && r->devices[1].minor.value == 3);
	check(r->devices[1].read && r->devices[1].write && r->devices[1].mknod);
	check(!r->devices[0].major.set);
	check(c.linux_.n_devices == 1 && !strcmp(c.linux_.devices[0].path, "/dev/foo"));
	check(c.linux_.devices[0].file_mode.value == 0666); /* given with S_IFCHR */
	check(c.linux_.sysctl.n == 1 && !strcmp(c.linux_.sysctl.item[0].value, "1"));
	const struct oci_mount *data = mount_at(&c, "/data");
	check(data->is_rbind && data->flags == (MS_RDONLY | MS_NOSUID | MS_NODEV));
	const struct oci_mount *scratch = mount_at(&c, "/scratch");
	check(scratch->tmpcopyup && scratch->clear_flags == MS_RDONLY);
}

static void takes_what_containerd_writes(void)
{
	struct oci_config c = load("tests/oci/config/ctr-default.json");

	check(!strcmp(c.linux_.cgroups_path, "/default/web") && c.hostname == NULL);
	check(c.process.env.n == 0 && c.process.no_new_privileges);
	check(c.linux_.resources.n_devices == 10);
	check(c.linux_.resources.devices[8].major.value == 136);
	check(!c.linux_.resources.devices[8].minor.set);
	check(!c.linux_.seccomp.set);
	c = load("tests/oci/config/ctr-seccomp.json");
	check(c.linux_.seccomp.default_action == SCMP_ACT_ERRNO(1));
	check(c.linux_.resources.cpu.shares.value == 1024);
}

static void takes_what_docker_writes(void)
{
	struct oci_config c = load("tests/oci/config/docker-default.json");
	const struct oci_hook_list *prestart = &c.hooks[OCI_HOOK_PRESTART];

	check(prestart->n == 1 && !strcmp(prestart->item[0].args.item[0], "libnetwork-setkey"));
	check(prestart->item[0].args.n == 4 && prestart->item[0].args.item[4] == NULL);
	check(!prestart->item[0].timeout.set && c.hooks[OCI_HOOK_POSTSTOP].n == 0);
	check(c.process.oom_score_adj.set && c.process.oom_score_adj.value == 0);
	check(c.process.user.n_additional_gids == 1);
	check(c.linux_.resources.memory.disable_oom_killer.set);
	check(c.linux_.sysctl.n == 2);
}

static void takes_a_zero_of_docker_as_unset(void)
{
	struct oci_config c = load("tests/oci/config/docker-default.json");

	check(!c.linux_.resources.cpu.shares.set && !c.linux_.resources.block_io.weight.set);
}

static void takes_the_flags_of_docker(void)
{
	struct oci_config c = load("tests/oci/config/docker-flags.json");

	check(c.process.user.uid == 1000 && c.process.user.gid == 1000);
	check(c.process.rlimits[0].soft == 1000 && c.process.rlimits[0].hard == 2000);
	check(c.process.capabilities.set && c.process.capabilities.effective == 0);
	check(c.process.capabilities.bounding != 0);
	check(!strcmp(c.process.cwd, "/tmp") && !strcmp(c.hostname, "web"));
}

static void reads_conditions_of_seccomp_in_libseccomps_order(void)
{
	struct oci_config c = load("tests/oci/config/docker-default.json");
	const struct oci_seccomp *s = &c.linux_.seccomp;
	size_t masked = 0, equal = 0;

	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_syscall_rule *rule = &s->syscalls[i];

		if (!rule->n_args)
			continue;
		check(rule->n_args == 1 && rule->names.n >= 1);
		if (rule->args[0].op == SCMP_CMP_MASKED_EQ) {
			/* clone without the flags of namespaces */
			check(rule->args[0].datum_a == 2114060288 &&
			      rule->args[0].datum_b == 0);
			masked++;
		} else {
			equal += rule->args[0].op == SCMP_CMP_EQ;
		}
	}
	check(masked == 1 && equal >= 5);
}

RUN(TEST(takes_what_runc_spec_writes), TEST(takes_what_podman_writes),
    TEST(takes_the_flags_of_podman), TEST(takes_what_containerd_writes),
    TEST(takes_what_docker_writes), TEST(takes_a_zero_of_docker_as_unset),
    TEST(takes_the_flags_of_docker), TEST(reads_conditions_of_seccomp_in_libseccomps_order))
