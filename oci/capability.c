/* capability.c - capabilities(7) by name, and the sets of process.capabilities */
#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "oci/names.h"
#include "oci/process.h"
#include "oci/section.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static const struct oci_name capability[] = {
	{"CAP_CHOWN", CAP_CHOWN},
	{"CAP_DAC_OVERRIDE", CAP_DAC_OVERRIDE},
	{"CAP_DAC_READ_SEARCH", CAP_DAC_READ_SEARCH},
	{"CAP_FOWNER", CAP_FOWNER},
	{"CAP_FSETID", CAP_FSETID},
	{"CAP_KILL", CAP_KILL},
	{"CAP_SETGID", CAP_SETGID},
	{"CAP_SETUID", CAP_SETUID},
	{"CAP_SETPCAP", CAP_SETPCAP},
	{"CAP_LINUX_IMMUTABLE", CAP_LINUX_IMMUTABLE},
	{"CAP_NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
	{"CAP_NET_BROADCAST", CAP_NET_BROADCAST},
	{"CAP_NET_ADMIN", CAP_NET_ADMIN},
	{"CAP_NET_RAW", CAP_NET_RAW},
	{"CAP_IPC_LOCK", CAP_IPC_LOCK},
	{"CAP_IPC_OWNER", CAP_IPC_OWNER},
	{"CAP_SYS_MODULE", CAP_SYS_MODULE},
	{"CAP_SYS_RAWIO", CAP_SYS_RAWIO},
	{"CAP_SYS_CHROOT", CAP_SYS_CHROOT},
	{"CAP_SYS_PTRACE", CAP_SYS_PTRACE},
	{"CAP_SYS_PACCT", CAP_SYS_PACCT},
	{"CAP_SYS_ADMIN", CAP_SYS_ADMIN},
	{"CAP_SYS_BOOT", CAP_SYS_BOOT},
	{"CAP_SYS_NICE", CAP_SYS_NICE},
	{"CAP_SYS_RESOURCE", CAP_SYS_RESOURCE},
	{"CAP_SYS_TIME", CAP_SYS_TIME},
	{"CAP_SYS_TTY_CONFIG", CAP_SYS_TTY_CONFIG},
	{"CAP_MKNOD", CAP_MKNOD},
	{"CAP_LEASE", CAP_LEASE},
	{"CAP_AUDIT_WRITE", CAP_AUDIT_WRITE},
	{"CAP_AUDIT_CONTROL", CAP_AUDIT_CONTROL},
	{"CAP_SETFCAP", CAP_SETFCAP},
	{"CAP_MAC_OVERRIDE", CAP_MAC_OVERRIDE},
	{"CAP_MAC_ADMIN", CAP_MAC_ADMIN},
	{"CAP_SYSLOG", CAP_SYSLOG},
	{"CAP_WAKE_ALARM", CAP_WAKE_ALARM},
	{"CAP_BLOCK_SUSPEND", CAP_BLOCK_SUSPEND},
	{"CAP_AUDIT_READ", CAP_AUDIT_READ},
	{"CAP_PERFMON", CAP_PERFMON},
	{"CAP_BPF", CAP_BPF},
	{"CAP_CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
	{},
};

const struct oci_name *oci_capability_names(void)
{
	return capability;
}

struct named_sets {
	struct oci_strings bounding, effective, inheritable, permitted, ambient;
};

static const struct field set_fields[] = {
	{"bounding", IN(struct named_sets, bounding), field_strings},
	{"effective", IN(struct named_sets, effective), field_strings},
	{"inheritable", IN(struct named_sets, inheritable), field_strings},
	{"permitted", IN(struct named_sets, permitted), field_strings},
	{"ambient", IN(struct named_sets, ambient), field_strings},
};
static const struct field_table set_table = TABLE(struct named_sets, set_fields);

static void add_unknown(struct oci_strings *unknown, char *name)
{
	for (size_t i = 0; i < unknown->n; i++)
		if (!strcmp(unknown->item[i], name))
			return;
	unknown->item[unknown->n++] = name;
}

static uint64_t mask(const struct oci_strings *names, struct oci_strings *unknown)
{
	uint64_t bits = 0, number;

	for (size_t i = 0; i < names->n; i++) {
		if (oci_name_value(capability, names->item[i], &number))
			bits |= UINT64_C(1) << number;
		else
			add_unknown(unknown, names->item[i]);
	}
	return bits;
}

int section_capabilities(struct field_at *at, const struct json *value, void *to)
{
	struct oci_capabilities *caps = to;
	struct named_sets sets = {};
	int r = field_read_object(at, value, &set_table, &sets);

	if (r < 0)
		return r;
	size_t n = sets.bounding.n + sets.effective.n + sets.inheritable.n + sets.permitted.n +
		   sets.ambient.n;
	caps->unknown.item = arena_alloc(at->arena, (n + 1) * sizeof(char *));
	if (!caps->unknown.item)
		return fail(at->err, -ENOMEM, "out of memory");
	caps->set = true;
	caps->bounding = mask(&sets.bounding, &caps->unknown);
	caps->effective = mask(&sets.effective, &caps->unknown);
	caps->inheritable = mask(&sets.inheritable, &caps->unknown);
	caps->permitted = mask(&sets.permitted, &caps->unknown);
	caps->ambient = mask(&sets.ambient, &caps->unknown);
	return 0;
}
