#include "oci/hooks.h"
#include "oci/section.h"

static const struct field hook_fields[] = {
	{"path", IN(struct oci_hook, path), field_string, FIELD_NEEDED | FIELD_ABSOLUTE},
	{"args", IN(struct oci_hook, args), field_strings},
	{"env", IN(struct oci_hook, env), field_strings, FIELD_ASSIGNMENT},
	{"timeout", IN(struct oci_hook, timeout), field_opt_i64, .min = 1, .max = INT32_MAX},
};
static const struct field_table hook_table = TABLE(struct oci_hook, hook_fields);

#define HOOK(key, kind)                                                                    \
	{                                                                                  \
		key, .offset = (kind) * sizeof(struct oci_hook_list),                      \
		     .size = sizeof(struct oci_hook *), field_array, .object = &hook_table \
	}

static const struct field hooks_fields[] = {
	HOOK("prestart", OCI_HOOK_PRESTART),
	HOOK("createRuntime", OCI_HOOK_CREATE_RUNTIME),
	HOOK("createContainer", OCI_HOOK_CREATE_CONTAINER),
	HOOK("startContainer", OCI_HOOK_START_CONTAINER),
	HOOK("poststart", OCI_HOOK_POSTSTART),
	HOOK("poststop", OCI_HOOK_POSTSTOP),
};
static const struct field_table hooks_table =
	TABLE(struct oci_hook_list[OCI_HOOK_KINDS], hooks_fields);

const char *oci_hook_name(enum oci_hook_kind kind)
{
	return hooks_fields[kind].name;
}

int section_hooks(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &hooks_table, to);
}
