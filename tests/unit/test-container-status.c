/* test-container-status.c - what a container does, told by its process and its FIFO */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/container.h"
#include "tests/unit/check.h"

static const char config[] = "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
			     "\"annotations\":{\"a\":\"b\"},\"linux\":{}}";

static char root[] = "/tmp/ckrun-test-XXXXXX";
static char text_web[] = "web", text_path[] = "/b", text_time[] = "2024-05-01T10:00:00Z";

/* A container "web" whose init and maker are these. */
static int make(const struct process_id *init, const struct process_id *creator)
{
	struct container container = {.id = "web"};
	struct err err = {};

	check(mkdtemp(root) && store_reserve(root, "web", &container.store, &err) == 0);
	container.record = (struct record){.id = text_web,
					   .bundle = text_path,
					   .rootfs = text_path,
					   .created = text_time,
					   .init = *init,
					   .creator = *creator};
	int dir = container.store.dir;
	check(file_replace(dir, "config.json", config, strlen(config), 0600, &err) == 0);
	check(container_save(&container, &err) == 0);
	store_unlock(&container.store);
	return dir;
}

static struct oci_state state(struct arena *arena)
{
	struct container *container = arena_alloc(arena, sizeof(*container));
	enum container_status status;
	struct err err = {};

	check(container_open(arena, root, "web", STORE_READ, container, &err) == 0);
	check(container_status(container, &status, &err) == 0);
	return container_state(container, status);
}

static bool status_is(const char *want)
{
	scoped(arena_free) struct arena *arena = arena_new();

	return !strcmp(state(arena).status, want);
}

static struct process_id self(void)
{
	struct process_id id = {};
	struct err err = {};

	check(process_id_of(getpid(), &id, &err) == 0);
	return id;
}

static const struct process_id nobody;

static void is_creating_as_long_as_its_maker_lives(void)
{
	const struct process_id me = self();

	make(&nobody, &me);
	check(status_is("creating"));
}

static void is_stopped_when_its_maker_died(void)
{
	struct process_id me = self();

	me.start_time--;
	make(&nobody, &me);
	check(status_is("stopped"));
}

static void is_created_with_the_start_fifo_and_running_without(void)
{
	const struct process_id me = self();
	int dir = make(&me, &me);

	check(mkfifoat(dir, START_FIFO, 0600) == 0);
	check(status_is("created"));
	check(unlinkat(dir, START_FIFO, 0) == 0);
	check(status_is("running"));
}

static void is_stopped_when_its_pid_is_another_process(void)
{
	struct process_id me = self();

	me.start_time++;
	int dir = make(&me, &nobody);
	check(status_is("stopped"));
	check(mkfifoat(dir, START_FIFO, 0600) == 0); /* never started */
	check(status_is("stopped"));
}

static void is_stopped_as_soon_as_its_init_is_a_zombie(void)
{
	struct process_id id;
	struct err err = {};
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		exit(0);
	}
	check(process_id_of(pid, &id, &err) == 0);
	make(&id, &nobody);
	check(status_is("running"));
	kill(pid, SIGKILL);
	check(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	check(status_is("stopped"));
}

static void tells_the_pid_only_of_what_lives(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct process_id me = self();

	make(&me, &nobody);
	check(state(arena).pid == getpid());
	check(state(arena).annotations->n == 1 && !strcmp(state(arena).version, "1.2.0"));
}

static void shows_whole_states_to_those_who_read_while_it_is_written(void)
{
	struct process_id me = self();
	struct container container = {.id = "web", .store = {make(&me, &nobody), -1}};
	struct err err = {};
	int status;

	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 300; i++)
			check(status_is("running"));
		exit(0);
	}
	container.record = (struct record){.id = text_web,
					   .bundle = text_path,
					   .rootfs = text_path,
					   .created = text_time,
					   .init = me};
	while (waitpid(pid, &status, WNOHANG) == 0)
		check(container_save(&container, &err) == 0);
	check(status == 0);
}

RUN(TEST(is_creating_as_long_as_its_maker_lives), TEST(is_stopped_when_its_maker_died),
    TEST(is_created_with_the_start_fifo_and_running_without),
    TEST(is_stopped_when_its_pid_is_another_process),
    TEST(is_stopped_as_soon_as_its_init_is_a_zombie), TEST(tells_the_pid_only_of_what_lives),
    TEST(shows_whole_states_to_those_who_read_while_it_is_written))
