/* test-ipc.c - an IPC namespace's limits and objects are carried */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "engine/engine.h"
#include "engine/ipc/ipc.h"
#include "engine/model/findings.h"
#include "runtime/base/arena.h"
#include "runtime/base/file.h"
#include "tests/unit/housed.h"
#include "tests/unit/imaged.h"

enum { ID = 65540 };

static struct arena *arena;
static struct findings found;

static struct ipc_scene scene_of(pid_t init)
{
	if (!arena)
		arena = arena_new();
	found = (struct findings){.arena = arena};
	return (struct ipc_scene){
		.arena = arena,
		.init = init,
		.ns_id = 3,
		.made = true,
		.refused = &found,
	};
}

static void put(const char *path, const char *text)
{
	struct err err = {};

	check(file_write(AT_FDCWD, path, text, &err) >= 0);
}

static void make_objects(void)
{
	unsigned short value[] = {1, 2, 3};
	struct {
		long type;
		char text[4];
	} message = {6, "abc"};

	check(shmget(7, 5000, IPC_CREAT | 0640) == 0);
	check(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) == 1);
	check(!shmctl(0, IPC_RMID, NULL));
	put("/proc/sys/kernel/shm_next_id", "65540");
	check(shmget(8, 5000, IPC_CREAT | 0640) == ID);
	check(!msgsnd(msgget(9, IPC_CREAT | 0600), &message, 4, 0));
	check(!semctl(semget(10, 3, IPC_CREAT | 0604), 0, SETALL, value));
}

static void make_queue(void)
{
	check(mq_open("/jobs", O_CREAT | O_RDWR, 0600, NULL) >= 0);
}

static void names_what_it_cannot_carry(void)
{
	struct ipc_state *state;

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_queue));
	imaged_ok(ipc_look(&scene, &state, why));
	check(found.n == 1);
	check(strstr(found.text[0], "POSIX message queue /jobs cannot be carried yet"));
}

static void make_and_mount_queues(void)
{
	make_queue();
	check(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	check(!mount("none", "/mnt", "mqueue", 0, NULL));
}

static void finds_queues_where_the_bundle_mounts_them(void)
{
	static const struct bundle_mount bundle[] = {{"/proc", "proc"}, {"/mnt", "mqueue"}};
	struct ipc_state *state;
	char path[64];

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_and_mount_queues));
	snprintf(path, sizeof(path), "/proc/%d/root", scene.init);
	scene.root = open(path, O_PATH | O_DIRECTORY);
	scene.mount = bundle;
	scene.n_mounts = 2;
	imaged_ok(ipc_look(&scene, &state, why));
	check(found.n == 1 && strstr(found.text[0], "POSIX message queue /jobs"));
}

static void leaves_a_shared_namespace_alone(void)
{
	struct ipc_state *state;

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_objects));
	scene.made = false;
	imaged_ok(ipc_look(&scene, &state, why));
	check(!found.n && !state->var && !state->n_segments && !state->n_sets);
}

static void carries_objects_with_their_ids(void)
{
	struct ipc_state *state, *again;
	int dir = scratch();

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_objects));
	imaged_ok(ipc_look(&scene, &state, why));
	check(!found.n && state->n_segments == 2 && state->n_sets == 1 && state->n_queues == 1);
	struct image_dir *image = imaged_begin(dir);
	imaged_ok(ipc_dump(image, state, why));
	image = imaged_end(dir, image);

	struct ipc_scene fresh = scene_of(housed(CLONE_NEWIPC, NULL));
	imaged_ok(ipc_restore(image, &fresh, &again, why));
	imaged_ok(ipc_settle(again, why));
	imaged_ok(ipc_look(&fresh, &state, why));
	check(!found.n && state->n_segments == 2 && state->n_sets == 1 && state->n_queues == 1);
	check(ipc_segment(state, ID) && ipc_segment(state, ID)->entry->size == 5000);
	check(ipc_segment(state, ID)->entry->desc->key == 8);
	check(ipc_segment(state, ID)->entry->desc->mode == 0640);
	check(state->set[0].value[0] == 1 && state->set[0].value[2] == 3);
	check(state->set[0].entry->desc->key == 10);
	check(state->queue[0].entry->qnum == 1 && state->queue[0].bytes == 4);
}

static void refuses_objects_where_none_can_be_made(void)
{
	struct ipc_state *state, *again;
	struct err err = {};
	int dir = scratch();
	char text[512];

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_objects));
	imaged_ok(ipc_look(&scene, &state, why));
	struct image_dir *image = imaged_begin(dir);
	imaged_ok(ipc_dump(image, state, why));
	image = imaged_end(dir, image);
	scene.made = false;
	check(ipc_restore(image, &scene, &again, &err) == REFUSED);
	check(strstr(err_text(&err, text, sizeof(text)), "the bundle makes no ipc namespace"));
}

static void set_limits(void)
{
	put("/proc/sys/kernel/shmmax", "123456789");
	put("/proc/sys/kernel/sem", "100 200 30 40");
	put("/proc/sys/kernel/msgmax", "4000");
	put("/proc/sys/fs/mqueue/msg_max", "77");
}

static void set_by_bundle(void)
{
	put("/proc/sys/kernel/msgmax", "5000");
}

static void carries_limits_that_the_bundle_does_not_set(void)
{
	struct ipc_state *state, *again;
	int dir = scratch();

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, set_limits));
	imaged_ok(ipc_look(&scene, &state, why));
	check(!found.n);
	struct image_dir *image = imaged_begin(dir);
	imaged_ok(ipc_dump(image, state, why));
	image = imaged_end(dir, image);

	struct ipc_scene fresh = scene_of(housed(CLONE_NEWIPC, set_by_bundle));
	imaged_ok(ipc_restore(image, &fresh, &again, why));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/shmmax", "123456789\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/sem", "100\t200\t30\t40\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/fs/mqueue/msg_max", "77\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/msgmax", "5000\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/msgmnb", "16384\n"));
}

RUN(TEST(names_what_it_cannot_carry), TEST(finds_queues_where_the_bundle_mounts_them),
    TEST(carries_objects_with_their_ids), TEST(refuses_objects_where_none_can_be_made),
    TEST(leaves_a_shared_namespace_alone), TEST(carries_limits_that_the_bundle_does_not_set))
