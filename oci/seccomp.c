#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "oci/names.h"
#include "oci/seccomp.h"
#include "oci/section.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static const struct oci_name action[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{},
};

static const struct oci_name operator[] = {
	{"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT}, {"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	{"SCMP_CMP_NE", SCMP_CMP_NE}, {},
};

static const struct oci_name arch[] = {
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
	{"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32},
	{"SCMP_ARCH_X86", SCMP_ARCH_X86},
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},
	{},
};

static const struct oci_name filter_flag[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	{},
};

const struct oci_name *oci_seccomp_actions(void)
{
	return action;
}

const struct oci_name *oci_seccomp_operators(void)
{
	return operator;
}

const struct oci_name *oci_seccomp_archs(void)
{
	return arch;
}

const struct oci_name *oci_seccomp_flags(void)
{
	return filter_flag;
}

/* The errno rides in the low half of the action; EPERM if the file does not say. */
static int with_errno(struct field_at *at, const char *key, const struct oci_opt_u64 *number,
		      uint32_t *act)
{
	if (*act == SCMP_ACT_ERRNO(0))
		*act = SCMP_ACT_ERRNO(number->set ? (uint32_t)number->value : EPERM);
	else if (*act == SCMP_ACT_TRACE(0))
		*act = SCMP_ACT_TRACE(number->set ? (uint32_t)number->value : EPERM);
	else if (number->set)
		return field_bad(at, key, "goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE only");
	return 0;
}

struct raw_arg {
	unsigned int index;
	uint64_t value, value_two;
	uint32_t op;
};

static const struct field arg_fields[] = {
	{"index", IN(struct raw_arg, index), field_unsigned, FIELD_NEEDED, .max = 5},
	{"value", IN(struct raw_arg, value), field_unsigned, FIELD_NEEDED},
	{"valueTwo", IN(struct raw_arg, value_two), field_unsigned},
	{
		"op",
		IN(struct raw_arg, op),
		field_name,
		FIELD_NEEDED,
		.names = operator},
	};
static const struct field_table arg_table = TABLE(struct raw_arg, arg_fields);

struct raw_args {
	struct raw_arg *item;
	size_t n;
};

static int args(struct field_at *at, const struct json *value, void *to)
{
	struct oci_syscall_rule *rule = to;
	struct raw_args raw = {};
	int r = field_read_array(at, value, &arg_table, &raw);

	if (r < 0)
		return r;
	rule->args = arena_alloc(at->arena, raw.n * sizeof(*rule->args));
	if (!rule->args)
		return fail(at->err, -ENOMEM, "out of memory");
	rule->n_args = raw.n;
	for (size_t i = 0; i < raw.n; i++)
		rule->args[i] = (struct scmp_arg_cmp){
			.arg = raw.item[i].index,
			.op = (enum scmp_compare)raw.item[i].op,
			.datum_a = raw.item[i].value,
			.datum_b = raw.item[i].value_two,
		};
	return 0;
}

struct raw_rule {
	struct oci_syscall_rule rule;
	struct oci_opt_u64 errno_ret;
};

static int rule_finish(struct field_at *at, void *object)
{
	struct raw_rule *raw = object;

	if (!raw->rule.names.n)
		return field_bad(at, "names", "is empty, system calls are needed");
	return with_errno(at, "errnoRet", &raw->errno_ret, &raw->rule.action);
}

static const struct field rule_fields[] = {
	{"names", IN(struct raw_rule, rule.names), field_strings, FIELD_NEEDED},
	{"action", IN(struct raw_rule, rule.action), field_name, FIELD_NEEDED, .names = action},
	{"errnoRet", IN(struct raw_rule, errno_ret), field_opt_u64, .max = UINT16_MAX},
	{"args", IN(struct raw_rule, rule), args},
};
static const struct field_table rule_table =
	TABLE_FINISH(struct raw_rule, rule_fields, rule_finish);

struct raw_rules {
	struct raw_rule *item;
	size_t n;
};

static int rules(struct field_at *at, const struct json *value, void *to)
{
	struct oci_seccomp *seccomp = to;
	struct raw_rules raw = {};
	int r = field_read_array(at, value, &rule_table, &raw);

	if (r < 0)
		return r;
	seccomp->syscalls = arena_alloc(at->arena, raw.n * sizeof(*seccomp->syscalls));
	if (!seccomp->syscalls)
		return fail(at->err, -ENOMEM, "out of memory");
	seccomp->n_syscalls = raw.n;
	for (size_t i = 0; i < raw.n; i++)
		seccomp->syscalls[i] = raw.item[i].rule;
	return 0;
}

struct raw_seccomp {
	struct oci_seccomp seccomp;
	struct oci_opt_u64 default_errno;
};

static int seccomp_finish(struct field_at *at, void *object)
{
	struct raw_seccomp *raw = object;

	raw->seccomp.set = true;
	return with_errno(at, "defaultErrnoRet", &raw->default_errno,
			  &raw->seccomp.default_action);
}

#define MEMBER(member) IN(struct raw_seccomp, seccomp.member)

static const struct field seccomp_fields[] = {
	{"defaultAction", MEMBER(default_action), field_name, FIELD_NEEDED, .names = action},
	{"defaultErrnoRet", IN(struct raw_seccomp, default_errno), field_opt_u64,
	 .max = UINT16_MAX},
	{"architectures", MEMBER(archs), field_names, .names = arch},
	{"flags", MEMBER(flags), field_name_bits, .names = filter_flag},
	{"listenerPath", MEMBER(listener_path), field_string, FIELD_ABSOLUTE},
	{"listenerMetadata", MEMBER(listener_metadata), field_string},
	{"syscalls", IN(struct raw_seccomp, seccomp), rules},
};
static const struct field_table seccomp_table =
	TABLE_FINISH(struct raw_seccomp, seccomp_fields, seccomp_finish);

int section_seccomp(struct field_at *at, const struct json *value, void *to)
{
	struct raw_seccomp raw = {};
	int r = field_read_object(at, value, &seccomp_table, &raw);

	if (r == 0)
		*(struct oci_seccomp *)to = raw.seccomp;
	return r;
}
