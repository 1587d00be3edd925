/* test-oci-config.c - configs as the engines write them, and what the structs then say */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "tests/unit/check.h"

/* The arena is the process's: each test is one. */
static struct oci_config load(const char *path)
{
	struct oci_config config;
	struct err err = {};
	char *text = NULL, line[600];
	struct arena *arena = arena_new();

	check(arena != NULL);
	if (file_read(AT_FDCWD, path, &text, &err) < 0 ||
	    oci_config_parse(arena, text, strlen(text), &config, &err) < 0 ||
	    oci_config_check(&config, &err) < 0)
		printf("# %s: %s\n", path, err_text(&err, line, sizeof(line)));
	check(err.n == 0);
	free(text);
	return config;
}

static const struct oci_mount *mount_at(const struct oci_config *config, const char *where)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (!strcmp(config->mounts[i].destination, where))
			return &config->mounts[i];
	return NULL;
}

static void takes_what_runc_spec_writes(void)
{
	struct oci_config c = load("tests/oci/config/runc-spec.json");

	check(c.has_process && c.process.terminal);
	check(c.process.args.n == 1 && !strcmp(c.process.args.item[0], "sh"));
	check(c.process.args.item[1] == NULL);
	check(c.process.env.n == 2 && !strcmp(c.process.cwd, "/"));
	check(c.process.capabilities.bounding == (1u << 29 | 1u << 5 | 1u << 10));
	check(c.process.capabilities.inheritable == 0 && c.process.capabilities.unknown.n == 0);
	check(c.process.n_rlimits == 1 && c.process.rlimits[0].resource == RLIMIT_NOFILE);
	check(c.process.rlimits[0].soft == 1024 && c.process.rlimits[0].hard == 1024);
	check(c.process.no_new_privileges && c.root.readonly);
	check(!strcmp(c.hostname, "runc") && !strcmp(c.root.path, "rootfs"));
	check(c.linux_.n_namespaces == 5);
	check(oci_linux_namespace(&c.linux_, CLONE_NEWPID)->path == NULL);
	check(c.linux_.resources.n_devices == 1 && !c.linux_.resources.devices[0].allow);
	check(c.linux_.resources.devices[0].type == 'a');
	check(c.linux_.masked_paths.n == 10 && c.linux_.readonly_paths.n == 5);
	const struct oci_mount *dev = mount_at(&c, "/dev");
	check(dev && dev->flags == (MS_NOSUID | MS_STRICTATIME));
	check(!strcmp(dev->data, "mode=755,size=65536k"));
}

RUN(TEST(takes_what_runc_spec_writes))
