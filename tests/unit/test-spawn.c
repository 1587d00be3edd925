/* test-spawn.c - what spawn() promises to its callers: a process at rest, nothing left behind
 *
 * Whole containers, their mounts and attacks on them are the business of tests/oci.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/config.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/container/spawn.h"
#include "tests/unit/sandboxed.h"
#include "tests/unit/scratch.h"

static const char text[] =
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/"
	"work\",\"args\":[\"x\"],"
	"\"user\":{\"uid\":1000,\"gid\":1000}},\"mounts\":[{\"destination\":\"/"
	"proc\",\"type\":\"proc\"},"
	"{\"destination\":\"/"
	"dev\",\"type\":\"tmpfs\"}],\"hostname\":\"rested\",\"linux\":{\"namespaces\":["
	"{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"network\"}]}}";

struct scene {
	struct oci_config config;
	struct spawn_request request;
	int warned;
};

static void warned(void *ctx, const char *line)
{
	struct scene *scene = ctx;

	(void)line;
	scene->warned++;
}

static struct scene *make_scene(enum spawn_mode mode)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	static char rootfs[128];
	struct err err = {};

	need_sandbox();
	check(scene && !mkdirat(scratch(), "rootfs", 0755));
	snprintf(rootfs, sizeof(rootfs), "%s/rootfs", scratch_path);
	check(!oci_config_parse(arena_new(), text, strlen(text), &scene->config, &err));
	scene->request = (struct spawn_request){
		.mode = mode,
		.config = &scene->config,
		.id = "rested",
		.bundle = scratch_path,
		.rootfs = rootfs,
		.fifo = -1,
		.console_socket = -1,
		.calls = {.warn = warned, .ctx = scene},
	};
	return scene;
}

static struct spawned spawn_ok(const struct spawn_request *request)
{
	struct spawned spawned = {-1, -1};
	struct err err = {};
	char line[1024];

	if (spawn(request, &spawned, &err) < 0)
		printf("# %s\n", err_text(&err, line, sizeof(line)));
	check(spawned.pid > 0);
	return spawned;
}

/* The value of a field of /proc/PID/status. */
static const char *status_of(pid_t pid, const char *field)
{
	static char value[64];
	char path[64], *all, *at;
	struct err err = {};

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	check(!file_read(AT_FDCWD, path, &all, &err));
	snprintf(path, sizeof(path), "\n%s:\t", field);
	at = strstr(all, path);
	check(at != NULL);
	at += strlen(path);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	free(all);
	return value;
}

static int has_more_than_stdio(pid_t pid)
{
	for (int fd = 3; fd < 256; fd++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		if (!lstat(path, &st))
			return 1;
	}
	return 0;
}

static void end(struct spawned spawned)
{
	kill(spawned.pid, SIGKILL);
	check(waitpid(spawned.pid, NULL, 0) == spawned.pid);
}

static void rests_with_all_its_power_and_nothing_open(void)
{
	struct scene *scene = make_scene(SPAWN_RESTORE);
	char own[64], link[128] = "", path[64];
	int extra = dup(0); /* the caller's, not to be inherited */
	struct spawned spawned = spawn_ok(&scene->request);

	snprintf(own, sizeof(own), "%s", status_of(getpid(), "CapEff"));
	check(!strcmp(status_of(spawned.pid, "CapEff"), own));
	check(!strcmp(status_of(spawned.pid, "Seccomp"), "0"));
	check(!strcmp(status_of(spawned.pid, "Threads"), "1"));
	check(!strcmp(status_of(spawned.pid, "Uid"), "0\t0\t0\t0"));
	check(!strcmp(status_of(spawned.pid, "SigBlk"), "fffffffffffbfeff")); /* KILL, STOP */
	check(!strcmp(status_of(spawned.pid, "SigIgn"), "0000000000000000"));
	check(strstr(status_of(spawned.pid, "NSpid"), "\t1"));
	check(extra > 2 && !has_more_than_stdio(spawned.pid));
	snprintf(path, sizeof(path), "/proc/%d/cwd", spawned.pid);
	check(readlink(path, link, sizeof(link) - 1) == 1 && !strcmp(link, "/"));
	end(spawned);
}

