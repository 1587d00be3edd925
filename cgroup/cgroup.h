/* cgroup.h - a container's cgroups: one directory in every hierarchy, seen as one thing
 *
 * Linux has three layouts and all three work the same through this header:
 *	v1      each controller (or several co-mounted) is a hierarchy of its own
 *	hybrid  v1 plus a v2 hierarchy at /sys/fs/cgroup/unified
 *	v2      one hierarchy at /sys/fs/cgroup
 * A `struct cgroup_set` names the container's cgroup in each of them.  It lives in the caller's
 * arena, holds no descriptors and changes nothing until it is told to.
 *
 *	cgroup_set_open(arena, "/machine/web", &set, err);	names it
 *	cgroup_set_create(set, err);				makes the directories
 *	cgroup_set_limit(set, resources, err);
 *	cgroup_set_add(set, pid, err);
 *	...
 *	cgroup_set_remove(set, err);
 *
 * What is mounted is read when a set is opened, not before: a command that needs no cgroup
 * pays nothing.  Not thread-safe (libcgroup keeps its own tables).
 *
 * (The prefix cgroup_ and `struct cgroup` are also libcgroup's; its header clashes with this one
 * and is included by cgroup/lib.c alone.)
 */
#ifndef CKRUN_CGROUP_CGROUP_H
#define CKRUN_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;
struct oci_resources;

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

struct cgroup_set;

/* --- name it ----------------------------------------------------------------------------- */

/* cgroup_layout() - what is mounted in our mount namespace (/proc/self/mountinfo). */
int cgroup_layout(enum cgroup_layout *ret, struct err *err);

/* cgroup_set_open() - name a container's cgroups; nothing is created or checked to exist.
 * path as config.json's linux.cgroupsPath:
 *	absolute   below the root of each hierarchy as our own mounts show it
 *	relative   v1: below our own cgroup of that hierarchy; v2: beside our own cgroup, because
 *	           a v2 cgroup that holds processes cannot give controllers to its children
 * "..", empty components and the root itself are refused.  -ENOENT: no cgroups are mounted. */
int cgroup_set_open(struct arena *arena, const char *path, struct cgroup_set **ret,
		    struct err *err);

/* One hierarchy of a set, as kept in state.json. */
struct cgroup_path {
	const char *controllers; /* "cpu,cpuacct", "name=systemd"; "" is the v2 hierarchy */
	const char *dir;         /* absolute directory in our mount namespace */
};

/* cgroup_set_paths() - what to save; cgroup_set_reopen() - the same set from what was saved.
 * -ENOENT names a hierarchy that is no longer mounted where it was. */
int cgroup_set_paths(const struct cgroup_set *set, struct arena *arena,
		     const struct cgroup_path **ret, size_t *ret_n, struct err *err);
int cgroup_set_reopen(struct arena *arena, const struct cgroup_path *paths, size_t n,
		      struct cgroup_set **ret, struct err *err);

/* cgroup_set_path() - absolute directory of the hierarchy that has the controller ("memory",
 * "name=systemd"; "" the v2 hierarchy).  NULL: no such controller on this host. */
const char *cgroup_set_path(const struct cgroup_set *set, const char *controller);

/* --- make, fill, remove ------------------------------------------------------------------ */

/* cgroup_set_create() - make the directory in every hierarchy, parents included.  Existing
 * ones are taken over only if empty of processes: -EEXIST names the one that is not.
 * v1 cpuset starts with its parent's cpus and mems; v2 parents get their subtree_control.
 * On failure what this call made is removed again. */
int cgroup_set_create(const struct cgroup_set *set, struct err *err);

/* cgroup_set_remove() - remove the set and every cgroup below it.  Waits up to a second for
 * tasks that are on their way out (rmdir says EBUSY until the last has left): -EBUSY names
 * one that stays.  A set that does not exist is a success.  Parents are left. */
int cgroup_set_remove(const struct cgroup_set *set, struct err *err);

/* cgroup_set_add() - move a process with all its threads into the set, in every hierarchy.
 * pid 0 is the caller. */
int cgroup_set_add(const struct cgroup_set *set, pid_t pid, struct err *err);

/* cgroup_set_enter() - the caller, a process of one thread that was born in the v2 cgroup
 * (CLONE_INTO_CGROUP) if the set has one, enters the v1 cgroups.  Moving another process, or a
 * process of v2, makes the kernel wait until no fork or exec is under way, some 10 ms; a thread
 * that moves itself does not (Linux 5.4). */
int cgroup_set_enter(const struct cgroup_set *set, struct err *err);

bool cgroup_set_exists(const struct cgroup_set *set);

/* cgroup_set_is_empty() - no process in the set or below, in the hierarchy that counts (the
 * freezer's on v1, else v2). */
int cgroup_set_is_empty(const struct cgroup_set *set, bool *ret_empty, struct err *err);

/* --- limits ------------------------------------------------------------------------------ */

