/* test-image-flips.c - a byte of a small image changed, or the end of a file lost: validate tells */
#include <string.h>

#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static const char *const names[] = {
	"ckrun-manifest.img", "inventory.img", "pstree.img", "files.img",    "ckrun-roots.img",
	"core-1.img",         "core-2.img",    "ids-1.img",  "ids-2.img",    "mm-1.img",
	"mm-2.img",           "fs-1.img",      "fs-2.img",   "fdinfo-1.img", "fdinfo-2.img",
	"pagemap-1.img",      "pagemap-2.img"};

enum { N_NAMES = sizeof(names) / sizeof(names[0]), ROOM = 1 << 16 };

static bool is_found(int dir)
{
	scoped(arena_free) struct arena *arena = arena_new();
	struct image_problems found = {};
	struct err err = {};

	check(image_validate(dir, arena, &found, &err) >= 0);
	return found.n > 0;
}

/* A file of the image, changed in place. */
struct opened {
	const char *name;
	unsigned char data[ROOM];
	size_t len;
	int fd;
};

static void open_file(int dir, const char *name, struct opened *file)
{
	file->name = name;
	file->len = scratch_get(dir, name, file->data, sizeof(file->data));
	file->fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	check(file->fd >= 0 && file->len > 0 && file->len < ROOM);
}

static void must_be_found(int dir, const char *name, const char *what, size_t at)
{
	if (is_found(dir))
		return;
	printf("# %s: %s %zu\n", name, what, at);
	exit(CHECK_FAILED);
}

static void flips(int dir, const char *name)
{
	static struct opened file;

	open_file(dir, name, &file);
	for (size_t at = 0; at < file.len; at++) {
		const unsigned char every = file.data[at] ^ 0xff;
		const unsigned char one = file.data[at] ^ (unsigned char)(1 << at % 8);

		check(pwrite(file.fd, &every, 1, (off_t)at) == 1);
		must_be_found(dir, name, "all bits of byte", at);
		check(pwrite(file.fd, &one, 1, (off_t)at) == 1);
		must_be_found(dir, name, "one bit of byte", at);
		check(pwrite(file.fd, &file.data[at], 1, (off_t)at) == 1);
	}
	close(file.fd);
}

static void truncations(int dir, const char *name)
{
	static struct opened file;

	open_file(dir, name, &file);
	for (size_t to = file.len; to-- > 0;) {
		check(ftruncate(file.fd, (off_t)to) == 0);
		must_be_found(dir, name, "cut to", to);
	}
	check(pwrite(file.fd, file.data, file.len, 0) == (ssize_t)file.len);
	close(file.fd);
}

static int sound(void)
{
	int dir = scratch();

	sample_write(dir, &SAMPLE_SOUND);
	check(!is_found(dir));
	return dir;
}

static void every_flipped_byte_is_found(void)
{
	int dir = sound();

	for (size_t i = 0; i < N_NAMES; i++)
		flips(dir, names[i]);
	check(!is_found(dir));
}

static void every_truncation_is_found(void)
{
	int dir = sound();

	for (size_t i = 0; i < N_NAMES; i++)
		truncations(dir, names[i]);
	check(!is_found(dir));
}

static void one_byte_more_is_found(void)
{
	static unsigned char data[ROOM];
	int dir = sound();

	for (size_t i = 0; i < N_NAMES; i++) {
		size_t len = scratch_get(dir, names[i], data, sizeof(data));

		data[len] = 0;
		scratch_put(dir, names[i], data, len + 1);
		check(is_found(dir));
		scratch_put(dir, names[i], data, len);
	}
	check(!is_found(dir));
}

RUN(TEST(every_flipped_byte_is_found), TEST(every_truncation_is_found),
    TEST(one_byte_more_is_found))
