#include <ctype.h>
#include <sched.h>
#include <string.h>

#include "oci/config.h"
#include "oci/json.h"
#include "oci/section.h"
#include "runtime/base/err.h"

/* setdomainname(2), sethostname(2): __NEW_UTS_LEN. */
enum { UTS_NAME_MAX = 64 };

static const struct field root_fields[] = {
	{"path", IN(struct oci_root, path), field_string, FIELD_NEEDED},
	{"readonly", IN(struct oci_root, readonly), field_bool},
};
static const struct field_table root_table = TABLE(struct oci_root, root_fields);

static int process(struct field_at *at, const struct json *value, void *to)
{
	struct oci_config *config = to;

	config->has_process = true;
	return section_process(at, value, &config->process);
}

static int version(struct field_at *at, const struct json *value, void *to)
{
	char *text = NULL;

	if (field_string(at, value, &text) < 0)
		return at->err->code;
	if (strncmp(text, "1.", 2) != 0 || !isdigit((unsigned char)text[2]))
		return field_bad(at, NULL, "\"%s\" is not supported, 1.x is",
				 field_shown(at, text));
	*(char **)to = text;
	return 0;
}

static int uts_name(const struct field_at *at, const struct oci_linux *lin, const char *key,
		    const char *name)
{
	if (!name)
		return 0;
	if (strlen(name) > UTS_NAME_MAX)
		return field_bad(at, key, "is over %d bytes", UTS_NAME_MAX);
	if (!oci_linux_namespace(lin, CLONE_NEWUTS))
		return field_bad(at, key, "there is no uts namespace to set it in");
	return 0;
}

static int config_finish(struct field_at *at, void *object)
{
	const struct oci_config *config = object;
	const struct oci_linux *lin = &config->linux_;
	int r = uts_name(at, lin, "hostname", config->hostname);

	if (r == 0)
		r = uts_name(at, lin, "domainname", config->domainname);
	return r;
}

#define CONFIG(member) IN(struct oci_config, member)

static const struct field config_fields[] = {
	{"ociVersion", CONFIG(version), version, FIELD_NEEDED},
	{"process", .read = process},
	{"root", CONFIG(root), field_object, FIELD_NEEDED, .object = &root_table},
	{"hostname", CONFIG(hostname), field_string},
	{"domainname", CONFIG(domainname), field_string},
	{"mounts", CONFIG(mounts), section_mounts},
	{"hooks", CONFIG(hooks), section_hooks},
	{"annotations", CONFIG(annotations), field_pairs},
	{"linux", CONFIG(linux_), section_linux},
};
static const struct field_table config_table =
	TABLE_FINISH(struct oci_config, config_fields, config_finish);

int oci_config_parse(struct arena *arena, const char *text, size_t len, struct oci_config *ret,
		     struct err *err)
{
	struct oci_config config = {};
	int r = field_document(arena, text, len, &config_table, &config, err);

	if (r < 0)
		return fail_in(err, "config.json");
	*ret = config;
	return 0;
}

const char *oci_config_annotation(const struct oci_config *config, const char *key)
{
	for (size_t i = 0; i < config->annotations.n; i++)
		if (!strcmp(config->annotations.item[i].key, key))
			return config->annotations.item[i].value;
	return NULL;
}
