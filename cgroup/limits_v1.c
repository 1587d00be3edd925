#include <inttypes.h>
#include <stdio.h>

#include "cgroup/limits.h"
#include "runtime/base/arena.h"

static void add_memory(struct limits *all, const struct oci_memory *m)
{
	struct oci_opt_i64 swap = m->swap;

	/* without any limit on memory, the limit on memory and swap goes too: it was at least
	 * as high, and would still hold */
	if (m->limit.set && m->limit.value < 0 && !swap.set)
		swap = (struct oci_opt_i64){.set = true, .value = -1};
	limits_add_i64(all, "memory.limit", "memory", "memory.limit_in_bytes", m->limit);
	limits_add_i64(all, "memory.swap", "memory", "memory.memsw.limit_in_bytes", swap);
	if (swap.set && !m->swap.set && all->n)
		all->item[all->n - 1].optional = true; /* absent with swapaccount=0 */
	limits_add_i64(all, "memory.reservation", "memory", "memory.soft_limit_in_bytes",
		       m->reservation);
	limits_add_i64(all, "memory.kernel", "memory", "memory.kmem.limit_in_bytes", m->kernel);
	limits_add_i64(all, "memory.kernelTCP", "memory", "memory.kmem.tcp.limit_in_bytes",
		       m->kernel_tcp);
	limits_add_u64(all, "memory.swappiness", "memory", "memory.swappiness", m->swappiness);
	if (m->disable_oom_killer.set)
		limits_add(all, "memory.disableOOMKiller", "memory", "memory.oom_control", "%d",
			   m->disable_oom_killer.value);
	if (m->use_hierarchy.set && !m->use_hierarchy.value)
		limits_refuse(all, "memory.useHierarchy",
			      "Linux counts memory hierarchically only, since 5.11");
}

static void add_cpu(struct limits *all, const struct oci_cpu *cpu)
{
	if (cpu->shares.set && (cpu->shares.value < 2 || cpu->shares.value > 262144))
		limits_refuse(all, "cpu.shares", "not within 2..262144");
	limits_add_u64(all, "cpu.shares", "cpu", "cpu.shares", cpu->shares);
	limits_add_u64(all, "cpu.period", "cpu", "cpu.cfs_period_us", cpu->period);
	limits_add_i64(all, "cpu.quota", "cpu", "cpu.cfs_quota_us", cpu->quota);
	limits_add_u64(all, "cpu.burst", "cpu", "cpu.cfs_burst_us", cpu->burst);
	limits_add_u64(all, "cpu.realtimePeriod", "cpu", "cpu.rt_period_us",
		       cpu->realtime_period);
	limits_add_i64(all, "cpu.realtimeRuntime", "cpu", "cpu.rt_runtime_us",
		       cpu->realtime_runtime);
	limits_add_i64(all, "cpu.idle", "cpu", "cpu.idle", cpu->idle);
}

static void add_weights(struct limits *all, const struct oci_block_io *io)
{
	static const char *const field = "blockIO.weightDevice";

	if (io->weight.set) { /* CFQ had the first file until Linux 5.0, BFQ has the second */
		limits_add(all, "blockIO.weight", "blkio", "blkio.weight", "%" PRIu64,
			   io->weight.value)
			->or_next = true;
		limits_add_u64(all, "blockIO.weight", "blkio", "blkio.bfq.weight", io->weight);
	}
	limits_add_u64(all, "blockIO.leafWeight", "blkio", "blkio.leaf_weight",
		       io->leaf_weight);
	for (size_t i = 0; i < io->n_weight_device; i++) {
		const struct oci_block_weight *w = &io->weight_device[i];

		if (w->weight.set) {
			limits_add(all, field, "blkio", "blkio.weight_device",
				   "%" PRId64 ":%" PRId64 " %" PRIu64, w->major, w->minor,
				   w->weight.value)
				->or_next = true;
			limits_add(all, field, "blkio", "blkio.bfq.weight_device",
				   "%" PRId64 ":%" PRId64 " %" PRIu64, w->major, w->minor,
				   w->weight.value);
		}
		if (w->leaf_weight.set)
			limits_add(all, field, "blkio", "blkio.leaf_weight_device",
				   "%" PRId64 ":%" PRId64 " %" PRIu64, w->major, w->minor,
				   w->leaf_weight.value);
	}
}

static void add_rates(struct limits *all, const struct oci_block_io *io)
{
	const struct {
		const char *field, *file;
		const struct oci_block_rates *rates;
	} table[] = {
		{"blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device",
		 &io->read_bps},
		{"blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device",
		 &io->write_bps},
		{"blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device",
		 &io->read_iops},
		{"blockIO.throttleWriteIOPSDevice", "blkio.throttle.write_iops_device",
		 &io->write_iops},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t j = 0; j < table[i].rates->n; j++) {
			const struct oci_block_rate *r = &table[i].rates->item[j];

			limits_add(all, table[i].field, "blkio", table[i].file,
				   "%" PRId64 ":%" PRId64 " %" PRIu64, r->major, r->minor,
				   r->rate);
		}
}

static void add_network(struct limits *all, const struct oci_resources *r)
{
	limits_add_u64(all, "network.classID", "net_cls", "net_cls.classid", r->net_class_id);
	for (size_t i = 0; i < r->n_net_priorities; i++)
		limits_add(all, "network.priorities", "net_prio", "net_prio.ifpriomap", "%s %u",
			   r->net_priorities[i].name, r->net_priorities[i].priority);
}

void limits_v1(struct limits *all, const struct oci_resources *resources)
{
	const struct oci_resources *r = resources;

	add_memory(all, &r->memory);
	add_cpu(all, &r->cpu);
	limits_add_cpuset(all, r);
	limits_add_max(all, "pids.limit", "pids", "pids.max", r->pids_limit);
	add_weights(all, &r->block_io);
	add_rates(all, &r->block_io);
	for (size_t i = 0; i < r->n_hugepage_limits; i++)
		limits_add(all, "hugepageLimits", "hugetlb",
			   arena_printf(all->arena, "hugetlb.%s.limit_in_bytes",
					r->hugepage_limits[i].page_size),
			   "%" PRIu64, r->hugepage_limits[i].limit);
	add_network(all, r);
	limits_add_rdma(all, r);
	if (r->unified.n)
		limits_refuse(all, "unified", "needs a host with cgroup v2 alone");
}