/* cgroup_set_limit() - linux.resources of config.json (also `update`): only what is given is
 * written.  A limit whose controller this host lacks is refused by name; zero and unset ask
 * for nothing.  NULL resources: nothing to do. */
int cgroup_set_limit(const struct cgroup_set *set, const struct oci_resources *resources,
		     struct err *err);

/* cgroup_set_devices() - everything is denied, then the rules of resources (NULL: none) in their
 * order, then what every container has is allowed: mknod of all nodes, and null zero full
 * random urandom tty ptmx pts.  v1 and hybrid: devices.deny and devices.allow; v2: a BPF program,
 * which stays as long as the cgroup does.  Called again, the new rules take the old ones' place.
 * REFUSED, on v1: a rule that cuts a piece out of an earlier one, which v1 cannot say. */
int cgroup_set_devices(const struct cgroup_set *set, const struct oci_resources *resources,
		       struct err *err);

/* --- freeze and list ---------------------------------------------------------------------- */

/* cgroup_set_freeze() - stop every task of the set and below; returns when the last one has
 * stopped.  The v1 freezer where it is mounted, else v2.  Freezing what is frozen is a success.
 * -EDEADLK: the caller itself is in there.  -ETIMEDOUT after timeout_ms: the sentence names a
 * task that would not stop and its system call; the set is thawed again if it was before. */
int cgroup_set_freeze(const struct cgroup_set *set, int timeout_ms, struct err *err);
int cgroup_set_thaw(const struct cgroup_set *set, struct err *err);

/* cgroup_set_frozen() - is the set itself told to be frozen?  (Not: is a parent frozen.)  True
 * also while tasks are still stopping. */
int cgroup_set_frozen(const struct cgroup_set *set, bool *ret_frozen, struct err *err);

/* cgroup_set_tasks() - every process (thread group id) of the set and all cgroups below;
 * cgroup_set_threads() - every thread id.  In our pid namespace, each once, ascending: a
 * process of a namespace that ours does not contain is -EXDEV (the kernel shows it as 0).
 * Zombies are not listed (Linux 5.2); they are children of those that are.  Ask while frozen,
 * or the answer is old. */
int cgroup_set_tasks(const struct cgroup_set *set, struct arena *arena, pid_t **ret,
		     size_t *ret_n, struct err *err);
int cgroup_set_threads(const struct cgroup_set *set, struct arena *arena, pid_t **ret,
		       size_t *ret_n, struct err *err);

/* cgroup_set_groups() - the cgroups below the set in one hierarchy, parents before children,
 * as paths relative to it; the set itself is "".  For carrying nested cgroups. */
int cgroup_set_groups(const struct cgroup_set *set, const char *controller, struct arena *arena,
		      const char ***ret, size_t *ret_n, struct err *err);

/* cgroup_set_kill() - send the signal to every process of the set and below until none is
 * missed (processes that fork meanwhile are found again).  SIGKILL uses cgroup.kill where the
 * kernel has it (v2, Linux 5.14).  Does not wait for them to be gone, does not thaw: frozen
 * v1 tasks die when thawed.  -EDEADLK: the caller itself is in there. */
int cgroup_set_kill(const struct cgroup_set *set, int signal, struct err *err);

/* --- what the container sees -------------------------------------------------------------- */

/* One hierarchy for a mount of type "cgroup" in config.json.  v2: exactly one, with name "".
 * v1 and hybrid: a tmpfs at the destination with one directory for each; links are symlinks
 * to it for the controllers that share a hierarchy ("cpu" -> "cpu,cpuacct").
 * With an own cgroup namespace: mount(2) of type with options; without: bind dir. */
struct cgroup_mount {
	const char *name;    /* directory below the destination: "memory", "unified", "" */
	const char *type;    /* "cgroup", "cgroup2" */
	const char *options; /* "cpu,cpuacct", "name=systemd"; "" for cgroup2 */
	const char *dir;     /* the container's cgroup on the host */
	const char *const *links;
	size_t n_links;
};

int cgroup_set_mounts(const struct cgroup_set *set, struct arena *arena,
		      const struct cgroup_mount **ret, size_t *ret_n, struct err *err);

/* --- numbers ------------------------------------------------------------------------------ */

#define CGROUP_UNKNOWN UINT64_MAX         /* no such controller or file here */
#define CGROUP_UNLIMITED (UINT64_MAX - 1) /* "max" */

struct cgroup_stats {
	uint64_t cpu_usage_ns, cpu_user_ns, cpu_system_ns;
	uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_ns;
	uint64_t memory_usage, memory_peak, memory_limit, memory_failures;
	uint64_t memory_cache, memory_swap_usage, memory_swap_limit;
	uint64_t pids_current, pids_limit;
	uint64_t oom_kills;
};

int cgroup_set_stats(const struct cgroup_set *set, struct cgroup_stats *ret, struct err *err);

#endif
