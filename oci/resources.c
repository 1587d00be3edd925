#include <errno.h>
#include <string.h>

#include "oci/resources.h"
#include "oci/section.h"
#include "runtime/base/err.h"

/* --- devices */

static int rule_type(struct field_at *at, const struct json *value, void *to)
{
	struct oci_device_rule *rule = to;
	char *text = NULL;

	if (field_string(at, value, &text) < 0)
		return at->err->code;
	if (strlen(text) != 1 || !strchr("abc", text[0]))
		return field_bad(at, NULL, "\"%s\" is none of a, b, c", field_shown(at, text));
	rule->type = text[0];
	return 0;
}

static int rule_access(struct field_at *at, const struct json *value, void *to)
{
	struct oci_device_rule *rule = to;
	char *text = NULL;

	if (field_string(at, value, &text) < 0)
		return at->err->code;
	if (text[strspn(text, "rwm")])
		return field_bad(at, NULL, "\"%s\" has letters other than r, w, m",
				 field_shown(at, text));
	rule->read = strchr(text, 'r') != NULL;
	rule->write = strchr(text, 'w') != NULL;
	rule->mknod = strchr(text, 'm') != NULL;
	return 0;
}

static int rule_finish(struct field_at *at, void *object)
{
	struct oci_device_rule *rule = object;

	(void)at;
	if (!rule->type)
		rule->type = 'a';
	return 0;
}

#define RULE(member) IN(struct oci_device_rule, member)

static const struct field rule_fields[] = {
	{"allow", RULE(allow), field_bool, FIELD_NEEDED},
	{"type", .read = rule_type},
	{"major", RULE(major), field_opt_i64, .min = -1, .max = UINT32_MAX},
	{"minor", RULE(minor), field_opt_i64, .min = -1, .max = UINT32_MAX},
	{"access", .read = rule_access, .flags = FIELD_NEEDED},
};
static const struct field_table rule_table =
	TABLE_FINISH(struct oci_device_rule, rule_fields, rule_finish);

/* --- memory, cpu, pids */

#define MEMORY(member) IN(struct oci_memory, member)
#define LIMIT .flags = FIELD_ZERO_UNSET, .min = -1, .max = INT64_MAX

static const struct field memory_fields[] = {
	{"limit", MEMORY(limit), field_opt_i64, LIMIT},
	{"reservation", MEMORY(reservation), field_opt_i64, LIMIT},
	{"swap", MEMORY(swap), field_opt_i64, LIMIT},
	{"kernel", MEMORY(kernel), field_opt_i64, LIMIT},
	{"kernelTCP", MEMORY(kernel_tcp), field_opt_i64, LIMIT},
	{"swappiness", MEMORY(swappiness), field_opt_u64, .max = 100},
	{"disableOOMKiller", MEMORY(disable_oom_killer), field_opt_bool},
	{"useHierarchy", MEMORY(use_hierarchy), field_opt_bool},
	{"checkBeforeUpdate", MEMORY(check_before_update), field_opt_bool},
};
static const struct field_table memory_table = TABLE(struct oci_memory, memory_fields);

#define CPU(member) IN(struct oci_cpu, member)

static const struct field cpu_fields[] = {
	{"shares", CPU(shares), field_opt_u64, FIELD_ZERO_UNSET},
	{"quota", CPU(quota), field_opt_i64, LIMIT},
	{"burst", CPU(burst), field_opt_u64},
	{"period", CPU(period), field_opt_u64, FIELD_ZERO_UNSET},
	{"realtimeRuntime", CPU(realtime_runtime), field_opt_i64, LIMIT},
	{"realtimePeriod", CPU(realtime_period), field_opt_u64, FIELD_ZERO_UNSET},
	{"cpus", CPU(cpus), field_string},
	{"mems", CPU(mems), field_string},
	{"idle", CPU(idle), field_opt_i64, .min = 0, .max = 1},
};
static const struct field_table cpu_table = TABLE(struct oci_cpu, cpu_fields);

static const struct field pids_fields[] = {
	{"limit", IN(struct oci_resources, pids_limit), field_opt_i64, LIMIT},
};
static const struct field_table pids_table = TABLE(struct oci_resources, pids_fields);

/* Its members go into the resources themselves. */
static int pids(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &pids_table, to);
}

/* --- blockIO */

#define BLOCK(member) IN(struct oci_block_io, member)
#define WEIGHT .flags = FIELD_ZERO_UNSET, .min = 10, .max = 1000
#define NUMBER .flags = FIELD_NEEDED, .min = 0, .max = UINT32_MAX

static const struct field weight_fields[] = {
	{"major", IN(struct oci_block_weight, major), field_signed, NUMBER},
	{"minor", IN(struct oci_block_weight, minor), field_signed, NUMBER},
	{"weight", IN(struct oci_block_weight, weight), field_opt_u64, WEIGHT},
	{"leafWeight", IN(struct oci_block_weight, leaf_weight), field_opt_u64, WEIGHT},
};
static const struct field_table weight_table = TABLE(struct oci_block_weight, weight_fields);

