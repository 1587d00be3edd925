#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/store.h"

enum { ID_MAX = 1024 };

int store_check_id(const char *id, struct err *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_.-";

	if (!*id || strlen(id) > ID_MAX || id[strspn(id, allowed)] || !strcmp(id, ".") ||
	    !strcmp(id, ".."))
		return fail(err, -EINVAL, "invalid container ID format: \"%.64s\"", id);
	return 0;
}

static int open_root(const char *root, struct err *err)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_errno(err, "open %s", root) : fd;
}

/* ROOT and what is missing above it */
static int make_root(const char *root, struct err *err)
{
	scoped_free char *path = strdup(root);

	if (!path)
		return fail(err, -ENOMEM, "out of memory");
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0711) < 0 && errno != EEXIST)
			return fail_errno(err, "make %s", path);
		*p = '/';
	}
	if (mkdir(path, 0711) < 0 && errno != EEXIST)
		return fail_errno(err, "make %s", path);
	return open_root(root, err);
}

static int set_lock(int fd, enum store_lock lock, int command)
{
	static const short type[] = {[STORE_SHARE] = F_RDLCK, [STORE_CHANGE] = F_WRLCK};
	struct flock range = {.l_type = type[lock], .l_whence = SEEK_SET};
	int r;

	do
		r = fcntl(fd, command, &range);
	while (r < 0 && errno == EINTR);
	return r;
}

static int lock_store(struct store *store, enum store_lock lock, struct err *err)
{
	store->lock = openat(store->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return fail_errno(err, "open the lock");
	if (set_lock(store->lock, lock, F_SETLKW) < 0)
		return fail_errno(err, "lock");
	return 0;
}

/* Another command may have removed the container while we waited for the lock. */
static bool is_gone(const struct store *store)
{
	struct stat dir, lock;

	return fstat(store->dir, &dir) < 0 || dir.st_nlink == 0 ||
	       fstat(store->lock, &lock) < 0 || lock.st_nlink == 0;
}

static int no_such(const char *id, struct err *err)
{
	return fail(err, -ENOENT, "container \"%.64s\" does not exist", id);
}

int store_reserve(const char *root, const char *id, struct store *ret, struct err *err)
{
	scoped(store_close) struct store store = STORE_NONE;

	if (store_check_id(id, err) < 0)
		return err->code;
	scoped_fd int all = make_root(root, err);
	if (all < 0)
		return err->code;
	if (mkdirat(all, id, 0711) < 0)
		return errno == EEXIST
			       ? fail(err, -EEXIST, "container with given ID already exists")
			       : fail_errno(err, "make %s/%s", root, id);
	store.dir = openat(all, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store.dir < 0)
		return fail_errno(err, "open %s/%s", root, id);
	if (lock_store(&store, STORE_CHANGE, err) < 0)
		return err->code;
	if (is_gone(&store)) /* taken for the rest of a crash and deleted at once */
		return no_such(id, err);
	*ret = store;
	store = STORE_NONE;
	return 0;
}

int store_open(const char *root, const char *id, enum store_lock lock, struct store *ret,
	       struct err *err)
{
	scoped(store_close) struct store store = STORE_NONE;

	if (store_check_id(id, err) < 0)
		return err->code;
	scoped_fd int all = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all < 0)
		return errno == ENOENT ? no_such(id, err) : fail_errno(err, "open %s", root);
	store.dir = openat(all, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store.dir < 0)
		return errno == ENOENT ? no_such(id, err)
				       : fail_errno(err, "open %s/%s", root, id);
	if (lock != STORE_READ) {
		if (lock_store(&store, lock, err) < 0)
			return err->code == -ENOENT ? no_such(id, err) : err->code;
		if (is_gone(&store))
			return no_such(id, err);
	}
	*ret = store;
	store = STORE_NONE;
	return 0;
}

void store_close(struct store *store)
{
	scope_close(&store->lock);
	scope_close(&store->dir);
	*store = STORE_NONE;
}

void store_unlock(struct store *store)
{
	scope_close(&store->lock);
	store->lock = -1;
}

static int remove_files(int dir, struct err *err)
{
	scoped_fd int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again < 0 ? NULL : fdopendir(again);

	if (!list)
		return fail_errno(err, "list the state directory");
	(void)take_fd(&again);
	for (struct dirent *entry; (entry = readdir(list));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dir, entry->d_name, 0) < 0 && errno != ENOENT) {
			fail_errno(err, "remove %s", entry->d_name);
			closedir(list);
			return err->code;
		}
	}
	closedir(list);
	return 0;
}

int store_remove(const char *root, const char *id, struct store *store, struct err *err)
{
	scoped_fd int all = open_root(root, err);

	if (all < 0 || remove_files(store->dir, err) < 0)
		return err->code;
	if (unlinkat(all, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail_errno(err, "remove %s/%s", root, id);
	return 0;
}

char *store_filters(const char *root, struct arena *arena)
{
	return arena_printf(arena, "%s/~filters", root);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_id(struct arena *arena, const char *id, char ***ids, size_t *n, struct err *err)
{
	*ids = arena_grow(arena, *ids, *n, sizeof(**ids));
	if (!*ids || !((*ids)[*n] = arena_strdup(arena, id)))
		return fail(err, -ENOMEM, "out of memory");
	++*n;
	return 0;
}

static void close_list(DIR **list)
{
	if (*list)
		closedir(*list);
}

int store_list(const char *root, struct arena *arena, char ***ret, size_t *ret_n,
	       struct err *err)
{
	scoped(close_list) DIR *list = opendir(root);
	char **ids = NULL;
	size_t n = 0;
	struct err ignored;

	if (!list && errno != ENOENT)
		return fail_errno(err, "open %s", root);
	for (struct dirent *entry; list && (entry = readdir(list));)
		if (entry->d_type == DT_DIR && store_check_id(entry->d_name, &ignored) == 0 &&
		    add_id(arena, entry->d_name, &ids, &n, err) < 0)
			return err->code;
	if (n)
		qsort(ids, n, sizeof(*ids), by_name);
	*ret = ids;
	*ret_n = n;
	return 0;
}
