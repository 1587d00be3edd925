#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/limits.h"
#include "runtime/base/arena.h"

/* config.json's swap is memory and swap together, v2's is swap alone. */
static void add_swap(struct limits *all, const struct oci_memory *m)
{
	static const char *const field = "memory.swap", *const file = "memory.swap.max";
	bool limited = m->limit.set && m->limit.value >= 0;

	bool lifted = m->swap.set ? m->swap.value < 0 : m->limit.set && !limited;

	if (lifted)
		limits_add(all, field, "memory", file, "max")->optional = true;
	else if (m->swap.set && !limited)
		limits_refuse(all, field, "needs memory.limit as well");
	else if (m->swap.set && m->swap.value < m->limit.value)
		limits_refuse(all, field,
			      "is memory and swap together, yet below memory.limit");
	else if (m->swap.set)
		limits_add(all, field, "memory", file, "%" PRId64,
			   m->swap.value - m->limit.value);
}

static void add_memory(struct limits *all, const struct oci_memory *m)
{
	limits_add_max(all, "memory.limit", "memory", "memory.max", m->limit);
	add_swap(all, m);
	limits_add_max(all, "memory.reservation", "memory", "memory.low", m->reservation);
	if (m->kernel.set)
		limits_refuse(all, "memory.kernel", "cgroup v2 has no such limit");
	if (m->kernel_tcp.set)
		limits_refuse(all, "memory.kernelTCP", "cgroup v2 has no such limit");
	if (m->swappiness.set)
		limits_refuse(all, "memory.swappiness", "cgroup v2 has no swappiness");
	if (m->disable_oom_killer.value)
		limits_refuse(all, "memory.disableOOMKiller", "cgroup v2 cannot");
	if (m->use_hierarchy.set && !m->use_hierarchy.value)
		limits_refuse(all, "memory.useHierarchy", "cgroup v2 is always hierarchical");
}

/* Shares 2..262144 to weight 1..10000, as Kubernetes and the other runtimes do. */
static void add_weight(struct limits *all, struct oci_opt_u64 shares)
{
	if (!shares.set)
		return;
	if (shares.value < 2 || shares.value > 262144)
		limits_refuse(all, "cpu.shares", "not within 2..262144");
	else
		limits_add(all, "cpu.shares", "cpu", "cpu.weight", "%" PRIu64,
			   1 + (shares.value - 2) * 9999 / 262142);
}

static void add_cpu(struct limits *all, const struct oci_cpu *cpu, const char *cpu_max)
{
	char quota[32];

	add_weight(all, cpu->shares);
	snprintf(quota, sizeof(quota), "%.*s", (int)strcspn(cpu_max, " "), cpu_max);
	if (cpu->quota.set)
		snprintf(quota, sizeof(quota), "%" PRId64, cpu->quota.value);
	if (cpu->quota.set && cpu->quota.value < 0)
		snprintf(quota, sizeof(quota), "max");
	if (cpu->period.set) /* a quota alone keeps the period */
		limits_add(all, "cpu.period", "cpu", "cpu.max", "%s %" PRIu64, quota,
			   cpu->period.value);
	else if (cpu->quota.set)
		limits_add(all, "cpu.quota", "cpu", "cpu.max", "%s", quota);
	limits_add_u64(all, "cpu.burst", "cpu", "cpu.max.burst", cpu->burst);
	limits_add_i64(all, "cpu.idle", "cpu", "cpu.idle", cpu->idle);
	if (cpu->realtime_period.set)
		limits_refuse(all, "cpu.realtimePeriod", "cgroup v2 has no such limit");
	if (cpu->realtime_runtime.set)
		limits_refuse(all, "cpu.realtimeRuntime", "cgroup v2 has no such limit");
}

