/* test-ipc.c - an IPC namespace's limits are carried, its objects are named */
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
#include "engine/ipc/rooms.h"
#include "engine/model/findings.h"
#include "runtime/base/arena.h"
#include "runtime/base/file.h"
#include "tests/unit/housed.h"
#include "tests/unit/imaged.h"

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

static void counts_ids(void)
{
	char ids[64];

	check(sysv_ids("key shmid perms\n", ids, sizeof(ids)) == 0);
	check(sysv_ids("key shmid perms\n 0 7 600\n 1 65 600\n", ids, sizeof(ids)) == 2);
	check(!strcmp(ids, "7, 65"));
	check(sysv_ids("k i\n0 1\n0 2\n0 3\n0 4\n0 5\n0 6\n0 7\n0 8\n0 9\n", ids,
		       sizeof(ids)) == 9);
	check(!strcmp(ids, "1, 2, 3, 4, 5, 6, 7, 8, ..."));
}

static void make_objects(void)
{
	check(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) == 0);
	check(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) == 1);
	check(msgget(IPC_PRIVATE, IPC_CREAT | 0600) == 0);
	check(semget(IPC_PRIVATE, 3, IPC_CREAT | 0600) == 0);
	check(mq_open("/jobs", O_CREAT | O_RDWR, 0600, NULL) >= 0);
}

static void names_every_object(void)
{
	IpcVarEntry *entry;

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_objects));
	imaged_ok(ipc_look(&scene, &entry, why));
	for (size_t i = 0; i < found.n; i++)
		printf("# %s\n", found.text[i]);
	check(found.n == 4);
	check(!strcmp(found.text[0], "2 System V shared memory segments (id 0, 1) cannot be "
				     "carried yet; remove them with ipcrm -m ID"));
	check(!strcmp(found.text[1], "1 System V message queue (id 0) cannot be carried yet; "
				     "remove it with ipcrm -q ID"));
	check(strstr(found.text[2], "1 System V semaphore set (id 0)"));
	check(strstr(found.text[3], "POSIX message queue /jobs cannot be carried yet"));
}

static void make_and_mount_queues(void)
{
	make_objects();
	check(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	check(!mount("none", "/mnt", "mqueue", 0, NULL));
}

static void finds_queues_where_the_bundle_mounts_them(void)
{
	static const struct bundle_mount bundle[] = {{"/proc", "proc"}, {"/mnt", "mqueue"}};
	IpcVarEntry *entry;
	char path[64];

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_and_mount_queues));
	snprintf(path, sizeof(path), "/proc/%d/root", scene.init);
	scene.root = open(path, O_PATH | O_DIRECTORY);
	scene.mount = bundle;
	scene.n_mounts = 2;
	imaged_ok(ipc_look(&scene, &entry, why));
	check(found.n == 4 && strstr(found.text[3], "POSIX message queue /jobs"));
}

static void leaves_a_shared_namespace_alone(void)
{
	IpcVarEntry *entry;

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, make_objects));
	scene.made = false;
	imaged_ok(ipc_look(&scene, &entry, why));
	check(!found.n && !entry);
}

static void put(const char *path, const char *text)
{
	struct err err = {};

	check(file_write(AT_FDCWD, path, text, &err) >= 0);
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
	IpcVarEntry *entry;
	int dir = scratch();

	need_sandbox();
	struct ipc_scene scene = scene_of(housed(CLONE_NEWIPC, set_limits));
	imaged_ok(ipc_look(&scene, &entry, why));
	check(!found.n);
	struct image_dir *image = imaged_begin(dir);
	imaged_ok(ipc_dump(image, 3, entry, why));
	image = imaged_end(dir, image);

	struct ipc_scene fresh = scene_of(housed(CLONE_NEWIPC, set_by_bundle));
	imaged_ok(ipc_restore(image, &fresh, why));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/shmmax", "123456789\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/sem", "100\t200\t30\t40\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/fs/mqueue/msg_max", "77\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/msgmax", "5000\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/msgmnb", "16384\n"));
}

RUN(TEST(counts_ids), TEST(names_every_object), TEST(finds_queues_where_the_bundle_mounts_them),
    TEST(leaves_a_shared_namespace_alone), TEST(carries_limits_that_the_bundle_does_not_set))
