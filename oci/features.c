#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "oci/config.h"
#include "oci/features.h"
#include "oci/json.h"
#include "oci/names.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { NAMESPACES = 2, VERSION_TEXT = 48 };

static bool passes(const struct oci_config *config)
{
	struct err err = {};

	return oci_config_check(config, &err) == 0;
}

/* A config that asks for nothing but what every container needs. */
static struct oci_config plain(struct oci_namespace *mount)
{
	struct oci_config config = {};

	*mount = (struct oci_namespace){.flag = CLONE_NEWNS};
	config.linux_.namespaces = mount;
	config.linux_.n_namespaces = 1;
	return config;
}

static bool can_namespace(uint64_t flag)
{
	struct oci_namespace namespace[NAMESPACES];
	struct oci_config config = plain(namespace);

	namespace[1] = (struct oci_namespace){.flag = flag};
	config.linux_.n_namespaces = NAMESPACES;
	return passes(&config);
}

static bool can_seccomp(uint64_t action)
{
	struct oci_namespace mount;
	struct oci_config config = plain(&mount);

	config.linux_.seccomp.set = true;
	config.linux_.seccomp.default_action = (uint32_t)action;
	return passes(&config);
}

static bool can_seccomp_flag(uint64_t flag)
{
	struct oci_namespace mount;
	struct oci_config config = plain(&mount);

	config.linux_.seccomp.set = true;
	config.linux_.seccomp.default_action = SCMP_ACT_ALLOW;
	config.linux_.seccomp.flags = (unsigned int)flag;
	return passes(&config);
}

static bool can_id_map(void)
{
	struct oci_namespace mount;
	struct oci_config config = plain(&mount);
	struct oci_mount mapped = {.idmap = true};

	config.mounts = &mapped;
	config.n_mounts = 1;
	return passes(&config);
}

static bool can_intel_rdt(void)
{
	struct oci_namespace mount;
	struct oci_config config = plain(&mount);

	config.linux_.intel_rdt = true;
	return passes(&config);
}

static bool can_net_devices(void)
{
	struct oci_namespace mount;
	struct oci_config config = plain(&mount);

	config.linux_.net_devices = true;
	return passes(&config);
}

static bool can_apparmor(void)
{
	char profile[] = "some";
	struct oci_process process = {.apparmor_profile = profile};
	struct err err = {};

	return oci_process_check(&process, &err) == 0;
}

static bool can_selinux(void)
{
	char label[] = "some";
	struct oci_process process = {.selinux_label = label};
	struct err err = {};

	return oci_process_check(&process, &err) == 0;
}

static bool always(uint64_t value)
{
	(void)value;
	return true;
}

static void names(struct json_writer *w, const char *key, const struct oci_name *table,
		  bool (*can)(uint64_t value))
{
	json_array(w, key);
	for (; table->name; table++)
		if (can(table->value))
			json_string(w, NULL, table->name);
	json_end(w);
}

static void enabled(struct json_writer *w, const char *key, bool on)
{
	json_object(w, key);
	json_bool(w, "enabled", on);
	json_end(w);
}

static void write_hooks(struct json_writer *w)
{
	json_array(w, "hooks");
	for (enum oci_hook_kind kind = 0; kind < OCI_HOOK_KINDS; kind++)
		json_string(w, NULL, oci_hook_name(kind));
	json_end(w);
}

static void write_mount_options(struct json_writer *w)
{
	const char *name;

	json_array(w, "mountOptions");
	for (size_t i = 0; (name = oci_mount_option_name(i)); i++)
		if (can_id_map() || !strstr(name, "idmap"))
			json_string(w, NULL, name);
	json_end(w);
}

static void write_cgroup(struct json_writer *w)
{
	json_object(w, "cgroup");
	json_bool(w, "v1", true);
	json_bool(w, "v2", true);
	json_bool(w, "systemd", false);
	json_bool(w, "systemdUser", false);
	json_bool(w, "rdma", true);
	json_end(w);
}

static void write_seccomp(struct json_writer *w)
{
	json_object(w, "seccomp");
	json_bool(w, "enabled", true);
	names(w, "actions", oci_seccomp_actions(), can_seccomp);
	names(w, "operators", oci_seccomp_operators(), always);
	names(w, "archs", oci_seccomp_archs(), always);
	names(w, "knownFlags", oci_seccomp_flags(), always);
	names(w, "supportedFlags", oci_seccomp_flags(), can_seccomp_flag);
	json_end(w);
}

static void write_linux(struct json_writer *w)
{
	json_object(w, "linux");
	names(w, "namespaces", oci_namespace_names(), can_namespace);
	names(w, "capabilities", oci_capability_names(), always);
	write_cgroup(w);
	write_seccomp(w);
	enabled(w, "apparmor", can_apparmor());
	enabled(w, "selinux", can_selinux());
	enabled(w, "intelRdt", can_intel_rdt());
	json_object(w, "mountExtensions");
	enabled(w, "idmap", can_id_map());
	json_end(w);
	enabled(w, "netDevices", can_net_devices());
	json_end(w);
}

static void write_annotations(struct json_writer *w)
{
	const struct scmp_version *v = seccomp_version();
	char text[VERSION_TEXT];

	json_object(w, "annotations");
	if (v) {
		snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->micro);
		json_string(w, "io.github.seccomp.libseccomp.version", text);
	}
	json_string(w, "io.github.ckrun.version", CKRUN_VERSION);
	/* The name under which engines look for it, whoever the runtime is. */
	json_string(w, "org.opencontainers.runc.checkpoint.enabled", "true");
	json_end(w);
}

int oci_features_text(char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_SPACES);

	if (!w)
		return fail(err, -ENOMEM, "features: out of memory");
	json_object(w, NULL);
	json_string(w, "ociVersionMin", "1.0.0");
	json_string(w, "ociVersionMax", OCI_VERSION);
	write_hooks(w);
	write_mount_options(w);
	write_linux(w);
	write_annotations(w);
	json_end(w);
	int r = json_writer_take(w, ret, err);
	return r < 0 ? fail_in(err, "features") : 0;
}