/* BFQ takes 1..1000 as they are, the io.cost weight goes to 10000. */
static uint64_t io_weight(uint64_t weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

static void add_io_weights(struct limits *all, const struct oci_block_io *io)
{
	static const char *const field = "blockIO.weightDevice";

	if (io->weight.set) {
		limits_add(all, "blockIO.weight", "io", "io.bfq.weight", "%" PRIu64,
			   io->weight.value)
			->or_next = true;
		limits_add(all, "blockIO.weight", "io", "io.weight", "%" PRIu64,
			   io_weight(io->weight.value));
	}
	if (io->leaf_weight.set)
		limits_refuse(all, "blockIO.leafWeight", "cgroup v2 has no such weight");
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_block_weight *w = &io->weight_device[i];

		if (w->leaf_weight.set)
			limits_refuse(all, field, "cgroup v2 has no leafWeight");
		if (!w->weight.set)
			continue;
		limits_add(all, field, "io", "io.bfq.weight",
			   "%" PRId64 ":%" PRId64 " %" PRIu64, w->major, w->minor,
			   w->weight.value)
			->or_next = true;
		limits_add(all, field, "io", "io.weight", "%" PRId64 ":%" PRId64 " %" PRIu64,
			   w->major, w->minor, io_weight(w->weight.value));
	}
}

static void add_io_rates(struct limits *all, const struct oci_block_io *io)
{
	const struct {
		const char *field, *key;
		const struct oci_block_rates *rates;
	} table[] = {
		{"blockIO.throttleReadBpsDevice", "rbps", &io->read_bps},
		{"blockIO.throttleWriteBpsDevice", "wbps", &io->write_bps},
		{"blockIO.throttleReadIOPSDevice", "riops", &io->read_iops},
		{"blockIO.throttleWriteIOPSDevice", "wiops", &io->write_iops},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t j = 0; j < table[i].rates->n; j++) {
			const struct oci_block_rate *r = &table[i].rates->item[j];

			limits_add(all, table[i].field, "io", "io.max",
				   "%" PRId64 ":%" PRId64 " %s=%" PRIu64, r->major, r->minor,
				   table[i].key, r->rate);
		}
}

/* "memory.high": the controller is what stands before the first dot.  The kernel takes one
 * line a write. */
static void add_unified(struct limits *all, const struct oci_pair *pair)
{
	const char *field = arena_printf(all->arena, "unified[\"%s\"]", pair->key);
	size_t len = strcspn(pair->key, ".");
	char *controller = arena_printf(all->arena, "%.*s", (int)len, pair->key);

	if (!field || !controller) {
		all->failed = true;
		return;
	}
	if (!pair->key[len] || strchr(pair->key, '/')) {
		limits_refuse(all, field, "is not the name of a cgroup file");
		return;
	}
	for (const char *at = pair->value; *at;) {
		size_t n = strcspn(at, "\n");

		if (n)
			limits_add(all, field, controller, pair->key, "%.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

void limits_v2(struct limits *all, const struct oci_resources *resources, const char *cpu_max)
{
	const struct oci_resources *r = resources;

	add_memory(all, &r->memory);
	add_cpu(all, &r->cpu, cpu_max);
	limits_add_cpuset(all, r);
	limits_add_max(all, "pids.limit", "pids", "pids.max", r->pids_limit);
	add_io_weights(all, &r->block_io);
	add_io_rates(all, &r->block_io);
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		limits_add(all, "hugepageLimits", "hugetlb",
			   arena_printf(all->arena, "hugetlb.%s.max",
					r->hugepage_limits[i].page_size),
			   "%" PRIu64, r->hugepage_limits[i].limit);
	if (r->net_class_id.set)
		limits_refuse(all, "network.classID", "cgroup v2 has no net_cls controller");
	if (r->n_net_priorities)
		limits_refuse(all, "network.priorities",
			      "cgroup v2 has no net_prio controller");
	limits_add_rdma(all, r);
	for (size_t i = 0; i < r->unified.n; i++)
		add_unified(all, &r->unified.item[i]);
}