static void takes_the_pid_that_it_is_told_in_a_joined_namespace(void)
{
	struct scene *first = make_scene(SPAWN_RESTORE);
	struct spawned init = spawn_ok(&first->request);
	struct oci_namespace spaces[] = {{.flag = CLONE_NEWNS}, {.flag = CLONE_NEWPID}};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", init.pid);
	spaces[1].path = path;
	first->config.linux_.namespaces = spaces;
	first->config.linux_.n_namespaces = 2;
	first->config.hostname = NULL;
	first->request.pid = 77;
	struct spawned second = spawn_ok(&first->request);
	check(strstr(status_of(second.pid, "NSpid"), "\t77"));
	end(second);
	end(init);
}

static void leaves_no_process_when_it_fails(void)
{
	struct scene *scene = make_scene(SPAWN_RESTORE);
	struct spawned spawned = {-1, -1};
	struct err err = {};
	char line[1024];

	scene->config.mounts[1].type = (char[]){"nosuchfs"};
	check(spawn(&scene->request, &spawned, &err) == -ENODEV);
	check(strstr(err_text(&err, line, sizeof(line)), "mounts: mount nosuchfs at /dev"));
	check(spawned.pid == -1 && waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}

static void dies_at_every_step_with_its_name(void)
{
	static const char *const step[] = {"begin", "namespaces", "rootfs", "mounts", "devices",
					   "pivot", "read-only",  "mask",   "let-go", "rest"};
	struct scene *scene = make_scene(SPAWN_RESTORE);
	struct spawned spawned;
	char line[1024];

	for (size_t i = 0; i < sizeof(step) / sizeof(*step); i++) {
		struct err err = {};

		setenv("CKRUN_FAIL_AT", step[i], 1);
		check(spawn(&scene->request, &spawned, &err) == -EIO);
		check(strstr(err_text(&err, line, sizeof(line)), step[i]));
		check(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
	}
}

static void tells_start_that_the_init_is_dead(void)
{
	struct scene *scene = make_scene(SPAWN_CREATE);
	struct err err = {};
	int dir = open(scratch_path, O_PATH | O_DIRECTORY);

	scene->config.process.args.item[0] = (char[]){"/prog"};
	check(!mkfifoat(dir, "fifo", 0622) && !fchmodat(dir, "fifo", 0622, 0));
	scratch_put(dir, "rootfs/prog", "", 0);
	check(!fchmodat(dir, "rootfs/prog", 0755, 0));
	scene->request.fifo = openat(dir, "fifo", O_PATH | O_CLOEXEC);
	struct spawned spawned = spawn_ok(&scene->request);
	kill(spawned.pid, SIGKILL);
	check(spawn_start(dir, "fifo", spawned.pidfd, &err) == -ESRCH);
	check(waitpid(spawned.pid, NULL, 0) == spawned.pid);

	spawned = spawn_ok(&scene->request); /* an empty program: ENOEXEC */
	check(spawn_start(dir, "fifo", spawned.pidfd, &err) == -ENOEXEC);
	check(waitpid(spawned.pid, NULL, 0) == spawned.pid);
}

static void warns_instead_of_failing_where_it_can(void)
{
	struct scene *scene = make_scene(SPAWN_RESTORE);

	scene->config.process.oom_score_adj = (struct oci_opt_i64){true, -1000};
	struct spawned spawned = spawn_ok(&scene->request);
	check(scene->warned == 1 || !strcmp(status_of(getpid(), "CapEff"), "000001ffffffffff"));
	end(spawned);
}

RUN(TEST(rests_with_all_its_power_and_nothing_open),
    TEST(takes_the_pid_that_it_is_told_in_a_joined_namespace),
    TEST(leaves_no_process_when_it_fails), TEST(dies_at_every_step_with_its_name),
    TEST(tells_start_that_the_init_is_dead), TEST(warns_instead_of_failing_where_it_can))
