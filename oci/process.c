#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "oci/names.h"
#include "oci/process.h"
#include "oci/section.h"
#include "runtime/base/err.h"

/* (uid_t)-1 means "no change" to the kernel and is no id. */
enum { UMASK_MAX = 07777 };
#define ID_MAX (UINT32_MAX - 1)

static const struct field user_fields[] = {
	{"uid", IN(struct oci_user, uid), field_unsigned, .max = ID_MAX},
	{"gid", IN(struct oci_user, gid), field_unsigned, .max = ID_MAX},
	{"umask", IN(struct oci_user, umask), field_opt_u64, .max = UMASK_MAX},
	{"additionalGids", IN(struct oci_user, additional_gids), field_u32s, .max = ID_MAX},
};
static const struct field_table user_table = TABLE(struct oci_user, user_fields);

static const struct oci_name rlimit[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
	{},
};

const struct oci_name *oci_rlimit_names(void)
{
	return rlimit;
}

static int rlimit_finish(struct field_at *at, void *object)
{
	struct oci_rlimit *limit = object;

	limit->name = oci_name_of(rlimit, (uint64_t)limit->resource);
	if (limit->soft > limit->hard)
		return field_bad(at, NULL, "the soft limit of %s is above the hard one",
				 limit->name);
	return 0;
}

static const struct field rlimit_fields[] = {
	{"type", IN(struct oci_rlimit, resource), field_name, FIELD_NEEDED, .names = rlimit},
	{"soft", IN(struct oci_rlimit, soft), field_unsigned, FIELD_NEEDED},
	{"hard", IN(struct oci_rlimit, hard), field_unsigned, FIELD_NEEDED},
};
static const struct field_table rlimit_table =
	TABLE_FINISH(struct oci_rlimit, rlimit_fields, rlimit_finish);

static const struct oci_name policy[] = {
	{"SCHED_OTHER", SCHED_NORMAL},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", 4}, /* reserved in linux/sched.h, not implemented */
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{},
};

static const struct oci_name sched_flag[] = {
	{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	{},
};

static int scheduler_finish(struct field_at *at, void *object)
{
	struct oci_scheduler *sched = object;

	(void)at;
	sched->set = true;
	return 0;
}

static const struct field scheduler_fields[] = {
	{"policy", IN(struct oci_scheduler, policy), field_name, FIELD_NEEDED, .names = policy},
	{"nice", IN(struct oci_scheduler, nice), field_signed, .min = -20, .max = 19},
	{"priority", IN(struct oci_scheduler, priority), field_signed, .min = 0, .max = 99},
	{"flags", IN(struct oci_scheduler, flags), field_name_bits, .names = sched_flag},
	{"runtime", IN(struct oci_scheduler, runtime), field_unsigned},
	{"deadline", IN(struct oci_scheduler, deadline), field_unsigned},
	{"period", IN(struct oci_scheduler, period), field_unsigned},
};
static const struct field_table scheduler_table =
	TABLE_FINISH(struct oci_scheduler, scheduler_fields, scheduler_finish);

static const struct oci_name io_class[] = {
	{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
	{},
};

static int io_priority_finish(struct field_at *at, void *object)
{
	struct oci_io_priority *io = object;

	(void)at;
	io->set = true;
	return 0;
}

static const struct field io_priority_fields[] = {
	{"class", IN(struct oci_io_priority, klass), field_name, FIELD_NEEDED,
	 .names = io_class},
	{"priority", IN(struct oci_io_priority, priority), field_signed, .max = 7},
};
static const struct field_table io_priority_table =
	TABLE_FINISH(struct oci_io_priority, io_priority_fields, io_priority_finish);

static const struct field console_fields[] = {
	{"height", IN(struct oci_process, console_height), field_opt_u64, .max = UINT16_MAX},
	{"width", IN(struct oci_process, console_width), field_opt_u64, .max = UINT16_MAX},
};
static const struct field_table console_table = TABLE(struct oci_process, console_fields);

/* Its members go into the process itself. */
static int console_size(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &console_table, to);
}

static const struct field affinity_fields[] = {
	{"initial", IN(struct oci_process, cpu_affinity_initial), field_string},
	{"final", IN(struct oci_process, cpu_affinity_final), field_string},
};
static const struct field_table affinity_table = TABLE(struct oci_process, affinity_fields);

static int affinity(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &affinity_table, to);
}

static int process_finish(struct field_at *at, void *object)
{
	const struct oci_process *process = object;

	if (!process->args.n)
		return field_bad(at, "args", "is empty, the program to run is needed");
	for (size_t i = 0; i < process->n_rlimits; i++)
		for (size_t j = 0; j < i; j++)
			if (process->rlimits[i].resource == process->rlimits[j].resource)
				return field_bad(at, "rlimits", "%s is there twice",
						 process->rlimits[i].name);
	return 0;
}

static const struct field process_fields[] = {
	{"terminal", IN(struct oci_process, terminal), field_bool},
	{"consoleSize", .read = console_size},
	{"user", IN(struct oci_process, user), field_object, .object = &user_table},
	{"args", IN(struct oci_process, args), field_strings, FIELD_NEEDED},
	{"env", IN(struct oci_process, env), field_strings, FIELD_ASSIGNMENT},
	{"cwd", IN(struct oci_process, cwd), field_string, FIELD_NEEDED | FIELD_ABSOLUTE},
	{"capabilities", IN(struct oci_process, capabilities), section_capabilities},
	{"rlimits", IN(struct oci_process, rlimits), field_array, .object = &rlimit_table},
	{"noNewPrivileges", IN(struct oci_process, no_new_privileges), field_bool},
	{"apparmorProfile", IN(struct oci_process, apparmor_profile), field_string},
	{"selinuxLabel", IN(struct oci_process, selinux_label), field_string},
	{"oomScoreAdj", IN(struct oci_process, oom_score_adj), field_opt_i64, .min = -1000,
	 .max = 1000},
	{"scheduler", IN(struct oci_process, scheduler), field_object,
	 .object = &scheduler_table},
	{"ioPriority", IN(struct oci_process, io_priority), field_object,
	 .object = &io_priority_table},
	{"execCPUAffinity", .read = affinity},
};
static const struct field_table process_table =
	TABLE_FINISH(struct oci_process, process_fields, process_finish);

int section_process(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &process_table, to);
}

int oci_process_parse(struct arena *arena, const char *text, size_t len,
		      struct oci_process *ret, struct err *err)
{
	struct oci_process process = {};
	int r = field_document(arena, text, len, &process_table, &process, err);

	if (r < 0)
		return fail_in(err, "process");
	r = oci_process_check(&process, err);
	if (r == 0)
		*ret = process;
	return r;
}
