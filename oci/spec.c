#include <errno.h>

#include "oci/config.h"
#include "oci/json.h"
#include "oci/spec.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { OPTIONS = 6 };

struct spec_mount {
	const char *destination, *type, *source;
	const char *option[OPTIONS + 1];
};

static const struct spec_mount mount[] = {
	{"/proc", "proc", "proc", {NULL}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts",
	 "devpts",
	 "devpts",
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};

/* An ambient one would have to be inheritable too, which is not safe by default. */
static const char *const capability_set[] = {
	"bounding",
	"effective",
	"permitted",
	NULL,
};

static const char *const capability[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
	NULL,
};

static const char *const namespace[] = {
	"pid", "network", "ipc", "uts", "mount", NULL,
};

static const char *const masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/proc/scsi",
	NULL,
};

static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static void list(struct json_writer *w, const char *key, const char *const *item)
{
	json_array(w, key);
	for (; *item; item++)
		json_string(w, NULL, *item);
	json_end(w);
}

static void write_process(struct json_writer *w)
{
	static const char *const args[] = {"sh", NULL};

	json_object(w, "process");
	json_bool(w, "terminal", true);
	json_object(w, "user");
	json_unsigned_number(w, "uid", 0);
	json_unsigned_number(w, "gid", 0);
	json_end(w);
	list(w, "args", args);
	list(w, "env", env);
	json_string(w, "cwd", "/");
	json_object(w, "capabilities");
	for (size_t i = 0; capability_set[i]; i++)
		list(w, capability_set[i], capability);
	json_end(w);
	json_array(w, "rlimits");
	json_object(w, NULL);
	json_string(w, "type", "RLIMIT_NOFILE");
	json_unsigned_number(w, "hard", 1024);
	json_unsigned_number(w, "soft", 1024);
	json_end(w);
	json_end(w);
	json_bool(w, "noNewPrivileges", true);
	json_end(w);
}

static void write_mounts(struct json_writer *w)
{
	json_array(w, "mounts");
	for (size_t i = 0; i < sizeof(mount) / sizeof(mount[0]); i++) {
		json_object(w, NULL);
		json_string(w, "destination", mount[i].destination);
		json_string(w, "type", mount[i].type);
		json_string(w, "source", mount[i].source);
		if (mount[i].option[0])
			list(w, "options", mount[i].option);
		json_end(w);
	}
	json_end(w);
}

static void write_namespace(struct json_writer *w, const char *type)
{
	json_object(w, NULL);
	json_string(w, "type", type);
	json_end(w);
}

static void write_linux(struct json_writer *w, enum oci_spec_cgroup cgroup)
{
	json_object(w, "linux");
	json_object(w, "resources");
	json_array(w, "devices");
	json_object(w, NULL);
	json_bool(w, "allow", false);
	json_string(w, "access", "rwm");
	json_end(w);
	json_end(w);
	json_end(w);
	json_array(w, "namespaces");
	for (size_t i = 0; namespace[i]; i++)
		write_namespace(w, namespace[i]);
	if (cgroup == OCI_SPEC_CGROUP_V2)
		write_namespace(w, "cgroup");
	json_end(w);
	list(w, "maskedPaths", masked);
	list(w, "readonlyPaths", readonly);
	json_end(w);
}

int oci_spec_text(enum oci_spec_cgroup cgroup, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_TABS);

	if (!w)
		return fail(err, -ENOMEM, "spec: out of memory");
	json_object(w, NULL);
	json_string(w, "ociVersion", OCI_VERSION);
	write_process(w);
	json_object(w, "root");
	json_string(w, "path", "rootfs");
	json_bool(w, "readonly", true);
	json_end(w);
	json_string(w, "hostname", "ckrun");
	write_mounts(w);
	write_linux(w, cgroup);
	json_end(w);
	int r = json_writer_take(w, ret, err);
	return r < 0 ? fail_in(err, "spec") : 0;
}
