/* test-oci-write.c - the JSON that we write: spec, state, features */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "oci/config.h"
#include "oci/features.h"
#include "oci/json.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "tests/unit/check.h"

static char *replaced(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from);

	check(at != NULL);
	char *out = NULL;
	check(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
	free(text);
	return out;
}

/* Without the ambient capabilities, which cannot be where none is inheritable. */
static const char ambient[] = ",\n\t\t\t\"ambient\": [\n\t\t\t\t\"CAP_AUDIT_WRITE\",\n"
			      "\t\t\t\t\"CAP_KILL\",\n\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n"
			      "\t\t\t]";

static void writes_the_spec_that_runc_writes(void)
{
	struct err err = {};
	char *ours, *runc;

	check(oci_spec_text(OCI_SPEC_CGROUP_V1, &ours, &err) == 0);
	check(file_read(AT_FDCWD, "tests/oci/config/runc-spec.json", &runc, &err) == 0);
	runc = replaced(runc, ambient, "");
	ours = replaced(ours, "\"" OCI_VERSION "\"", "\"1.0.2-dev\"");
	ours = replaced(ours, "\"hostname\": \"ckrun\"", "\"hostname\": \"runc\"");
	size_t len = strlen(runc); /* which ends without a newline */
	check(!strncmp(ours, runc, len) && !strcmp(ours + len, "\n"));
	free(ours);
	free(runc);
}

static void takes_its_own_spec(void)
{
	struct arena *arena = arena_new();
	struct oci_config config;
	struct err err = {};
	char *text;

	check(oci_spec_text(OCI_SPEC_CGROUP_V2, &text, &err) == 0);
	check(oci_config_parse(arena, text, strlen(text), &config, &err) == 0);
	check(oci_config_check(&config, &err) == 0);
	check(config.linux_.n_namespaces == 6);
	free(text);
	arena_free(&arena);
}

static const char state_text[] = "{\n"
				 "  \"ociVersion\": \"1.0.2\",\n"
				 "  \"id\": \"web\",\n"
				 "  \"pid\": 42,\n"
				 "  \"status\": \"running\",\n"
				 "  \"bundle\": \"/b\",\n"
				 "  \"rootfs\": \"/b/rootfs\",\n"
				 "  \"created\": \"2026-05-01T10:00:00.5Z\",\n"
				 "  \"annotations\": {\n"
				 "    \"a/b\": \"say \\\"hi\\\"\\n\"\n"
				 "  },\n"
				 "  \"owner\": \"\"\n"
				 "}\n";

static void writes_the_state_as_runc_prints_it(void)
{
	char key[] = "a/b", value[] = "say \"hi\"\n";
	struct oci_pair pair = {key, value};
	struct oci_pairs annotations = {&pair, 1};
	struct oci_state s = {
		.version = "1.0.2",
		.id = "web",
		.status = "running",
		.pid = 42,
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-05-01T10:00:00.5Z",
		.annotations = &annotations,
	};
	struct err err = {};
	char *text;

	check(oci_state_text(&s, &text, &err) == 0);
	check(!strcmp(text, state_text));
	free(text);
	check(oci_state_for_hook(&s, &text, &err) == 0);
	check(!strcmp(
		text,
		"{\"ociVersion\":\"1.0.2\",\"id\":\"web\",\"status\":\"running\",\"pid\":42,"
		"\"bundle\":\"/b\",\"annotations\":{\"a/b\":\"say \\\"hi\\\"\\n\"}}"));
	free(text);
}

static void leaves_out_what_a_stopped_container_has_not(void)
{
	struct oci_state s = {
		.version = "1.0.2",
		.id = "web",
		.status = "stopped",
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-05-01T10:00:00.5Z",
	};
	struct err err = {};
	char *text;

	check(oci_state_for_hook(&s, &text, &err) == 0);
	check(!strcmp(text, "{\"ociVersion\":\"1.0.2\",\"id\":\"web\",\"status\":\"stopped\","
			    "\"bundle\":\"/b\"}"));
	free(text);
	check(oci_state_list(&s, 0, &text, &err) == 0);
	check(!strcmp(text, "[]"));
	free(text);
	check(oci_state_list(&s, 1, &text, &err) == 0);
	check(strstr(text, "\"id\":\"web\",\"pid\":0,\"status\"") != NULL);
	free(text);
}

/* Whether an array of strings has this one. */
static bool lists(const struct json *array, const char *name)
{
	check(array && array->type == JSON_ARRAY);
	for (const struct json *c = array->child; c; c = c->next)
		if (!strcmp(c->text, name))
			return true;
	return false;
}

static void promises_no_feature_that_the_check_refuses(void)
{
	struct arena *arena = arena_new();
	const struct json *f;
	struct err err = {};
	char *text;

	check(oci_features_text(&text, &err) == 0);
	check(json_parse(arena, text, strlen(text), &f, &err) == 0);
	const struct json *lin = json_get(f, "linux"), *seccomp = json_get(lin, "seccomp");
	const struct json *spaces = json_get(lin, "namespaces");
	check(json_get(f, "hooks")->n == OCI_HOOK_KINDS);
	check(lists(json_get(f, "hooks"), "startContainer"));
	check(lists(json_get(f, "mountOptions"), "rro"));
	check(lists(json_get(f, "mountOptions"), "idmap") ==
	      json_get(json_get(json_get(lin, "mountExtensions"), "idmap"), "enabled")->truth);
	check(lists(spaces, "pid") && lists(spaces, "cgroup"));
	check(lists(json_get(lin, "capabilities"), "CAP_CHECKPOINT_RESTORE"));
	check(lists(json_get(seccomp, "actions"), "SCMP_ACT_ERRNO"));
	check(!lists(json_get(seccomp, "actions"), "SCMP_ACT_NOTIFY"));
	check(lists(json_get(seccomp, "knownFlags"), "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
	check(!lists(json_get(seccomp, "supportedFlags"),
		     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
	check(lists(json_get(seccomp, "supportedFlags"), "SECCOMP_FILTER_FLAG_LOG"));
	free(text);
	arena_free(&arena);
}

static void a_writer_misused_is_an_error(void)
{
	struct json_writer *w = json_writer_new(JSON_COMPACT);
	struct err err = {};
	char *text;

	json_object(w, NULL);
	check(json_writer_take(w, &text, &err) == -EINVAL);
	json_writer_free(&w);
	w = json_writer_new(JSON_COMPACT);
	json_object(w, NULL);
	json_string(w, NULL, "no key");
	json_end(w);
	check(json_writer_take(w, &text, &err) == -EINVAL);
	json_writer_free(&w);
	w = json_writer_new(JSON_COMPACT);
	check(json_writer_take(w, &text, &err) == -EINVAL);
	json_writer_free(&w);
}

RUN(TEST(writes_the_spec_that_runc_writes), TEST(takes_its_own_spec),
    TEST(writes_the_state_as_runc_prints_it), TEST(leaves_out_what_a_stopped_container_has_not),
    TEST(promises_no_feature_that_the_check_refuses), TEST(a_writer_misused_is_an_error))
