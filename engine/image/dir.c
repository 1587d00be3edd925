#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/image/dir.h"
#include "engine/image/inside.h"
#include "engine/image/partial.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static struct image_dir *dir_new(int target)
{
	scoped_free struct image_dir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return NULL;
	dir->fd = -1;
	dir->target = fcntl(target, F_DUPFD_CLOEXEC, 0);
	if (dir->target < 0)
		return NULL;
	dir->arena = arena_new();
	if (!dir->arena) {
		close(dir->target);
		return NULL;
	}
	return take_ptr(dir);
}

static void dir_free(struct image_dir *dir)
{
	if (dir->fd >= 0)
		close(dir->fd);
	close(dir->target);
	arena_free(&dir->arena);
	free(dir);
}

void image_close(struct image_dir **dir)
{
	if (!*dir)
		return;
	if ((*dir)->writing)
		partial_remove((*dir)->target, (*dir)->fd);
	dir_free(*dir);
	*dir = NULL;
}

int image_create(int target, struct image_dir **ret, struct err *err)
{
	struct image_dir *dir = dir_new(target);

	if (!dir)
		return fail_errno(err, "image directory");
	int r = partial_open(target, &dir->fd, err);
	if (r < 0) {
		dir_free(dir);
		return r;
	}
	dir->writing = true;
	*ret = dir;
	return 0;
}

/* Of an image that is amended, whose members are sorted and stay so. */
static bool member_replace(struct image_dir *dir, const char *name, uint64_t length,
			   uint32_t crc)
{
	for (size_t i = 0; i < dir->n_members; i++)
		if (strcmp(dir->member[i].name, name) == 0) {
			dir->member[i].length = length;
			dir->member[i].crc = crc;
			return true;
		}
	return false;
}

int image_member_add(struct image_dir *dir, const char *name, uint64_t length, uint32_t crc,
		     struct err *err)
{
	if (dir->amending && member_replace(dir, name, length, crc))
		return 0;
	const char *kept = arena_strdup(dir->arena, name);
	struct image_member *member =
		arena_grow(dir->arena, dir->member, dir->n_members, sizeof(*member));

	if (!kept || !member)
		return fail(err, -ENOMEM, "no memory for the list of files");
	dir->member = member;
	member[dir->n_members++] = (struct image_member){kept, length, crc};
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct image_member *)a)->name,
		      ((const struct image_member *)b)->name);
}

const struct image_member *image_member_find(const struct image_dir *dir, const char *name)
{
	struct image_member key = {.name = name};

	if (!dir->n_members)
		return NULL;
	return bsearch(&key, dir->member, dir->n_members, sizeof(key), by_name);
}

static int members_sort(struct image_dir *dir, struct err *err)
{
	if (dir->n_members) /* qsort(3) takes no NULL */
		qsort(dir->member, dir->n_members, sizeof(*dir->member), by_name);
	for (size_t i = 1; i < dir->n_members; i++)
		if (by_name(&dir->member[i - 1], &dir->member[i]) == 0)
			return fail(err, -EBADMSG, "the manifest lists %s twice",
				    dir->member[i].name);
	return 0;
}

int image_commit(struct image_dir *dir, const struct image_about *about, enum image_sync sync,
		 struct err *err)
{
	int r = members_sort(dir, err);

	if (r >= 0 && !image_member_find(dir, "inventory.img"))
		r = fail(err, -EINVAL, "an image needs inventory.img");
	if (r >= 0)
		r = manifest_write(dir, about, err);
	if (r >= 0 && sync == IMAGE_SYNC && syncfs(dir->fd) < 0)
		r = fail_errno(err, "write back");
	if (r >= 0)
		r = partial_publish(dir, err);
	if (r >= 0 && sync == IMAGE_SYNC && fsync(dir->target) < 0)
		r = fail_errno(err, "write back");
	if (r < 0)
		return fail_in(err, "image directory");
	partial_remove(dir->target, dir->fd);
	dir->writing = false;
	return 0;
}

static int lengths_check(const struct image_dir *dir, struct err *err)
{
	for (size_t i = 0; i < dir->n_members; i++) {
		const struct image_member *member = &dir->member[i];
		struct stat st;

		if (fstatat(dir->fd, member->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail_errno(err, "%s", member->name);
		if (!S_ISREG(st.st_mode))
			return fail(err, -EINVAL, "%s is not a regular file", member->name);
		if ((uint64_t)st.st_size != member->length)
			return fail(err, -EBADMSG, "%s has %lld bytes, the manifest says %llu",
				    member->name, (long long)st.st_size,
				    (unsigned long long)member->length);
	}
	return 0;
}

/* 0 with or without a manifest. */
static int members_load(struct image_dir *dir, struct err *err)
{
	int r = manifest_read(dir, err);

	if (r == -ENOENT) {
		dir->foreign = true;
		return 0;
	}
	if (r >= 0)
		r = members_sort(dir, err);
	if (r >= 0 && !image_member_find(dir, "inventory.img"))
		r = fail(err, -EBADMSG, "the manifest lists no inventory.img");
	return r;
}

static struct image_dir *dir_reading(int target)
{
	struct image_dir *dir = dir_new(target);

	if (dir)
		dir->fd = fcntl(target, F_DUPFD_CLOEXEC, 0);
	if (dir && dir->fd < 0) {
		dir_free(dir);
		return NULL;
	}
	return dir;
}

int image_open(int target, struct image_dir **ret, struct err *err)
{
	scoped(image_close) struct image_dir *dir = dir_reading(target);
	struct stat st;
	int r;

	if (!dir)
		return fail_errno(err, "image directory");
	if (fstatat(dir->fd, "inventory.img", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(err, -ENOENT, "no inventory.img: this is no complete image");
	r = members_load(dir, err);
	if (r >= 0)
		r = lengths_check(dir, err);
	if (r < 0)
		return fail_in(err, "image");
	*ret = take_ptr(dir);
	return 0;
}

int image_open_as_is(int target, struct image_dir **ret, struct err *why, struct err *err)
{
	struct image_dir *dir = dir_reading(target);

	if (!dir)
		return fail_errno(err, "image directory");
	if (members_load(dir, why) < 0) {
		dir->foreign = true;
		dir->n_members = 0;
	} else {
		*why = (struct err){};
	}
	*ret = dir;
	return 0;
}

bool image_is_foreign(const struct image_dir *dir)
{
	return dir->foreign;
}

const struct image_about *image_about(const struct image_dir *dir)
{
	return dir->foreign ? NULL : &dir->about;
}

bool image_has(const struct image_dir *dir, enum image_file file, uint64_t id)
{
	struct image_name name = image_name(file, id);
	struct stat st;

	if (!dir->foreign)
		return image_member_find(dir, name.text);
	return fstatat(dir->fd, name.text, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
