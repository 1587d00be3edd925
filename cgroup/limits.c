#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/lib.h"
#include "cgroup/limits.h"
#include "cgroup/value.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static struct limit *add(struct limits *all, const char *field)
{
	static struct limit nowhere;
	struct limit *more = arena_grow(all->arena, all->item, all->n, sizeof(*more));

	if (!more) {
		all->failed = true;
		return &nowhere;
	}
	all->item = more;
	all->item[all->n].field = field;
	return &all->item[all->n++];
}

struct limit *limits_add(struct limits *all, const char *field, const char *controller,
			 const char *file, const char *value, ...)
{
	struct limit *limit = add(all, field);
	char text[4096];
	va_list ap;

	va_start(ap, value);
	vsnprintf(text, sizeof(text), value, ap);
	va_end(ap);
	limit->controller = controller;
	limit->file = file;
	limit->value = arena_strdup(all->arena, text);
	all->failed |= !limit->value || !file;
	return limit;
}

void limits_refuse(struct limits *all, const char *field, const char *why)
{
	add(all, field)->value = why;
}

void limits_add_i64(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_i64 value)
{
	if (value.set)
		limits_add(all, field, controller, file, "%" PRId64, value.value);
}

void limits_add_max(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_i64 value)
{
	if (value.set && value.value < 0)
		limits_add(all, field, controller, file, "max");
	else
		limits_add_i64(all, field, controller, file, value);
}

void limits_add_u64(struct limits *all, const char *field, const char *controller,
		    const char *file, struct oci_opt_u64 value)
{
	if (value.set)
		limits_add(all, field, controller, file, "%" PRIu64, value.value);
}

void limits_add_cpuset(struct limits *all, const struct oci_resources *resources)
{
	const struct oci_cpu *cpu = &resources->cpu;

	if (cpu->cpus && *cpu->cpus)
		limits_add(all, "cpu.cpus", "cpuset", "cpuset.cpus", "%s", cpu->cpus);
	if (cpu->mems && *cpu->mems)
		limits_add(all, "cpu.mems", "cpuset", "cpuset.mems", "%s", cpu->mems);
}

void limits_add_rdma(struct limits *all, const struct oci_resources *resources)
{
	for (size_t i = 0; i < resources->n_rdma; i++) {
		const struct oci_rdma *r = &resources->rdma[i];
		char handles[40] = "", objects[40] = "";

		if (r->hca_handles.set)
			snprintf(handles, sizeof(handles), " hca_handle=%" PRIu64,
				 r->hca_handles.value);
		if (r->hca_objects.set)
			snprintf(objects, sizeof(objects), " hca_object=%" PRIu64,
				 r->hca_objects.value);
		limits_add(all, "rdma", "rdma", "rdma.max", "%s%s%s", r->device, handles,
			   objects);
	}
}

/* Whether there is such a controller, for a sentence that says what is missing. */
static bool has_controller(const struct group *group, const char *controller)
{
	char list[512];
	struct err ignored;

	if (!group->h->v2 || !strcmp(controller, "cgroup"))
		return true;
	if (value_read(group, "", "cgroup.controllers", list, sizeof(list), &ignored) < 0)
		return false;
	for (char *c = list; *c; c++)
		if (*c == ' ')
			*c = ',';
	return layout_has(list, controller);
}

static int refuse_missing(const struct cgroup_set *set, const struct group *group,
			  const struct limit *limit, struct err *err)
{
	if (!group || !has_controller(group, limit->controller))
		return refuse(err, "linux.resources.%s: this host has no %s controller%s",
			      limit->field, limit->controller,
			      set->layout == CGROUP_V2 ? "" : " in cgroup v1");
	return refuse(err, "linux.resources.%s: this kernel has no %s", limit->field,
		      limit->file);
}

static const struct group *group_of(const struct cgroup_set *set, const struct limit *limit)
{
	return set_group(set, set->layout == CGROUP_V2 ? "" : limit->controller);
}

/* Nothing is written before all is known to have a place. */
static int check_all(const struct cgroup_set *set, struct limits *all, struct err *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct limit *limit = &all->item[i];

		if (!limit->controller)
			return refuse(err, "linux.resources.%s: %s", limit->field,
				      limit->value);
		if (!limit->file)
			continue; /* the one before stands for it */
		if (strchr(limit->file, '/'))
			return refuse(err, "linux.resources.%s: \"%s\" is no file of a cgroup",
				      limit->field, limit->file);
		const struct group *group = group_of(set, limit);
		bool here = group && value_exists(group, limit->file);
		if (here && limit->or_next)
			limit[1].file = NULL;
		if (here)
			continue;
		if (limit->or_next || limit->optional)
			limit->file = NULL; /* not to be written */
		else
			return refuse_missing(set, group, limit, err);
	}
	return 0;
}

static int write_one(const struct cgroup_set *set, const struct limit *limit, struct err *err)
{
	const char *controller =
		strcmp(limit->controller, "cgroup") != 0 ? limit->controller : "";
	int r = value_write(group_of(set, limit), controller, limit->file, limit->value, err);

	return r < 0 ? fail_in(err, "linux.resources.%s", limit->field) : 0;
}

static int write_all(const struct cgroup_set *set, struct limits *all, struct err *err)
{
	struct err here;
	bool again = false;

	for (size_t i = 0; i < all->n; i++) {
		if (!all->item[i].file)
			continue;
		int r = write_one(set, &all->item[i], &here);
		if (r < 0 && r != -EINVAL) {
			*err = here;
			return r;
		}
		if (r < 0)
			again = true;
		else
			all->item[i].file = NULL;
	}
	for (size_t i = 0; i < all->n && again; i++) {
		int r = all->item[i].file ? write_one(set, &all->item[i], err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* memory.checkBeforeUpdate: v2 would kill until the limit fits, v1 try in vain to reclaim. */
static int check_usage(const struct cgroup_set *set, const struct oci_memory *memory,
		       struct err *err)
{
	const struct group *group = set_group(set, set->layout == CGROUP_V2 ? "" : "memory");
	char used[32];

	if (!memory->check_before_update.value || !memory->limit.set ||
	    memory->limit.value < 0 || !group)
		return 0;
	int r = value_read(group, "memory",
			   group->h->v2 ? "memory.current" : "memory.usage_in_bytes", used,
			   sizeof(used), err);
	if (r < 0)
		return fail_in(err, "linux.resources.memory.checkBeforeUpdate");
	if (strtoull(used, NULL, 10) > (unsigned long long)memory->limit.value)
		return fail(err, -EBUSY,
			    "linux.resources.memory.limit: %" PRId64
			    " bytes are less than the %s in use",
			    memory->limit.value, used);
	return 0;
}

int cgroup_set_limit(const struct cgroup_set *set, const struct oci_resources *resources,
		     struct err *err)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct limits all = {.arena = arena};
	char cpu_max[64] = "max";
	struct err ignored;

	if (!resources)
		return 0;
	if (!arena)
		return fail(err, -ENOMEM, "out of memory");
	if (set->layout == CGROUP_V2) {
		if (resources->cpu.period.set && !resources->cpu.quota.set)
			value_read(set_group(set, ""), "cpu", "cpu.max", cpu_max,
				   sizeof(cpu_max), &ignored);
		limits_v2(&all, resources, cpu_max);
	} else {
		limits_v1(&all, resources);
	}
	if (all.failed)
		return fail(err, -ENOMEM, "out of memory");
	int r = check_all(set, &all, err);
	if (r >= 0)
		r = check_usage(set, &resources->memory, err);
	return r < 0 ? r : write_all(set, &all, err);
}
