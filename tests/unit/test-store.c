/* test-store.c - ids, directories and locks of containers */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/record.h"
#include "runtime/container/store.h"
#include "tests/unit/check.h"

static char root[] = "/tmp/ckrun-test-XXXXXX";

static void make_root_dir(void)
{
	check(mkdtemp(root));
}

static int open_code(const char *id, enum store_lock lock)
{
	struct store store = STORE_NONE;
	struct err err = {};
	int r = store_open(root, id, lock, &store, &err);

	store_close(&store);
	return r;
}

static void allows_the_ids_that_runc_allows(void)
{
	static const char *const good[] = {"web", "a", "A-Z_0.9+x", ".hidden", "...", "-x"};
	static const char *const bad[] = {"",     ".",        "..",  "a/b", "a b",
					  "a\nb", "\xc3\xa4", "a:b", "/",   "a%"};
	static char longest[1026];
	struct err err = {};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check(store_check_id(good[i], &err) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(store_check_id(bad[i], &err) == -EINVAL);
	memset(longest, 'a', 1025);
	longest[1025] = '\0';
	check(store_check_id(longest, &err) == -EINVAL);
	longest[1024] = '\0';
	check(store_check_id(longest, &err) == 0);
}

static void gives_an_id_to_one_container_only(void)
{
	struct store store = STORE_NONE, second = STORE_NONE;
	struct err err = {};
	char text[256];

	make_root_dir();
	check(store_reserve(root, "web", &store, &err) == 0);
	check(store_reserve(root, "web", &second, &err) == -EEXIST);
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "container with given ID already exists"));
}

static void says_that_a_container_does_not_exist(void)
{
	struct store store;
	struct err err = {};
	char text[256];

	make_root_dir();
	check(store_open(root, "web", STORE_READ, &store, &err) == -ENOENT);
	check(!strcmp(err_text(&err, text, sizeof(text)), "container \"web\" does not exist"));
	check(rmdir(root) == 0 && open_code("web", STORE_CHANGE) == -ENOENT);
}

static void removes_a_container_and_frees_its_id(void)
{
	struct store store = STORE_NONE;
	struct err err = {};

	make_root_dir();
	for (int i = 0; i < 3; i++) {
		check(store_reserve(root, "web", &store, &err) == 0);
		check(file_replace(store.dir, "state.json", "{}", 2, 0600, &err) == 0);
		check(store_remove(root, "web", &store, &err) == 0);
		store_close(&store);
		check(open_code("web", STORE_READ) == -ENOENT);
	}
}

static void waits_for_the_one_who_changes_and_sees_that_it_is_gone(void)
{
	struct store store = STORE_NONE;
	struct err err = {};
	int status, ready[2];

	make_root_dir();
	check(pipe(ready) == 0 && store_reserve(root, "web", &store, &err) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(store.dir); /* not the lock: closing it would be ours to lose, not theirs */
		check(write(ready[1], "", 1) == 1);
		exit(open_code("web", STORE_SHARE) == -ENOENT ? 0 : 1);
	}
	char byte;
	check(read(ready[0], &byte, 1) == 1);
	usleep(100 * 1000);
	check(waitpid(pid, &status, WNOHANG) == 0); /* it waits */
	check(store_remove(root, "web", &store, &err) == 0);
	store_close(&store);
	check(waitpid(pid, &status, 0) == pid && status == 0);
}

static void shares_a_lock_between_those_who_do_not_change(void)
{
	struct store store = STORE_NONE;
	struct err err = {};
	int status;

	make_root_dir();
	check(store_reserve(root, "web", &store, &err) == 0);
	store_close(&store);
	check(store_open(root, "web", STORE_SHARE, &store, &err) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(5);
		exit(open_code("web", STORE_SHARE));
	}
	check(waitpid(pid, &status, 0) == pid && status == 0);
	pid = fork();
	if (pid == 0)
		exit(open_code("web", STORE_CHANGE));
	usleep(100 * 1000);
	check(waitpid(pid, &status, WNOHANG) == 0);
	store_unlock(&store);
	check(waitpid(pid, &status, 0) == pid && status == 0);
}