static const struct field rate_fields[] = {
	{"major", IN(struct oci_block_rate, major), field_signed, NUMBER},
	{"minor", IN(struct oci_block_rate, minor), field_signed, NUMBER},
	{"rate", IN(struct oci_block_rate, rate), field_unsigned, FIELD_NEEDED},
};
static const struct field_table rate_table = TABLE(struct oci_block_rate, rate_fields);

#define RATES field_array, .object = &rate_table

static const struct field block_fields[] = {
	{"weight", BLOCK(weight), field_opt_u64, WEIGHT},
	{"leafWeight", BLOCK(leaf_weight), field_opt_u64, WEIGHT},
	{"weightDevice", BLOCK(weight_device), field_array, .object = &weight_table},
	{"throttleReadBpsDevice", BLOCK(read_bps), RATES},
	{"throttleWriteBpsDevice", BLOCK(write_bps), RATES},
	{"throttleReadIOPSDevice", BLOCK(read_iops), RATES},
	{"throttleWriteIOPSDevice", BLOCK(write_iops), RATES},
};
static const struct field_table block_table = TABLE(struct oci_block_io, block_fields);

/* --- hugepageLimits, network, rdma */

/* "64KB", "2MB", "1GB": the names of the hugetlb files. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && text[0] != '0' && text[digits] && strchr("KMG", text[digits]) &&
	       !strcmp(text + digits + 1, "B");
}

static int hugepage_finish(struct field_at *at, void *object)
{
	const struct oci_hugepage_limit *limit = object;

	if (is_page_size(limit->page_size))
		return 0;
	return field_bad(at, "pageSize", "\"%s\" is not a size like 64KB, 2MB or 1GB",
			 field_shown(at, limit->page_size));
}

static const struct field hugepage_fields[] = {
	{"pageSize", IN(struct oci_hugepage_limit, page_size), field_string, FIELD_NEEDED},
	{"limit", IN(struct oci_hugepage_limit, limit), field_unsigned, FIELD_NEEDED},
};
static const struct field_table hugepage_table =
	TABLE_FINISH(struct oci_hugepage_limit, hugepage_fields, hugepage_finish);

static const struct field priority_fields[] = {
	{"name", IN(struct oci_net_priority, name), field_string, FIELD_NEEDED},
	{"priority", IN(struct oci_net_priority, priority), field_unsigned, FIELD_NEEDED},
};
static const struct field_table priority_table =
	TABLE(struct oci_net_priority, priority_fields);

static const struct field network_fields[] = {
	{"classID", IN(struct oci_resources, net_class_id), field_opt_u64, .max = UINT32_MAX},
	{"priorities", IN(struct oci_resources, net_priorities), field_array,
	 .object = &priority_table},
};
static const struct field_table network_table = TABLE(struct oci_resources, network_fields);

static int network(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &network_table, to);
}

static const struct field rdma_fields[] = {
	{"hcaHandles", IN(struct oci_rdma, hca_handles), field_opt_u64, .max = UINT32_MAX},
	{"hcaObjects", IN(struct oci_rdma, hca_objects), field_opt_u64, .max = UINT32_MAX},
};
static const struct field_table rdma_table = TABLE(struct oci_rdma, rdma_fields);

/* --- all together */

/* A key is the name of a file in the cgroup, and nothing else. */
static int resources_finish(struct field_at *at, void *object)
{
	const struct oci_resources *res = object;

	for (size_t i = 0; i < res->unified.n; i++) {
		const char *key = res->unified.item[i].key;

		if (!key[0] || strchr(key, '/') || !strchr(key, '.') || key[0] == '.')
			return field_bad(at, "unified",
					 "\"%s\" is not the name of a cgroup file",
					 field_shown(at, key));
	}
	return 0;
}

#define RESOURCE(member) IN(struct oci_resources, member)

static const struct field resource_fields[] = {
	{"devices", RESOURCE(devices), field_array, .object = &rule_table},
	{"memory", RESOURCE(memory), field_object, .object = &memory_table},
	{"cpu", RESOURCE(cpu), field_object, .object = &cpu_table},
	{"pids", .read = pids},
	{"blockIO", RESOURCE(block_io), field_object, .object = &block_table},
	{"hugepageLimits", RESOURCE(hugepage_limits), field_array, .object = &hugepage_table},
	{"network", .read = network},
	{"rdma", RESOURCE(rdma), field_map, .object = &rdma_table},
	{"unified", RESOURCE(unified), field_pairs},
};
static const struct field_table resource_table =
	TABLE_FINISH(struct oci_resources, resource_fields, resources_finish);

int section_resources(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &resource_table, to);
}

int oci_resources_parse(struct arena *arena, const char *text, size_t len,
			struct oci_resources *ret, struct err *err)
{
	struct oci_resources resources = {};
	int r = field_document(arena, text, len, &resource_table, &resources, err);

	if (r < 0)
		return fail_in(err, "resources");
	*ret = resources;
	return 0;
}
