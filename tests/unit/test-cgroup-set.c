/* test-cgroup-set.c - a container's cgroups are made, filled, listed, frozen, killed, removed
 *
 * Each test runs on the layout at hand and on a pure v2 view of it.
 */
#include <pthread.h>

#include "tests/unit/cgrouped.h"

/* Runs the body here, and again in a child that sees v2 alone. */
static void on_both_layouts(void (*body)(void))
{
	need_sandbox();
	pid_t pid = fork();
	int status;

	if (!pid) {
		become_pure_v2();
		body();
		exit(0);
	}
	check(waitpid(pid, &status, 0) == pid);
	if (status)
		printf("# on cgroup v2\n");
	check(!status);
	body();
}

static bool is_listed(const struct cgroup_set *set, pid_t pid)
{
	pid_t *all;
	size_t n;

	ok(cgroup_set_tasks(set, memory(), &all, &n, why));
	for (size_t i = 0; i < n; i++)
		if (all[i] == pid)
			return true;
	return false;
}

static void life_of_a_set(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/web");
	pid_t pid = task_in(set, NULL);
	bool empty = true;

	check(cgroup_set_exists(set) && is_listed(set, pid) && !is_listed(set, getpid()));
	ok(cgroup_set_is_empty(set, &empty, why));
	check(!empty);
	end_task(pid);
	ok(cgroup_set_is_empty(set, &empty, why));
	check(empty);
	ok(cgroup_set_remove(set, why));
	check(!cgroup_set_exists(set));
	ok(cgroup_set_remove(set, why)); /* once more is no error */
}

static void makes_fills_and_removes(void)
{
	on_both_layouts(life_of_a_set);
}

static void every_hierarchy(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/everywhere");
	pid_t pid = task_in(set, NULL);
	const struct cgroup_path *path;
	char want[16];
	size_t n;

	snprintf(want, sizeof(want), "%d", pid);
	ok(cgroup_set_paths(set, memory(), &path, &n, why));
	check(n >= 1);
	for (size_t i = 0; i < n; i++)
		check(!strcmp(value_of(set, path[i].controllers, "cgroup.procs"), want));
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void puts_the_task_into_every_hierarchy(void)
{
	on_both_layouts(every_hierarchy);
}

/* Not in v2: a process is born there. */
static void entering(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/entered");
	const struct cgroup_path *path;
	char self[16];
	size_t n;

	snprintf(self, sizeof(self), "%d", getpid());
	ok(cgroup_set_paths(set, arena_new(), &path, &n, why));
	ok(cgroup_set_enter(set, why));
	for (size_t i = 0; i < n; i++)
		check(!strcmp(value_of(set, path[i].controllers, "cgroup.procs"),
			      *path[i].controllers ? self : ""));
}

static void a_process_enters_by_itself(void)
{
	on_both_layouts(entering);
}

static void reopening(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/saved"), *again;
	struct arena *arena = memory();
	const struct cgroup_path *path;
	struct cgroup_path gone = {"nonesuch", "/sys/fs/cgroup/nonesuch/x"};
	struct err err = {};
	size_t n;

	ok(cgroup_set_paths(set, arena, &path, &n, why));
	ok(cgroup_set_reopen(arena, path, n, &again, why));
	check(!strcmp(cgroup_set_path(set, path[0].controllers),
		      cgroup_set_path(again, path[0].controllers)));
	ok(cgroup_set_remove(again, why));
	check(!cgroup_set_exists(set));
	check(cgroup_set_reopen(arena, &gone, 1, &again, &err) == -ENOENT);
}

static void opens_again_from_saved_paths(void)
{
	on_both_layouts(reopening);
}

static void taking_over(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/taken");
	struct err err = {};

	ok(cgroup_set_freeze(set, 1000, why));
	ok(cgroup_set_create(set, why)); /* nobody in it: ours */
	pid_t pid = task_in(set, NULL);  /* would hang if still frozen */
	check(cgroup_set_create(set, &err) == -EEXIST);
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void takes_over_an_empty_cgroup_but_no_other(void)
{
	on_both_layouts(taking_over);
}

/* As the container itself would: without turning on controllers for it (v2: outer has tasks). */
static struct cgroup_set *mkdir_set(const char *path)
{
	struct cgroup_set *set = NULL;
	const struct cgroup_path *p;
	size_t n;

	ok(cgroup_set_open(memory(), path, &set, why));
	ok(cgroup_set_paths(set, memory(), &p, &n, why));
	for (size_t i = 0; i < n; i++)
		check(!mkdir(p[i].dir, 0755));
	return set;
}

static void copy_cpuset(const struct cgroup_set *set, const char *above)
{
	static const char *const file[] = {"cpuset.cpus", "cpuset.mems"};
	const char *dir = cgroup_set_path(set, "cpuset");
	struct cgroup_set *parent = NULL;
	char path[512];

	ok(cgroup_set_open(memory(), above, &parent, why));
	for (int i = 0; i < 2 && dir && cgroup_set_path(set, "freezer"); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, file[i]);
		ok(file_write(AT_FDCWD, path, value_of(parent, "cpuset", file[i]), why));
	}
}

static void sub_cgroups(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/outer");
	struct cgroup_set *middle = mkdir_set("/ckrun-test/outer/inner");
	copy_cpuset(middle, "/ckrun-test/outer");
	struct cgroup_set *inner = mkdir_set("/ckrun-test/outer/inner/deep");
	copy_cpuset(inner, "/ckrun-test/outer/inner");
	pid_t a = task_in(set, NULL), b = task_in(inner, NULL), *pid;
	const char *controller = cgroup_set_path(set, "freezer") ? "freezer" : "";
	const char **group;
	size_t n;

	ok(cgroup_set_tasks(set, memory(), &pid, &n, why));
	check(n == 2 && pid[0] == (a < b ? a : b) && pid[1] == (a < b ? b : a));
	ok(cgroup_set_groups(set, controller, memory(), &group, &n, why));
	check(n == 3 && !strcmp(group[0], "") && !strcmp(group[1], "inner") &&
	      !strcmp(group[2], "inner/deep"));
	end_task(a);
	end_task(b);
	ok(cgroup_set_remove(set, why)); /* with all below */
	check(!cgroup_set_exists(inner) && !cgroup_set_exists(set));
}

static void lists_and_removes_sub_cgroups_too(void)
{
	on_both_layouts(sub_cgroups);
}

static void *wait_forever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void with_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, wait_forever, NULL);
	wait_forever(NULL);
}

