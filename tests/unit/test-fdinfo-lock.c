/* test-fdinfo-lock.c - locks that are held through a descriptor */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/kernel/fdinfo-lock.h"
#include "engine/kernel/proc.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static struct file_locks read_own(int fd, struct arena *arena)
{
	scoped_free char *text = NULL;
	struct file_locks list;
	struct err err = {};
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	check(!proc_text(getpid(), 0, name, &text, &err));
	check(!fdinfo_lock_parse(text, arena, &list, &err));
	return list;
}

static const struct file_lock *get(const struct file_locks *list, enum lock_kind kind)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->lock[i].kind == kind)
			return &list->lock[i];
	check(!"held");
	return NULL;
}

static void reads_every_kind_of_lock(void)
{
	scoped(arena_free) struct arena *arena = arena_new();
	char name[] = "/tmp/ckrun-lock.XXXXXX";
	struct flock lock = {.l_type = F_WRLCK, .l_start = 5, .l_len = 10};
	scoped_fd int fd = mkstemp(name);
	struct stat st;

	check(fd >= 0 && !unlink(name) && !fstat(fd, &st) && !read_own(fd, arena).n);
	check(!flock(fd, LOCK_EX) && !fcntl(fd, F_SETLK, &lock));
	lock = (struct flock){.l_type = F_RDLCK, .l_start = 100};
	check(!fcntl(fd, F_OFD_SETLK, &lock));
	struct file_locks list = read_own(fd, arena);
	check(list.n == 3);
	const struct file_lock *l = get(&list, LOCK_POSIX);
	check(l->type == F_WRLCK && l->start == 5 && l->end == 14 && l->pid == getpid());
	check(l->ino == st.st_ino && l->dev == st.st_dev);
	l = get(&list, LOCK_OFD);
	check(l->type == F_RDLCK && l->start == 100 && l->end == INT64_MAX);
	check(get(&list, LOCK_FLOCK)->type == F_WRLCK);
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		skip("the file system has no leases");
	list = read_own(fd, arena);
	check(get(&list, LOCK_LEASE)->type == F_WRLCK && get(&list, LOCK_LEASE)->active);
}

static void tells_a_lease_that_is_being_broken(void)
{
	static const char text[] =
		"lock:\t1: LEASE  BREAKING  READ 7 fe:00:12 0 EOF\n"
		"lock:\t2: DELEG  ACTIVE    UNLCK 0 fe:1f:12 0 9223372036854775806\n";
	scoped(arena_free) struct arena *arena = arena_new();
	struct file_locks list;
	struct err err = {};

	check(!fdinfo_lock_parse(text, arena, &list, &err) && list.n == 2);
	check(list.lock[0].kind == LOCK_LEASE && !list.lock[0].active);
	check(list.lock[1].kind == LOCK_OTHER && list.lock[1].type == F_UNLCK);
	check(list.lock[1].end == INT64_MAX - 1);
}

static void refuses_a_line_that_is_cut(void)
{
	static const char line[] = "lock:\t1: POSIX  ADVISORY  WRITE 7 fe:00:12 5 EOF";
	scoped(arena_free) struct arena *arena = arena_new();
	struct file_locks list;
	struct err err = {};

	check(!fdinfo_lock_parse(line, arena, &list, &err) && list.n == 1);
	for (size_t i = strlen("lock:"); i < strlen(line); i++) {
		char cut[sizeof(line)];

		memcpy(cut, line, i);
		cut[i] = '\0';
		check(fdinfo_lock_parse(cut, arena, &list, &err) == -EPROTO);
	}
}

RUN(TEST(reads_every_kind_of_lock), TEST(tells_a_lease_that_is_being_broken),
    TEST(refuses_a_line_that_is_cut))
