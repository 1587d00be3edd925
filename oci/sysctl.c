/* sysctl.c - which namespace a sysctl belongs to
 *
 * Kernel: ipc/ipc_sysctl.c, ipc/mq_sysctl.c, kernel/utsname_sysctl.c; all of net/ that a
 * network namespace shows is its own.  Whatever else is below /proc/sys is the host's.
 */
#include <sched.h>
#include <string.h>

#include "oci/linux.h"
#include "oci/section.h"
#include "runtime/base/arena.h"

struct owner {
	const char *path; /* one that ends with a slash stands for all below it */
	unsigned long flag;
};

static const struct owner owner[] = {
	{"fs/mqueue/", CLONE_NEWIPC},    {"kernel/msgmax", CLONE_NEWIPC},
	{"kernel/msgmnb", CLONE_NEWIPC}, {"kernel/msgmni", CLONE_NEWIPC},
	{"kernel/sem", CLONE_NEWIPC},    {"kernel/shm_rmid_forced", CLONE_NEWIPC},
	{"kernel/shmall", CLONE_NEWIPC}, {"kernel/shmmax", CLONE_NEWIPC},
	{"kernel/shmmni", CLONE_NEWIPC}, {"kernel/domainname", CLONE_NEWUTS},
	{"net/", CLONE_NEWNET},
};

char *oci_sysctl_path(struct arena *arena, const char *key)
{
	char *path = arena_strdup(arena, key);

	if (!path || key[strcspn(key, "./")] == '/')
		return path;
	for (char *c = path; *c; c++) {
		if (*c == '.')
			*c = '/';
		else if (*c == '/')
			*c = '.';
	}
	return path;
}

static unsigned long owner_of(const char *path)
{
	for (size_t i = 0; i < sizeof(owner) / sizeof(owner[0]); i++) {
		size_t len = strlen(owner[i].path);
		bool all = owner[i].path[len - 1] == '/';

		if (all ? !strncmp(path, owner[i].path, len) : !strcmp(path, owner[i].path))
			return owner[i].flag;
	}
	return 0;
}

/* No empty, "." or ".." part. */
static bool is_plain(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/' && part != path;
		size_t len = strcspn(part, "/");
		if (!len || (len <= 2 && strspn(part, ".") >= len))
			return false;
	}
	return true;
}

static int check_one(const struct field_at *at, const struct oci_linux *lin, const char *key)
{
	char *path = oci_sysctl_path(at->arena, key);
	unsigned long flag = path && is_plain(path) ? owner_of(path) : 0;

	if (path && !strcmp(path, "kernel/hostname"))
		return field_bad(at, key, "hostname is the field to use");
	if (!flag)
		return field_bad(at, key, "is not in a namespace, it would change the host");
	if (!oci_linux_namespace(lin, flag))
		return field_bad(at, key, "there is no %s namespace to set it in",
				 oci_namespace_name(flag));
	return 0;
}

int section_sysctl_check(const struct field_at *linux_at, const struct oci_linux *lin)
{
	struct field_at at = *linux_at;
	int r = 0;

	at.up = linux_at;
	at.key = "sysctl";
	for (size_t i = 0; i < lin->sysctl.n && r == 0; i++)
		r = check_one(&at, lin, lin->sysctl.item[i].key);
	return r;
}
