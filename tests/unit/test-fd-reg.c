/* test-fd-reg.c - files with a path, and files that have lost it */
#include <dirent.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "engine/fd/reg.h"
#include "tests/unit/fds.h"

static char at[128];

/* A path in the scratch directory of the world. */
static const char *in(const char *name)
{
	snprintf(at, sizeof(at), "%s/%s", scratch_path, name);
	return at;
}

static int put(const char *name, const char *text, int flags)
{
	int fd = open(in(name), O_CREAT | O_RDWR | flags, 0640);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static void holds(int fd, const char *text)
{
	char got[256];
	ssize_t n = pread(fd, got, sizeof(got), 0);

	check(n == (ssize_t)strlen(text) && !memcmp(got, text, strlen(text)));
}

static int carried(struct world *w, int fd)
{
	struct open_file *file = world_see(w, fd);

	world_dump(w);
	check(!strcmp(file->kind->name, "file"));
	world_restore(w);
	return world_fd(w, file->id);
}

static void opens_again_at_the_same_offset_with_the_same_flags(void)
{
	static const int flags[] = {O_RDONLY, O_WRONLY | O_APPEND,
				    O_RDWR | O_NONBLOCK | O_NOFOLLOW, O_RDWR | O_SYNC,
				    O_RDONLY | O_NOATIME};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct world w;

		world_start(&w);
		close(put("f", "0123456789", 0));
		int before = open(in("f"), flags[i]);
		check(lseek(before, 4, SEEK_SET) == 4);
		int after = carried(&w, before);
		check(lseek(after, 0, SEEK_CUR) == 4);
		check(fcntl(after, F_GETFL) == fcntl(before, F_GETFL));
	}
}

static void refuses_a_file_of_another_size(void)
{
	struct world w;
	char want[256];
	int fd;

	world_start(&w);
	int before = put("grown", "12345", O_APPEND);
	struct open_file *file = world_see(&w, before);
	world_dump(&w);
	check(write(before, "6", 1) == 1);
	world_load(&w);
	int r = fd_make_file(&w.make, file->id, &fd, &w.err);
	snprintf(want, sizeof(want), "task 7 (?): fd %d: file: %s: had 5 bytes, has 6", before,
		 in("grown"));
	check(r == REFUSED && !strcmp(world_why(&w), want));
}

static void refuses_a_file_of_another_type_or_mode(void)
{
	struct world w;
	int fd;

	world_start(&w);
	struct open_file *file = world_see(&w, put("t", "", 0));
	world_dump(&w);
	world_load(&w);
	check(chmod(in("t"), 0600) == 0);
	check(fd_make_file(&w.make, file->id, &fd, &w.err) == REFUSED);
	check(strstr(world_why(&w), "had mode 0640, has mode 0600"));
	check(unlink(in("t")) == 0 && mkfifo(in("t"), 0640) == 0);
	check(fd_make_file(&w.make, file->id, &fd, &w.err) == REFUSED);
	check(strstr(world_why(&w), "was of type 0100000, is of type 010000"));
}

static void carries_a_directory_and_where_its_listing_is(void)
{
	struct world w;
	char entries[4096];

	world_start(&w);
	check(mkdir(in("d"), 0755) == 0);
	int unread = open(in("d"), O_RDONLY | O_DIRECTORY), read_all = open(in("d"), O_RDONLY);
	while (getdents64(read_all, entries, sizeof(entries)) > 0)
		;
	struct open_file *a = world_see(&w, unread), *b = world_see(&w, read_all);
	world_dump(&w);
	check(rename(in("d"), "/tmp/ckrun-test-moved") == 0 && mkdir(in("d"), 0755) == 0);
	check(rmdir("/tmp/ckrun-test-moved") == 0);
	world_restore(&w); /* another directory: its positions are its own */
	check(getdents64(world_fd(&w, a->id), entries, sizeof(entries)) > 0);
	check(getdents64(world_fd(&w, b->id), entries, sizeof(entries)) == 0);
}

static void carries_descriptors_that_only_name_something(void)
{
	struct world w;
	struct stat st;

	world_start(&w);
	check(symlink("nowhere", in("link")) == 0);
	int before = open(in("link"), O_PATH | O_NOFOLLOW);
	int after = carried(&w, before);
	check(fstat(after, &st) == 0 && S_ISLNK(st.st_mode));
	check(fcntl(after, F_GETFL) == fcntl(before, F_GETFL));
}

static void carries_devices_that_keep_nothing(void)
{
	static const char *const name[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					   "/dev/urandom"};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		struct world w;
		struct stat st, now;

		world_start(&w);
		int before = open(name[i], O_RDWR);
		check(before >= 0 && fstat(before, &st) == 0);
		int after = carried(&w, before);
		check(fstat(after, &now) == 0 && now.st_rdev == st.st_rdev);
	}
}

