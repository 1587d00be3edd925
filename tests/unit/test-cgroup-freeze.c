/* test-cgroup-freeze.c - freezing stops everybody, refuses to stop us, and names who resists */
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#include "tests/unit/cgrouped.h"

enum { MANY = 200, PATIENCE_MS = 10000 };

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
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED)
		exit(CHECK_SKIPPED);
	check(!status);
	body();
}

static volatile unsigned long *counter; /* shared by all spinning tasks, one slot each */
static int slot;

static void spin(void)
{
	for (;;) {
		counter[slot]++;
		usleep(500);
	}
}

static unsigned long sum(void)
{
	unsigned long all = 0;

	for (int i = 0; i < MANY; i++)
		all += counter[i];
	return all;
}

static void many(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/many");
	pid_t pid[MANY];
	bool frozen = true;

	counter = mmap(NULL, MANY * sizeof(*counter), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (slot = 0; slot < MANY; slot++)
		pid[slot] = task_in(set, spin);
	ok(cgroup_set_frozen(set, &frozen, why));
	check(!frozen);
	ok(cgroup_set_freeze(set, PATIENCE_MS, why));
	ok(cgroup_set_frozen(set, &frozen, why));
	check(frozen);
	unsigned long before = sum();
	usleep(20000);
	check(sum() == before);                       /* nobody moved */
	ok(cgroup_set_freeze(set, PATIENCE_MS, why)); /* again is no error */
	ok(cgroup_set_thaw(set, why));
	ok(cgroup_set_frozen(set, &frozen, why));
	check(!frozen);
	usleep(50000);
	check(sum() > before);
	for (int i = 0; i < MANY; i++)
		end_task(pid[i]);
	ok(cgroup_set_remove(set, why));
}

static void freezes_and_thaws_200_tasks(void)
{
	on_both_layouts(many);
}

static void own(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/own");
	struct err err = {};
	char text[512];

	ok(cgroup_set_add(set, 0, why));
	check(cgroup_set_freeze(set, 100, &err) == -EDEADLK);
	check(strstr(err_text(&err, text, sizeof(text)), "ckrun itself runs in it"));
	check(cgroup_set_kill(set, SIGKILL, &err) == -EDEADLK);
	bool frozen = true;
	ok(cgroup_set_frozen(set, &frozen, why));
	check(!frozen);
}

static void own_in_a_child(void)
{
	pid_t pid = fork();
	struct cgroup_set *set;
	int status;

	if (!pid) {
		own();
		exit(0);
	}
	check(waitpid(pid, &status, 0) == pid && !status);
	ok(cgroup_set_open(memory(), "/ckrun-test/own", &set, why));
	ok(cgroup_set_remove(set, why));
}

static void refuses_a_cgroup_that_holds_the_caller(void)
{
	on_both_layouts(own_in_a_child);
}

static void below(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/outside"), *inner = NULL;
	const struct cgroup_path *p;
	size_t n;

	ok(cgroup_set_open(memory(), "/ckrun-test/outside/in", &inner, why));
	ok(cgroup_set_paths(inner, memory(), &p, &n, why));
	for (size_t i = 0; i < n; i++)
		check(!mkdir(p[i].dir, 0755));
	counter = mmap(NULL, MANY * sizeof(*counter), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* only the hierarchy that freezes: a v1 cpuset made by hand takes nobody */
	pid_t pid = task_in(set, spin);
	char path[512], text[16];
	snprintf(path, sizeof(path), "%s/cgroup.procs",
		 cgroup_set_path(inner, cgroup_set_path(inner, "freezer") ? "freezer" : ""));
	snprintf(text, sizeof(text), "%d", pid);
	ok(file_write(AT_FDCWD, path, text, why));
	ok(cgroup_set_freeze(set, PATIENCE_MS, why));
	unsigned long before = counter[0];
	usleep(10000);
	check(counter[0] == before);
	bool frozen = true;
	ok(cgroup_set_frozen(inner, &frozen, why));
	check(!frozen); /* by its parent, not by itself */
	ok(cgroup_set_thaw(set, why));
	end_task(pid);
	ok(cgroup_set_remove(set, why));
}

static void freezes_sub_cgroups_and_tells_who_was_asked(void)
{
	on_both_layouts(below);
}

static void missing(void)
{
	struct cgroup_set *set = NULL;
	struct err err = {};

	ok(cgroup_set_open(memory(), "/ckrun-test/never-made", &set, why));
	check(cgroup_set_freeze(set, 100, &err) == -ENOENT);
}

static void says_that_a_missing_cgroup_cannot_be_frozen(void)
{
	on_both_layouts(missing);
}

/* A FUSE file system whose server reads a request and never answers: who waits for it can be
 * neither frozen nor stopped.  INIT (opcode 26) is answered with version 7.31. */
static void serve_until_stuck(int fuse, int taken)
{
	struct {
		uint32_t len, opcode;
		uint64_t unique;
		char rest[65536];
	} in;
	struct {
		uint32_t len, error;
		uint64_t unique;
		uint32_t major, minor, body[14];
	} out = {.len = sizeof(out), .major = 7, .minor = 31};

	check(read(fuse, &in, sizeof(in)) > 0 && in.opcode == 26);
	out.unique = in.unique;
	out.body[3] = 4096; /* max_write */
	check(write(fuse, &out, sizeof(out)) == sizeof(out));
	check(read(fuse, &in, sizeof(in)) > 0);
	check(write(taken, "", 1) == 1);
}

static void stat_the_fuse(void)
{
	struct stat st;

	stat("/tmp/stuck/file", &st);
}

static void stuck(void)
{
	struct cgroup_set *set = fresh_set("/ckrun-test/stuck");
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC), taken[2];
	char options[128], text[512], byte;
	struct err err = {};

	if (fuse < 0)
		skip("needs /dev/fuse");
	mkdir("/tmp/stuck", 0755);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
	check(!mount("stuck", "/tmp/stuck", "fuse", 0, options));
	check(!pipe(taken));
	pid_t server = fork();
	if (!server) {
		serve_until_stuck(fuse, taken[1]);
		for (;;)
			pause();
	}
	close(taken[1]);
	pid_t idle = task_in(set, NULL), pid = task_in(set, stat_the_fuse);
	check(read(taken[0], &byte, 1) == 1);
	check(cgroup_set_freeze(set, 200, &err) == -ETIMEDOUT);
	snprintf(options, sizeof(options), "task %d (", pid);
	err_text(&err, text, sizeof(text));
	if (!strstr(text, options) || !strstr(text, "stat"))
		printf("# %s\n", text);
	check(strstr(text, options) && strstr(text, "stat"));
	bool frozen = true;
	ok(cgroup_set_frozen(set, &frozen, why));
	check(!frozen); /* thawed again: it was not frozen before */
	umount2("/tmp/stuck", MNT_FORCE | MNT_DETACH);
	end_task(server);
	close(fuse); /* ends the wait */
	end_task(pid);
	end_task(idle);
	ok(cgroup_set_remove(set, why));
}

static void names_the_task_that_does_not_freeze(void)
{
	on_both_layouts(stuck);
}

RUN(TEST(freezes_and_thaws_200_tasks), TEST(refuses_a_cgroup_that_holds_the_caller),
    TEST(freezes_sub_cgroups_and_tells_who_was_asked),
    TEST(says_that_a_missing_cgroup_cannot_be_frozen),
    TEST(names_the_task_that_does_not_freeze))
