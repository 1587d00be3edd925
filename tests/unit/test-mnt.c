/* test-mnt.c - mounts of one container into the image, and into a fresh container */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "engine/engine.h"
#include "engine/image/schema/mnt.pb-c.h"
#include "engine/mnt/mnt.h"
#include "engine/model/findings.h"
#include "runtime/base/arena.h"
#include "tests/unit/imaged.h"
#include "tests/unit/sandboxed.h"

static const struct bundle_mount bundle[] = {
	{"/proc", "proc"},        {"/dev/", "tmpfs"},          {"/dev/shm", "tmpfs"},
	{"/tmp", "tmpfs"},        {"/link/lib", "tmpfs"},      {"/data", "bind"},
	{"/dev/console", "bind"}, {"/proc/version", "masked"}, {"/proc/sys", "readonly"},
};

enum { BUNDLE = sizeof(bundle) / sizeof(bundle[0]) };

static struct arena *arena;
static struct findings found;
static struct image_dir *image;
static int dir;

/* --- a container: a process in a mount namespace of its own with a root of its own */

static void dir_and_mount(const char *path, const char *type)
{
	check(!mkdir(path, 0755) || errno == EEXIST);
	check(!mount("none", path, type, 0, NULL));
}

static void make_mounts(void)
{
	check(!mkdir("old", 0700) && !mkdir("run", 0755) && !symlink("run", "link"));
	check(!mkdir("data", 0755));
	dir_and_mount("proc", "proc");
	dir_and_mount("dev", "tmpfs");
	check(!mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)));
	dir_and_mount("dev/shm", "tmpfs");
	dir_and_mount("tmp", "tmpfs");
	dir_and_mount("run/lib", "tmpfs");
	check(!mount(scratch_path, "data", NULL, MS_BIND, NULL));
	close(open("dev/console", O_CREAT | O_WRONLY, 0600));
	check(!mount("/dev/null", "dev/console", NULL, MS_BIND, NULL));
}

static void masks(void)
{
	check(!mount("/dev/null", "/proc/version", NULL, MS_BIND, NULL));
	check(!mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL));
	check(!mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
}

