/* cage.h - what tests/sandbox is made of
 *
 * Three processes.  The *front* is what the caller started: it makes the cgroups, waits, and
 * ends everything.  The *keeper* has a session of its own and holds the read end of a pipe whose
 * write end only the front has: when the front dies, by whatever, the keeper does its work.  The
 * *inside* is pid 1 of the new pid namespace; it dies with the front (PR_SET_PDEATHSIG) and runs
 * the command as its child.  If front and keeper are both killed, the next sandbox sweeps.
 *
 * A function that cannot go on prints one line and exits with 125 (die); what the kernel at hand
 * lacks is done without.
 */
#ifndef CKRUN_TESTS_CAGE_H
#define CKRUN_TESTS_CAGE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { EXIT_TIME_OUT = 124, EXIT_CAGE = 125 };
enum { MOUNTS_MAX = 64 };

/* A mount that the sandbox needs again as its own: cgroup, cgroup2, mqueue, all below /sys. */
struct mount_line {
	char *root, *point, *type, *options;
};

struct mount_table {
	struct mount_line line[MOUNTS_MAX];
	size_t n;
};

/* One hierarchy: the sandbox's cgroup in it, "PARENT/ckrun-sandbox-NAMESPACE-PID", and the folder
 * above it, full paths. */
struct hierarchy {
	bool v2;
	char *parent, *own;
};

struct cgroups {
	struct hierarchy hierarchy[MOUNTS_MAX];
	size_t n;
};

/* --- mounts.c */
/* Reads /proc/self/mountinfo; of several mounts on one point the last is kept. */
void mounts_read(struct mount_table *ret_table);
/* Makes the view of the inside.  The caller stands in a new mount namespace.  @tree and the
 * current folder stay visible where they are, also below a folder that becomes a tmpfs. */
void mounts_furnish(const struct mount_table *table, const char *tree);

/* --- cgroups.c */
/* Finds where the cgroup of the sandbox whose front is @pid belongs in each hierarchy: below the
 * caller's; v2: beside it, since a cgroup with processes cannot give controllers to its children. */
void cgroups_plan(struct cgroups *ret_groups, const struct mount_table *table, pid_t pid);
void cgroups_make(const struct cgroups *groups);
/* Moves the caller. */
void cgroups_join(const struct cgroups *groups);
/* v2: moves the caller one down, into `init`, and turns on the controllers beside it. */
void cgroups_nest(const struct cgroups *groups);
/* Thaws, kills, removes.  Returns the number of hierarchies where something is left; to be called again. */
int cgroups_end(const struct cgroups *groups);
/* Ends what sandboxes of this pid namespace left whose front is no more. */
void cgroups_sweep(const struct cgroups *groups);

/* --- inside.c */
enum terminal {
	TERMINAL_NONE,   /* standard input is none */
	TERMINAL_OTHERS, /* another process group has it: we are a job in the background */
	TERMINAL_OURS,   /* the command gets it, the front takes it back */
};

struct inside {
	const struct cgroups *groups;
	const struct mount_table *table;
	const sigset_t *mask;      /* of the command */
	enum terminal terminal;    /* standard input */
	unsigned long outside_pid; /* number of the pid namespace outside */
	int go, status;            /* a byte says: begin; the exit code goes out as an int */
	char **argv;
};

_Noreturn void inside_run(const struct inside *inside);

/* --- main.c */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Returns 0, or -errno. */
int write_file(const char *path, const char *value);
/* The inode number of /proc/self/ns/@name. */
unsigned long namespace_id(const char *name);
/* The whole file or its first 64 KiB, "" if it cannot be read. */
char *read_file(const char *path);

#endif
