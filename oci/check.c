/* check.c - what config.json can say and ckrun cannot do yet
 *
 * One row per wish.  When a feature arrives, its row goes.
 */
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>

#include "oci/config.h"
#include "oci/names.h"
#include "runtime/base/err.h"

#define ASKS(name, type) static bool name(const type *c)

typedef bool asks_process(const struct oci_process *c);
typedef bool asks_config(const struct oci_config *c);

struct process_row {
	const char *field;
	asks_process *asks;
};

struct config_row {
	const char *field;
	asks_config *asks;
	const char *why; /* NULL: not supported yet */
};

ASKS(asks_affinity, struct oci_process)
{
	return c->cpu_affinity_initial || c->cpu_affinity_final;
}

static const struct process_row process_row[] = {
	{"execCPUAffinity", asks_affinity},
};

ASKS(lacks_mount_namespace, struct oci_config)
{
	return !oci_linux_namespace(&c->linux_, CLONE_NEWNS);
}

ASKS(asks_id_mapped_mount, struct oci_config)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].idmap || c->mounts[i].uid_mappings.n ||
		    c->mounts[i].gid_mappings.n)
			return true;
	return false;
}

ASKS(asks_intel_rdt, struct oci_config)
{
	return c->linux_.intel_rdt;
}

ASKS(asks_memory_policy, struct oci_config)
{
	return c->linux_.memory_policy;
}

ASKS(asks_net_devices, struct oci_config)
{
	return c->linux_.net_devices;
}

ASKS(asks_mount_label, struct oci_config)
{
	return c->linux_.mount_label != NULL;
}

ASKS(asks_listener, struct oci_config)
{
	return c->linux_.seccomp.listener_path != NULL;
}

ASKS(asks_notify, struct oci_config)
{
	const struct oci_seccomp *s = &c->linux_.seccomp;

	for (size_t i = 0; i < s->n_syscalls; i++)
		if (s->syscalls[i].action == SCMP_ACT_NOTIFY)
			return true;
	return s->set && s->default_action == SCMP_ACT_NOTIFY;
}

/* A wait for the listener's answer, and there is no listener. */
ASKS(asks_killable_wait, struct oci_config)
{
	return c->linux_.seccomp.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

static const struct config_row config_row[] = {
	{"linux.namespaces", lacks_mount_namespace, "a mount namespace is needed"},
	{"mounts: idmap", asks_id_mapped_mount, NULL},
	{"linux.intelRdt", asks_intel_rdt, NULL},
	{"linux.memoryPolicy", asks_memory_policy, NULL},
	{"linux.netDevices", asks_net_devices, NULL},
	{"linux.mountLabel", asks_mount_label, NULL},
	{"linux.seccomp.listenerPath", asks_listener, NULL},
	{"linux.seccomp: SCMP_ACT_NOTIFY", asks_notify, NULL},
	{"linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", asks_killable_wait,
	 NULL},
};

static const char not_yet[] = "is not supported by ckrun yet";

static int check_process(const struct oci_process *process, const char *prefix, struct err *err)
{
	for (size_t i = 0; i < sizeof(process_row) / sizeof(process_row[0]); i++)
		if (process_row[i].asks(process))
			return refuse(err, "%s%s %s", prefix, process_row[i].field, not_yet);
	return 0;
}

int oci_process_check(const struct oci_process *process, struct err *err)
{
	int r = check_process(process, "", err);

	return r < 0 ? fail_in(err, "process") : 0;
}

static int check_config(const struct oci_config *config, struct err *err)
{
	for (size_t i = 0; i < sizeof(config_row) / sizeof(config_row[0]); i++) {
		const struct config_row *row = &config_row[i];

		if (row->asks(config))
			return row->why ? refuse(err, "%s: %s", row->field, row->why)
					: refuse(err, "%s %s", row->field, not_yet);
	}
	return check_process(&config->process, "process.", err);
}

int oci_config_check(const struct oci_config *config, struct err *err)
{
	int r = check_config(config, err);

	return r < 0 ? fail_in(err, "config.json") : 0;
}