static void become_container(void (*body)(void))
{
	check(!unshare(CLONE_NEWNS));
	check(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	char root[128];
	snprintf(root, sizeof(root), "%s/root", scratch_path);
	check(!mkdir(root, 0755) || errno == EEXIST);
	check(!mount("root", root, "tmpfs", 0, NULL) && !chdir(root));
	make_mounts();
	check(!syscall(SYS_pivot_root, ".", "old") && !umount2("/old", MNT_DETACH));
	masks();
	if (body)
		body();
}

/* A child that ran body in a container and waits for its end. */
static pid_t container(void (*body)(void))
{
	int ready[2];
	char byte;

	check(!pipe(ready));
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		close(ready[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		scratch_owner = 0;
		become_container(body);
		check(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	check(pid > 0 && read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

static struct mnt_scene scene_of(pid_t init)
{
	char path[64];

	if (!arena)
		arena = arena_new();
	snprintf(path, sizeof(path), "/proc/%d/root", init);
	found = (struct findings){.arena = arena};
	return (struct mnt_scene){
		.arena = arena,
		.init = init,
		.root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.ns_id = 5,
		.mount = bundle,
		.n_mounts = BUNDLE,
		.refused = &found,
	};
}

static struct mnt_state *look(const struct mnt_scene *scene)
{
	struct mnt_state *state = NULL;

	imaged_ok(mnt_look(scene, &state, why));
	for (size_t i = 0; i < found.n; i++)
		printf("# %s\n", found.text[i]);
	return state;
}

static void begin(void)
{
	need_sandbox();
	dir = scratch();
}

static void write_image(pid_t init)
{
	struct mnt_scene scene = scene_of(init);
	struct mnt_state *state = look(&scene);

	check(!found.n);
	image = imaged_begin(dir);
	imaged_ok(mnt_dump(image, state, why));
	image = imaged_end(dir, image);
	kill(init, SIGKILL);
	waitpid(init, NULL, 0);
}

static void put(const char *path, const char *data)
{
	scratch_put(AT_FDCWD, path, data, strlen(data));
}

static const char *has(pid_t init, const char *path)
{
	static char data[256];
	char full[256];

	snprintf(full, sizeof(full), "/proc/%d/root%s", init, path);
	if (access(full, F_OK) < 0)
		return NULL;
	data[scratch_get(AT_FDCWD, full, data, sizeof(data) - 1)] = '\0';
	return data;
}

/* --- */

static void fill(void)
{
	put("/dev/shm/one", "in shm");
	put("/tmp/two", "in tmp");
	put("/run/lib/three", "in lib");
	put("/data/four", "on the host");
	put("/five", "in the root file system");
	check(!mkdir("/dev/made", 0700) && !unlink("/dev/null"));
}

static void old_fill(void)
{
	put("/tmp/stale", "of the runtime");
}

static void carries_contents_of_tmpfs_mounts_alone(void)
{
	begin();
	write_image(container(fill));
	pid_t fresh = container(old_fill);
	struct mnt_scene scene = scene_of(fresh);

	imaged_ok(mnt_restore(image, &scene, why));
	check(!strcmp(has(fresh, "/dev/shm/one"), "in shm"));
	check(!strcmp(has(fresh, "/tmp/two"), "in tmp"));
	check(!strcmp(has(fresh, "/run/lib/three"), "in lib"));
	check(!has(fresh, "/five") && !has(fresh, "/tmp/stale"));
	char path[64];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%d/root/dev/made", fresh);
	check(!stat(path, &st) && S_ISDIR(st.st_mode));
	snprintf(path, sizeof(path), "/proc/%d/root/dev/console", fresh);
	check(!stat(path, &st) && S_ISCHR(st.st_mode)); /* still the bound one */
}

static void lists_mounts_as_the_format_has_them(void)
{
	MntEntry **all;
	size_t n, tmpfs = 0, external = 0, proc = 0;

	begin();
	write_image(container(NULL));
	imaged_ok(image_get_all(image, IMAGE_MNTS, 5, arena, (void ***)&all, &n, why));
	check(n == BUNDLE + 1);
	for (size_t i = 0; i < n; i++) {
		tmpfs += all[i]->fstype == FSTYPE__TMPFS;
		proc += all[i]->fstype == FSTYPE__PROC;
		external += all[i]->has_ext_mount && all[i]->ext_mount;
	}
	check(tmpfs >= 5 && proc == 2 && external == 3);
}

static void mount_more(void)
{
	check(!mkdir("/mine", 0755) && !mount("none", "/mine", "tmpfs", 0, NULL));
	check(!mount("/tmp", "/dev/shm", NULL, MS_BIND, NULL));
	check(!umount("/data"));
}

static void names_what_tasks_did_to_mounts(void)
{
	begin();
	struct mnt_scene scene = scene_of(container(mount_more));
	look(&scene);
	check(found.n == 3);
	check(!strcmp(found.text[0], "mount of tmpfs at /mine was made by a task, which cannot "
				     "be carried yet; unmount it"));
	check(strstr(found.text[1], "mount of tmpfs at /dev/shm was made by a task"));
	check(strstr(found.text[2], "mount of bind at /data, which the bundle makes, was taken "
				    "away by a task"));
}

static void take_away(pid_t init, const char *path)
{
	char ns[64];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(ns, sizeof(ns), "/proc/%d/ns/mnt", init);
		scratch_owner = 0;
		exit(setns(open(ns, O_RDONLY), CLONE_NEWNS) < 0 || umount(path) < 0);
	}
	check(waitpid(pid, &status, 0) == pid && !status);
}

static void refuses_a_bundle_that_lacks_a_mount(void)
{
	struct bundle_mount fewer[BUNDLE];
	struct err err = {};
	char text[512];

	begin();
	write_image(container(fill));
	pid_t fresh = container(NULL);
	struct mnt_scene scene = scene_of(fresh);
	memcpy(fewer, bundle, sizeof(fewer));
	fewer[3] = (struct bundle_mount){"/tmp", "bind"};
	scene.mount = fewer;
	check(mnt_restore(image, &scene, &err) == REFUSED);
	check(strstr(err_text(&err, text, sizeof(text)),
		     "contents for a tmpfs at /tmp, where the bundle makes none"));
	err = (struct err){};
	take_away(fresh, "/data");
	scene = scene_of(fresh);
	check(mnt_restore(image, &scene, &err) == REFUSED);
	check(strstr(err_text(&err, text, sizeof(text)),
		     "the image has a mount of bind at /data, which the bundle does not make"));
}

RUN(TEST(carries_contents_of_tmpfs_mounts_alone), TEST(lists_mounts_as_the_format_has_them),
    TEST(names_what_tasks_did_to_mounts), TEST(refuses_a_bundle_that_lacks_a_mount))
