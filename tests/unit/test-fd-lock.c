/* test-fd-lock.c - locks that belong to open files, and those of tasks */
#include <sys/file.h>

#include "engine/image/schema/filelock.pb-c.h"
#include "tests/unit/fds.h"

static char at[128];

static const char *in(const char *name)
{
	snprintf(at, sizeof(at), "%s/%s", scratch_path, name);
	return at;
}

static int put(const char *name)
{
	int fd = open(in(name), O_CREAT | O_RDWR, 0640);

	check(fd >= 0);
	return fd;
}

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static void takes_flock_again(void)
{
	struct world w;

	world_start(&w);
	int shared = put("s"), alone = put("x");
	check(flock(shared, LOCK_SH) == 0 && flock(alone, LOCK_EX) == 0);
	struct open_file *a = world_see(&w, shared), *b = world_see(&w, alone);
	world_dump(&w);
	check(close(shared) == 0 && close(alone) == 0);
	world_restore(&w);
	int other = open(in("s"), O_RDWR);
	check(flock(other, LOCK_EX | LOCK_NB) < 0 && flock(other, LOCK_SH | LOCK_NB) == 0);
	other = open(in("x"), O_RDWR);
	check(flock(other, LOCK_SH | LOCK_NB) < 0);
	check(flock(world_fd(&w, a->id), LOCK_UN) == 0);
	check(flock(world_fd(&w, b->id), LOCK_UN) == 0);
	check(flock(other, LOCK_SH | LOCK_NB) == 0);
}

static void takes_ranges_of_an_open_file_again(void)
{
	struct world w;
	struct flock lock = range(F_WRLCK, 10, 5), rest = range(F_RDLCK, 100, 0), ask;

	world_start(&w);
	int fd = put("f");
	check(fcntl(fd, F_OFD_SETLK, &lock) == 0 && fcntl(fd, F_OFD_SETLK, &rest) == 0);
	world_see(&w, fd);
	world_dump(&w);
	check(close(fd) == 0);
	world_restore(&w);
	int other = open(in("f"), O_RDWR);
	ask = range(F_WRLCK, 0, 12);
	check(fcntl(other, F_OFD_GETLK, &ask) == 0);
	check(ask.l_type == F_WRLCK && ask.l_start == 10 && ask.l_len == 5);
	ask = range(F_WRLCK, 5000, 1);
	check(fcntl(other, F_OFD_GETLK, &ask) == 0);
	check(ask.l_type == F_RDLCK && ask.l_start == 100 && ask.l_len == 0);
	ask = range(F_WRLCK, 15, 85);
	check(fcntl(other, F_OFD_GETLK, &ask) == 0 && ask.l_type == F_UNLCK);
}

/* They are taken inside the task, which a process cannot be for itself. */
static void notes_the_locks_of_a_task_once(void)
{
	struct world w;
	struct flock lock = range(F_WRLCK, 3, 4);

	world_start(&w);
	int fd = put("f"), ro = open(in("f"), O_RDONLY);
	check(fcntl(fd, F_SETLK, &lock) == 0);
	world_see(&w, ro);
	struct open_file *file = world_see(&w, fd);
	world_dump(&w);
	world_load(&w);
	void **entry;
	size_t n;
	world_ok(&w, image_get_all(w.image, IMAGE_FILE_LOCKS, 0, w.arena, &entry, &n, &w.err));
	const FileLockEntry *l = entry[0];
	check(n == 1 && l->flag == 1 && l->type == F_WRLCK && l->start == 3 && l->len == 4);
	check(l->pid == 7 && l->fd == fd && l->file_id == file->id);
}

static void refuses_a_lease(void)
{
	struct world w;

	world_start(&w);
	int fd = put("f");
	close(fd);
	fd = open(in("f"), O_RDONLY);
	check(fcntl(fd, F_SETLEASE, F_RDLCK) == 0);
	world_see(&w, fd);
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
	check(strstr(world_why(&w), "its lease cannot be carried yet"));
}

RUN(TEST(takes_flock_again), TEST(takes_ranges_of_an_open_file_again),
    TEST(notes_the_locks_of_a_task_once), TEST(refuses_a_lease))
