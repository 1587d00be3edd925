#include <errno.h>
#include <string.h>

#include "cgroup/devices.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define ACC_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* What every container may use: mknod of anything (the node alone opens no door), and the
 * nodes that the specification puts into /dev. */
static const struct device_rule always[] = {
	{true, 'c', DEVICE_ALL, DEVICE_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, 'b', DEVICE_ALL, DEVICE_ALL, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, ACC_ALL},            /* null */
	{true, 'c', 1, 5, ACC_ALL},            /* zero */
	{true, 'c', 1, 7, ACC_ALL},            /* full */
	{true, 'c', 1, 8, ACC_ALL},            /* random */
	{true, 'c', 1, 9, ACC_ALL},            /* urandom */
	{true, 'c', 5, 0, ACC_ALL},            /* tty */
	{true, 'c', 5, 2, ACC_ALL},            /* ptmx */
	{true, 'c', 136, DEVICE_ALL, ACC_ALL}, /* pts/N, and the console bound to one */
};

static const struct device_rule deny_all[] = {
	{false, 'b', DEVICE_ALL, DEVICE_ALL, ACC_ALL},
	{false, 'c', DEVICE_ALL, DEVICE_ALL, ACC_ALL},
};

static int add(struct arena *arena, struct device_rules *all, struct device_rule rule)
{
	struct device_rule *more = arena_grow(arena, all->item, all->n, sizeof(rule));

	if (!more)
		return -ENOMEM;
	all->item = more;
	all->item[all->n++] = rule;
	return 0;
}

static int add_all(struct arena *arena, struct device_rules *all,
		   const struct device_rule *rule, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = add(arena, all, rule[i]);
	return r;
}

static int64_t number(struct oci_opt_i64 opt)
{
	return opt.set && opt.value >= 0 ? opt.value : DEVICE_ALL;
}

static int add_oci(struct arena *arena, struct device_rules *all,
		   const struct oci_device_rule *from)
{
	struct device_rule rule = {
		.allow = from->allow,
		.type = from->type,
		.major = number(from->major),
		.minor = number(from->minor),
		.access = (from->mknod ? BPF_DEVCG_ACC_MKNOD : 0) |
			  (from->read ? BPF_DEVCG_ACC_READ : 0) |
			  (from->write ? BPF_DEVCG_ACC_WRITE : 0),
	};

	if (!rule.access)
		return 0;
	if (from->type != 'a')
		return add(arena, all, rule);
	if (rule.major < 0 && rule.minor < 0 && rule.access == ACC_ALL)
		all->n = 0; /* nothing before it matters any more */
	rule.type = 'b';
	int r = add(arena, all, rule);
	rule.type = 'c';
	return r < 0 ? r : add(arena, all, rule);
}

int devices_rules(struct arena *arena, const struct oci_resources *resources,
		  struct device_rules *ret, struct err *err)
{
	struct device_rules all = {};
	size_t n = resources ? resources->n_devices : 0;

	int r = add_all(arena, &all, deny_all, sizeof(deny_all) / sizeof(deny_all[0]));
	for (size_t i = 0; i < n && r >= 0; i++)
		r = add_oci(arena, &all, &resources->devices[i]);
	/* where all is allowed but for what the rules say, there is nothing to add */
	if (r >= 0 && !all.item[0].allow)
		r = add_all(arena, &all, always, sizeof(always) / sizeof(always[0]));
	if (r < 0)
		return fail(err, r, "out of memory");
	*ret = all;
	return 0;
}

static int write_v2(const struct group *group, const struct device_rules *rules,
		    struct arena *arena, struct err *err)
{
	scoped_fd int program = -1;
	struct bpf_insn *insn;
	size_t n;

	int r = device_bpf_make(arena, rules, &insn, &n, err);
	if (r >= 0)
		r = device_bpf_load(insn, n, &program, err);
	return r < 0 ? r : device_bpf_attach(group, program, err);
}

int cgroup_set_devices(const struct cgroup_set *set, const struct oci_resources *resources,
		       struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	const struct group *v1 = set_group(set, "devices"), *v2 = set_group(set, "");
	struct device_rules rules;

	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	if (!v1 && !v2)
		return refuse(err,
			      "linux.resources.devices: this host has neither the cgroup v1 "
			      "controller devices nor cgroup v2");
	int r = devices_rules(arena, resources, &rules, err);
	if (r >= 0)
		r = v1 ? devices_v1_write(v1, &rules, err) : write_v2(v2, &rules, arena, err);
	return r < 0 ? fail_in(err, "linux.resources.devices") : 0;
}
