/* stats.c - what a container uses, for `events --stats`
 *
 * v1   cpuacct.usage, cpuacct.stat (in clock ticks), cpu.stat, memory.usage_in_bytes and its
 *      kin, memory.stat, memory.oom_control, pids.current
 * v2   cpu.stat (us), memory.current and its kin (memory.peak: Linux 5.19), memory.stat,
 *      memory.events, pids.current
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/value.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum scale { AS_IS, FROM_TICKS, FROM_US, NO_LIMIT_IS_HUGE };

struct source {
	const char *controller, *file;
	const char
		*key; /* "user 1234": the line of this key; NULL: the whole file is a number */
	enum scale scale;
	size_t at; /* in struct cgroup_stats */
};

#define TO(field) offsetof(struct cgroup_stats, field)

static const struct source v1_sources[] = {
	{"cpuacct", "cpuacct.usage", NULL, AS_IS, TO(cpu_usage_ns)},
	{"cpuacct", "cpuacct.stat", "user", FROM_TICKS, TO(cpu_user_ns)},
	{"cpuacct", "cpuacct.stat", "system", FROM_TICKS, TO(cpu_system_ns)},
	{"cpu", "cpu.stat", "nr_periods", AS_IS, TO(cpu_periods)},
	{"cpu", "cpu.stat", "nr_throttled", AS_IS, TO(cpu_throttled_periods)},
	{"cpu", "cpu.stat", "throttled_time", AS_IS, TO(cpu_throttled_ns)},
	{"memory", "memory.usage_in_bytes", NULL, AS_IS, TO(memory_usage)},
	{"memory", "memory.max_usage_in_bytes", NULL, AS_IS, TO(memory_peak)},
	{"memory", "memory.limit_in_bytes", NULL, NO_LIMIT_IS_HUGE, TO(memory_limit)},
	{"memory", "memory.failcnt", NULL, AS_IS, TO(memory_failures)},
	{"memory", "memory.stat", "cache", AS_IS, TO(memory_cache)},
	{"memory", "memory.memsw.usage_in_bytes", NULL, AS_IS, TO(memory_swap_usage)},
	{"memory", "memory.memsw.limit_in_bytes", NULL, NO_LIMIT_IS_HUGE,
	 TO(memory_swap_limit)},
	{"memory", "memory.oom_control", "oom_kill", AS_IS, TO(oom_kills)},
	{"pids", "pids.current", NULL, AS_IS, TO(pids_current)},
	{"pids", "pids.max", NULL, AS_IS, TO(pids_limit)},
};

static const struct source v2_sources[] = {
	{"cpu", "cpu.stat", "usage_usec", FROM_US, TO(cpu_usage_ns)},
	{"cpu", "cpu.stat", "user_usec", FROM_US, TO(cpu_user_ns)},
	{"cpu", "cpu.stat", "system_usec", FROM_US, TO(cpu_system_ns)},
	{"cpu", "cpu.stat", "nr_periods", AS_IS, TO(cpu_periods)},
	{"cpu", "cpu.stat", "nr_throttled", AS_IS, TO(cpu_throttled_periods)},
	{"cpu", "cpu.stat", "throttled_usec", FROM_US, TO(cpu_throttled_ns)},
	{"memory", "memory.current", NULL, AS_IS, TO(memory_usage)},
	{"memory", "memory.peak", NULL, AS_IS, TO(memory_peak)},
	{"memory", "memory.max", NULL, AS_IS, TO(memory_limit)},
	{"memory", "memory.events", "max", AS_IS, TO(memory_failures)},
	{"memory", "memory.stat", "file", AS_IS, TO(memory_cache)},
	{"memory", "memory.swap.current", NULL, AS_IS, TO(memory_swap_usage)},
	{"memory", "memory.swap.max", NULL, AS_IS, TO(memory_swap_limit)},
	{"memory", "memory.events", "oom_kill", AS_IS, TO(oom_kills)},
	{"pids", "pids.current", NULL, AS_IS, TO(pids_current)},
	{"pids", "pids.max", NULL, AS_IS, TO(pids_limit)},
};

/* The number behind "KEY " at the start of a line. */
static const char *find_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, key, len) && at[len] == ' ')
			return at + len + 1;
	}
	return NULL;
}

static uint64_t scaled(const char *text, enum scale scale)
{
	char *end;

	if (!strncmp(text, "max", 3))
		return CGROUP_UNLIMITED;
	errno = 0;
	uint64_t n = strtoull(text, &end, 10);
	if (errno || end == text)
		return CGROUP_UNKNOWN;
	switch (scale) {
	case FROM_TICKS:
		return n * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
	case FROM_US:
		return n * 1000;
	case NO_LIMIT_IS_HUGE: /* v1 says LONG_MAX rounded down to a page */
		return n >= (uint64_t)INT64_MAX - 65536 ? CGROUP_UNLIMITED : n;
	default:
		return n;
	}
}

static int read_text(const struct group *group, const struct source *source, char **ret,
		     struct err *err)
{
	scoped_fd int dir = open(group->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char number[64];

	if (source->key)
		return dir < 0 ? fail_errno(err, "open cgroup %s", group->dir)
			       : file_read(dir, source->file, ret, err);
	int r = value_read(group, source->controller, source->file, number, sizeof(number),
			   err);
	if (r < 0)
		return r;
	*ret = strdup(number);
	return *ret ? 0 : fail(err, -ENOMEM, "out of memory");
}

/* A file that is not there leaves its number unknown; one that cannot be read is an error. */
static int read_source(const struct group *group, const struct source *source, uint64_t *ret,
		       struct err *err)
{
	scoped_free char *text = NULL;
	struct err here = {};

	int r = read_text(group, source, &text, &here);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		return 0;
	if (r < 0) {
		*err = here;
		return r;
	}
	const char *at = source->key ? find_key(text, source->key) : text;
	if (at)
		*ret = scaled(at, source->scale);
	return 0;
}

int cgroup_set_stats(const struct cgroup_set *set, struct cgroup_stats *ret, struct err *err)
{
	bool v2 = set->layout == CGROUP_V2;
	const struct source *source = v2 ? v2_sources : v1_sources;
	size_t n = v2 ? sizeof(v2_sources) / sizeof(v2_sources[0])
		      : sizeof(v1_sources) / sizeof(v1_sources[0]);
	struct cgroup_stats stats;

	if (!cgroup_set_exists(set))
		return fail(err, -ENOENT, "cgroup %s does not exist",
			    set_tasks_group(set)->dir);
	memset(&stats, 0xff, sizeof(stats)); /* CGROUP_UNKNOWN */
	for (size_t i = 0; i < n; i++) {
		const struct group *group = set_group(set, v2 ? "" : source[i].controller);
		uint64_t *to = (uint64_t *)((char *)&stats + source[i].at);

		if (!group)
			continue;
		int r = read_source(group, &source[i], to, err);
		if (r < 0)
			return fail_in(err, "read statistics");
	}
	*ret = stats;
	return 0;
}