static void threads(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/threads");
	pid_t pid = task_in(NULL, with_threads), *tid;
	size_t n = 0;

	for (int i = 0; i < 1000 && n < 4; i++) { /* until all threads are there */
		struct err ignored;

		usleep(1000);
		check(cgroup_set_add(set, pid, &ignored) >= 0);
		ok(cgroup_set_threads(set, memory(), &tid, &n, why));
	}
	check(n == 4 && tid[0] == pid);
	ok(cgroup_set_tasks(set, memory(), &tid, &n, why));
	check(n == 1 && tid[0] == pid);
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void moves_a_process_with_all_its_threads(void)
{
	on_both_layouts(threads);
}

static void busy(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/busy");
	pid_t pid = task_in(set, NULL);
	char text[512], who[32];
	struct err err = {};

	check(cgroup_set_remove(set, &err) == -EBUSY);
	snprintf(who, sizeof(who), "process %d", pid);
	check(strstr(err_text(&err, text, sizeof(text)), who));
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void names_the_process_that_keeps_a_cgroup(void)
{
	on_both_layouts(busy);
}

static void dying(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/dying");
	pid_t pid[50];

	for (int i = 0; i < 50; i++)
		pid[i] = task_in(set, NULL);
	ok(cgroup_set_kill(set, SIGKILL, why));
	ok(cgroup_set_remove(set, why)); /* they are not even reaped */
	for (int i = 0; i < 50; i++)
		check(waitpid(pid[i], NULL, 0) == pid[i]);
}

static void kills_all_and_waits_for_them_to_leave(void)
{
	on_both_layouts(dying);
}

static void fork_on(void)
{
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid > 0)
			_exit(0); /* the child goes on */
		usleep(500);
	}
	for (;;)
		pause();
}

static void forking(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/forking");
	pid_t pid = task_in(set, fork_on);

	ok(cgroup_set_kill(set, SIGKILL, why));
	ok(cgroup_set_remove(set, why));
	waitpid(pid, NULL, 0);
}

static void kills_processes_that_fork_meanwhile(void)
{
	on_both_layouts(forking);
}

static void relative(void)
{
	struct cgroup_set *set = NULL;

	ok(cgroup_set_open(memory(), "below-us", &set, why));
	ok(cgroup_set_create(set, why));
	ok(cgroup_set_remove(set, why));
}

static void makes_a_relative_path_near_our_own(void)
{
	on_both_layouts(relative);
}

static void leaves_nothing_when_creation_fails(void)
{
	struct cgroup_set *set = NULL, *above = NULL;
	const struct cgroup_path *p, *up;
	struct err err = {};
	char path[512], text[16];
	size_t n;

	need_sandbox();
	ok(cgroup_set_open(memory(), "/ckrun-fails/x", &set, why));
	ok(cgroup_set_open(memory(), "/ckrun-fails", &above, why));
	ok(cgroup_set_paths(set, memory(), &p, &n, why));
	ok(cgroup_set_paths(above, memory(), &up, &n, why));
	if (n < 2)
		skip("needs two cgroup hierarchies");
	/* a process in the place of the last hierarchy's cgroup makes that one fail */
	check(!mkdir(up[n - 1].dir, 0755) && !mkdir(p[n - 1].dir, 0755));
	pid_t pid = task_in(NULL, NULL);
	snprintf(path, sizeof(path), "%s/cgroup.procs", p[n - 1].dir);
	snprintf(text, sizeof(text), "%d", pid);
	ok(file_write(AT_FDCWD, path, text, why));
	check(cgroup_set_create(set, &err) == -EEXIST);
	for (size_t i = 0; i + 1 < n; i++) /* nor the parents that it made */
		check(access(p[i].dir, F_OK) < 0 && access(up[i].dir, F_OK) < 0);
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

RUN(TEST(makes_fills_and_removes), TEST(puts_the_task_into_every_hierarchy),
    TEST(a_process_enters_by_itself), TEST(opens_again_from_saved_paths),
    TEST(takes_over_an_empty_cgroup_but_no_other), TEST(lists_and_removes_sub_cgroups_too),
    TEST(moves_a_process_with_all_its_threads), TEST(names_the_process_that_keeps_a_cgroup),
    TEST(kills_all_and_waits_for_them_to_leave), TEST(kills_processes_that_fork_meanwhile),
    TEST(makes_a_relative_path_near_our_own), TEST(leaves_nothing_when_creation_fails))