static void refuses_other_devices_by_name(void)
{
	struct world w;
	int fd = open("/dev/kmsg", O_RDONLY);
	char want[256];

	if (fd < 0)
		skip("no /dev/kmsg");
	world_start(&w);
	world_see(&w, fd);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: /dev/kmsg: device char 1:11 cannot be carried; close it "
		 "before the checkpoint",
		 fd);
	world_refused(&w, want);
}

static void gives_a_deleted_file_back_as_one_file(void)
{
	struct world w;
	struct stat st, now, other;

	world_start(&w);
	int rw = put("gone", "start", 0), ro = open(in("gone"), O_RDONLY | O_NOFOLLOW);
	check(pwrite(rw, "far", 3, 1 << 20) == 3);
	check(ftruncate(rw, (1 << 20) + 5000) == 0);
	check(fchmod(rw, 0604) == 0 && unlink(in("gone")) == 0);
	const struct timespec times[2] = {{1000, 5000}, {2000, 7000}};
	check(futimens(rw, times) == 0 && fstat(rw, &st) == 0);
	struct open_file *a = world_see(&w, rw), *b = world_see(&w, ro);
	world_dump(&w);
	world_restore(&w);
	rw = world_fd(&w, a->id), ro = world_fd(&w, b->id);
	check(fcntl(ro, F_GETFL) & O_NOFOLLOW);
	check(lseek(rw, 0, SEEK_CUR) == 5);
	check(fstat(rw, &now) == 0 && fstat(ro, &other) == 0);
	check(now.st_ino == other.st_ino && now.st_nlink == 0 && now.st_mode == st.st_mode);
	check(now.st_size == st.st_size && now.st_blocks < 64);
	check(now.st_mtim.tv_sec == 2000 && now.st_mtim.tv_nsec == 7000);
	char far[4] = "";
	check(pread(ro, far, 3, 1 << 20) == 3 && !strcmp(far, "far"));
	check(pwrite(rw, "X", 1, 0) == 1 && pread(ro, far, 1, 0) == 1 && *far == 'X');
	check(access(in("gone"), F_OK) < 0 && scratch_has(w.dir, "gone") == 0);
}

static void gives_a_deleted_file_back_though_its_name_and_directory_are_taken(void)
{
	struct world w;

	world_start(&w);
	check(mkdir(in("dir"), 0755) == 0);
	int a = put("dir/x", "one", 0);
	check(unlink(in("dir/x")) == 0 && rmdir(in("dir")) == 0);
	int b = put("y", "two", 0);
	check(unlink(in("y")) == 0);
	close(put("y", "the new one", 0));
	struct open_file *fa = world_see(&w, a), *fb = world_see(&w, b);
	world_dump(&w);
	world_restore(&w);
	holds(world_fd(&w, fa->id), "one");
	holds(world_fd(&w, fb->id), "two");
	int y = open(in("y"), O_RDONLY);
	holds(y, "the new one");
}

static void gives_a_deleted_directory_back(void)
{
	struct world w;
	struct stat st;

	world_start(&w);
	check(mkdir(in("d"), 0751) == 0);
	int before = open(in("d"), O_RDONLY | O_DIRECTORY);
	check(rmdir(in("d")) == 0);
	int after = carried(&w, before);
	check(fstat(after, &st) == 0 && S_ISDIR(st.st_mode) && st.st_nlink == 0);
	check((st.st_mode & 0777) == 0751);
}

static void lets_a_file_without_name_get_one(void)
{
	struct world w;
	char self[64];

	world_start(&w);
	int before = open(scratch_path, O_TMPFILE | O_RDWR, 0600);
	if (before < 0)
		skip("no O_TMPFILE here");
	check(write(before, "unnamed", 7) == 7);
	int after = carried(&w, before);
	check(fcntl(after, F_GETFL) == fcntl(before, F_GETFL));
	holds(after, "unnamed");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", after);
	check(linkat(AT_FDCWD, self, AT_FDCWD, in("named"), AT_SYMLINK_FOLLOW) == 0);
}

/* It stays the file that its other name leads to. */
static void opens_a_deleted_file_by_its_other_name(void)
{
	struct world w;
	struct stat st, now;
	char from[128];

	world_start(&w);
	int fd = put("first", "x", 0);
	check(mkdir(in("deep"), 0755) == 0);
	snprintf(from, sizeof(from), "%s", in("first"));
	check(link(from, in("deep/second")) == 0 && unlink(from) == 0);
	int after = carried(&w, fd);
	check(fstat(fd, &st) == 0 && fstat(after, &now) == 0 && st.st_ino == now.st_ino);
}

