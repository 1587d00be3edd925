/* mountinfo.h - the mounts that a task sees, from /proc/PID/mountinfo
 *
 * Kernel  fs/proc_namespace.c show_mountinfo(), proc_pid_mountinfo(5)        since
 *           id parent dev root mountpoint options [fields] - type source super
 *                                                                            Linux 2.6.26
 *           nosymfollow                                                      Linux 5.10
 *           idmapped                                                         Linux 5.15
 *         Mounts outside of the task's root are left out; a parent may be missing from the list.
 *         A mount that another one covers is listed all the same.
 * Escapes blank, tab, newline and backslash everywhere, '#' too in source and type.  In
 *         super_options some file systems also escape ',' and '=' inside a value, so the text is
 *         left as it is: split it at commas, then mountinfo_value().
 */
#ifndef CKRUN_KERNEL_MOUNTINFO_H
#define CKRUN_KERNEL_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

struct mountinfo_mount {
	uint32_t id, parent;
	dev_t dev;
	const char *root;       /* of the file system: what of it is mounted */
	bool root_deleted;      /* "//deleted" was appended: the root was unlinked */
	const char *mountpoint; /* as the task's root shows it */
	const char *options;    /* of the mount, as printed */
	uint64_t flags;         /* the same as MS_RDONLY, MS_NOSUID, ... of mount(2) */
	bool idmapped;
	bool unknown_option; /* `options` has a word that `flags` cannot say */
	uint32_t shared, master, propagate_from; /* peer groups; 0: none */
	bool unbindable;
	const char *fstype; /* with its subtype, "fuse.sshfs" */
	const char *source; /* perhaps "" */
	const char *super_options;
};

struct mountinfo {
	size_t n;
	struct mountinfo_mount *mount; /* in the kernel's order, which is that of mounting */
};

int mountinfo_parse(const char *text, struct arena *arena, struct mountinfo *ret,
		    struct err *err);
int mountinfo_read(pid_t pid, struct arena *arena, struct mountinfo *ret, struct err *err);

/* mountinfo_value() - one option of super_options without escapes.  NULL: out of memory. */
char *mountinfo_value(struct arena *arena, const char *text, size_t len);

#endif