static void does_not_leave_the_lock_to_children(void)
{
	struct store store = STORE_NONE;
	struct err err = {};

	make_root_dir();
	check(store_reserve(root, "web", &store, &err) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		exit(0);
	}
	store_unlock(&store);
	pid_t second = fork();
	if (second == 0) {
		alarm(5);
		exit(open_code("web", STORE_CHANGE));
	}
	int status;
	check(waitpid(second, &status, 0) == second && status == 0);
	kill(pid, SIGKILL);
}

static void lists_ids_in_order_and_skips_what_is_none(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct err err = {};
	char **ids;
	size_t n;

	make_root_dir();
	int dir = open(root, O_RDONLY | O_DIRECTORY);
	check(mkdirat(dir, "web", 0700) == 0 && mkdirat(dir, "db", 0700) == 0);
	check(mkdirat(dir, "no id", 0700) == 0 && mknodat(dir, "file", S_IFREG, 0) == 0);
	check(store_list(root, arena, &ids, &n, &err) == 0);
	check(n == 2 && !strcmp(ids[0], "db") && !strcmp(ids[1], "web"));
	check(store_list("/nowhere/at/all", arena, &ids, &n, &err) == 0 && n == 0);
}

static void keeps_every_field_of_a_record(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct cgroup_path paths[] = {{"cpu,cpuacct", "/sys/fs/cgroup/cpu/web"},
				      {"", "/u/web"}};
	char id[] = "web", bundle[] = "/b", rootfs[] = "/b/rootfs", owner[] = "root";
	char created[] = "2024-05-01T10:00:00.000000001Z", pipe_link[] = "pipe:[7]";
	const struct record record = {.id = id,
				      .bundle = bundle,
				      .rootfs = rootfs,
				      .created = created,
				      .owner = owner,
				      .init = {77, 1ULL << 40},
				      .creator = {76, 5},
				      .cgroup = paths,
				      .n_cgroup = 2,
				      .stdio = {pipe_link, pipe_link, pipe_link}};
	struct record back;
	struct err err = {};
	scoped_free char *text = NULL;
	scoped_free char *again = NULL;

	check(record_text(&record, &text, &err) == 0);
	check(record_parse(arena, text, &back, &err) == 0);
	check(back.init.pid == 77 && back.init.start_time == 1ULL << 40);
	check(back.n_cgroup == 2 && !strcmp(back.cgroup[0].controllers, "cpu,cpuacct") &&
	      !strcmp(back.cgroup[1].controllers, "") && !strcmp(back.cgroup[1].dir, "/u/web"));
	check(record_text(&back, &again, &err) == 0 && !strcmp(text, again));
}

static void refuses_a_record_of_a_newer_ckrun(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct record record;
	struct err err = {};
	char text[256];

	check(record_parse(arena,
			   "{\"version\":2,\"id\":\"a\",\"bundle\":\"/\",\"rootfs\":\"/\","
			   "\"created\":\"x\"}",
			   &record, &err) == -EINVAL);
	check(strstr(err_text(&err, text, sizeof(text)), "state.json: version"));
}

RUN(TEST(allows_the_ids_that_runc_allows), TEST(gives_an_id_to_one_container_only),
    TEST(says_that_a_container_does_not_exist), TEST(removes_a_container_and_frees_its_id),
    TEST(waits_for_the_one_who_changes_and_sees_that_it_is_gone),
    TEST(shares_a_lock_between_those_who_do_not_change),
    TEST(does_not_leave_the_lock_to_children), TEST(lists_ids_in_order_and_skips_what_is_none),
    TEST(keeps_every_field_of_a_record), TEST(refuses_a_record_of_a_newer_ckrun))