static void refuses_a_deleted_file_whose_other_name_is_not_seen(void)
{
	struct world w;
	char from[128];

	world_start(&w);
	check(mkdir(in("jail"), 0755) == 0);
	int fd = put("jail/first", "x", 0);
	snprintf(from, sizeof(from), "%s", in("jail/first"));
	check(link(from, in("outside")) == 0 && unlink(from) == 0);
	w.dump.root = open(in("jail"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	world_see(&w, fd)->link = "/first (deleted)";
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
	check(strstr(world_why(&w), "none that the container can see"));
}

/* Another root shows another file at the path, as a mount on top would. */
static void refuses_a_path_that_shows_another_file(void)
{
	struct world w;
	char want[320];

	world_start(&w);
	check(mkdir(in("jail"), 0755) == 0);
	int fd = put("f", "the right one", 0);
	snprintf(want, sizeof(want), "mkdir -p %s/jail%s && touch %s/jail%s/f", scratch_path,
		 scratch_path, scratch_path, scratch_path);
	check(system(want) == 0);
	w.dump.root = open(in("jail"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	world_see(&w, fd);
	snprintf(
		want, sizeof(want),
		"task 7 (?): fd %d: %s: the container's root shows another file there, or none "
		"(it is hidden under a mount, or from outside)",
		fd, in("f"));
	world_refused(&w, want);
}

static void refuses_the_directory_of_a_process_that_has_ended(void)
{
	struct world w;
	char path[32];
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d", pid);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	check(fd >= 0 && kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	world_start(&w);
	world_see(&w, fd);
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
	check(strstr(world_why(&w), "what it showed is gone"));
}

static void describes_what_is_mapped_once(void)
{
	struct world w;
	struct open_file *a, *b, *c;
	int fd;

	world_start(&w);
	close(put("lib", "code", 0));
	int ref = open(in("lib"), O_PATH);
	world_ok(&w, reg_describe(&w.dump, ref, in("lib"), O_RDONLY, &a, &w.err));
	world_ok(&w, reg_describe(&w.dump, ref, in("lib"), O_RDONLY, &b, &w.err));
	world_ok(&w, reg_describe(&w.dump, ref, in("lib"), O_RDWR, &c, &w.err));
	check(a == b && a != c && w.seen.n_files == 2);
	world_dump(&w);
	world_restore(&w);
	world_ok(&w,
		 reg_open(&w.make, model_file(&w.made, a->id)->entry, O_RDONLY, &fd, &w.err));
	holds(fd, "code");
}

/* The deleted program may be run: nobody has it open for writing. */
static void opens_a_deleted_mapping_and_a_descriptor_of_it(void)
{
	struct world w;
	struct open_file *map;
	int fd;

	world_start(&w);
	int rw = put("prog", "#!/bin/true\n", 0), ref = open(in("prog"), O_PATH);
	char link[160];
	snprintf(link, sizeof(link), "%s (deleted)", in("prog"));
	check(unlink(in("prog")) == 0);
	struct open_file *file = world_see(&w, rw);
	world_ok(&w, reg_describe(&w.dump, ref, link, O_RDONLY, &map, &w.err));
	world_dump(&w);
	world_restore(&w);
	world_ok(&w,
		 reg_open(&w.make, model_file(&w.made, map->id)->entry, O_RDONLY, &fd, &w.err));
	check(pwrite(world_fd(&w, file->id), "Z", 1, 0) == 1);
	holds(fd, "Z!/bin/true\n");
}

static void finds_what_stands_for_a_log_outside(void)
{
	struct world w;

	world_start(&w);
	check(mkdir(in("jail"), 0755) == 0);
	int log = put("log", "old", O_APPEND), fresh = put("fresh", "", O_APPEND);
	check(dup2(log, 2) == 2);
	w.dump.root = open(in("jail"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_file *file = world_see(&w, 2);
	world_dump(&w);
	check(w.dump.n_stdio == 1 && w.dump.stdio[0].num == 2);
	w.stdio_now[2] = fresh;
	world_restore(&w);
	check(write(world_fd(&w, file->id), "new", 3) == 3);
	holds(fresh, "new");
}

RUN(TEST(opens_again_at_the_same_offset_with_the_same_flags),
    TEST(refuses_a_file_of_another_size), TEST(refuses_a_file_of_another_type_or_mode),
    TEST(carries_a_directory_and_where_its_listing_is),
    TEST(carries_descriptors_that_only_name_something), TEST(carries_devices_that_keep_nothing),
    TEST(refuses_other_devices_by_name), TEST(gives_a_deleted_file_back_as_one_file),
    TEST(gives_a_deleted_file_back_though_its_name_and_directory_are_taken),
    TEST(gives_a_deleted_directory_back), TEST(lets_a_file_without_name_get_one),
    TEST(opens_a_deleted_file_by_its_other_name),
    TEST(refuses_a_deleted_file_whose_other_name_is_not_seen),
    TEST(refuses_a_path_that_shows_another_file),
    TEST(refuses_the_directory_of_a_process_that_has_ended),
    TEST(describes_what_is_mapped_once), TEST(opens_a_deleted_mapping_and_a_descriptor_of_it),
    TEST(finds_what_stands_for_a_log_outside))
