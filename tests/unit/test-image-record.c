/* test-image-record.c - records out and in again, and files that are none */
#include <errno.h>
#include <string.h>

#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/cgroup.pb-c.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/image/schema/pipe.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/scratch.h"

static struct err err;
static char text[512];

static const char *why(void)
{
	return err_text(&err, text, sizeof(text));
}

static void inventory_put(struct image_dir *dir)
{
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;

	inventory.img_version = 2;
	check(image_put_one(dir, IMAGE_INVENTORY, 0, &inventory.base, &err) == 0);
}

static struct image_dir *create(int fd)
{
	struct image_dir *dir = NULL;

	check(image_create(fd, &dir, &err) == 0);
	inventory_put(dir);
	return dir;
}

static struct image_dir *reopened(int fd, struct image_dir *written)
{
	const struct image_about about = {};
	struct image_dir *dir = NULL;

	check(image_commit(written, &about, IMAGE_NO_SYNC, &err) == 0);
	image_close(&written);
	check(image_open(fd, &dir, &err) == 0);
	return dir;
}

/* A directory that CRIU could have made: inventory.img and the given file, no manifest. */
static struct image_dir *foreign(int fd, const char *name, const void *data, size_t len)
{
	static const unsigned char inventory[] = {0x16, 0x31, 0x31, 0x58, 2, 0, 0, 0, 8, 2};
	struct image_dir *dir = NULL;

	scratch_put(fd, "inventory.img", inventory, sizeof(inventory));
	scratch_put(fd, name, data, len);
	check(image_open(fd, &dir, &err) == 0);
	check(image_is_foreign(dir));
	return dir;
}

static void gives_back_the_records_and_the_bytes_behind_them(void)
{
	int fd = scratch();
	struct image_dir *dir = create(fd);
	struct image_writer *w = NULL;
	struct image_reader *r = NULL;
	struct arena *arena = arena_new();
	static char data[100000];
	const void *raw;
	void *record;

	memset(data, 'x', sizeof(data));
	check(image_writer_open(dir, IMAGE_PIPES_DATA, 0, &w, &err) == 0);
	for (uint32_t i = 0; i < 50; i++) {
		PipeDataEntry entry = PIPE_DATA_ENTRY__INIT;

		entry.pipe_id = i;
		entry.bytes = i * 2000;
		check(record_put(w, &entry.base, &err) == 0);
		check(record_put_raw(w, data, entry.bytes, &err) == 0);
	}
	check(image_writer_close(&w, &err) == 0);
	dir = reopened(fd, dir);
	check(image_reader_open(dir, IMAGE_PIPES_DATA, 0, &r, &err) == 0);
	for (uint32_t i = 0; i < 50; i++) {
		check(record_get(r, &pipe_data_entry__descriptor, arena, &record, &err) == 1);
		const PipeDataEntry *entry = record;
		check(entry->pipe_id == i && entry->bytes == i * 2000);
		check(record_get_raw(r, entry->bytes, &raw, &err) == 0);
		check(memcmp(raw, data, entry->bytes) == 0);
	}
	check(record_get(r, &pipe_data_entry__descriptor, arena, &record, &err) == 0);
	image_reader_drop(&r);
	image_close(&dir);
}

static void gives_back_a_record_larger_than_its_buffer(void)
{
	int fd = scratch();
	struct image_dir *dir = create(fd);
	PstreeEntry entry = PSTREE_ENTRY__INIT;
	struct arena *arena = arena_new();
	void **all;
	size_t n;

	entry.n_threads = 100000;
	entry.threads = calloc(entry.n_threads, sizeof(*entry.threads));
	for (uint32_t i = 0; i < entry.n_threads; i++)
		entry.threads[i] = i;
	check(image_put_one(dir, IMAGE_PSTREE, 0, &entry.base, &err) == 0);
	dir = reopened(fd, dir);
	check(image_get_all(dir, IMAGE_PSTREE, 0, arena, &all, &n, &err) == 0 && n == 1);
	const PstreeEntry *got = all[0];
	check(got->n_threads == entry.n_threads);
	check(memcmp(got->threads, entry.threads, 4ul * got->n_threads) == 0);
	image_close(&dir);
}

static void writes_no_record_without_a_required_field(void)
{
	int fd = scratch();
	struct image_dir *dir = create(fd);
	RegFileEntry entry = REG_FILE_ENTRY__INIT; /* no fown, no name */

	check(image_put_one(dir, IMAGE_FILES, 0, &entry.base, &err) == -EINVAL);
	check(strstr(why(), "files.img: record 1: reg_file_entry"));
	image_close(&dir);
}

static void writes_a_file_once(void)
{
	int fd = scratch();
	struct image_dir *dir = create(fd);
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;

	check(image_put_one(dir, IMAGE_INVENTORY, 0, &inventory.base, &err) == -EEXIST);
	image_close(&dir);
}

static void tells_a_file_that_is_not_there_from_a_bad_one(void)
{
	int fd = scratch();
	struct image_dir *dir = reopened(fd, create(fd));
	struct arena *arena = arena_new();
	void *record;

	check(image_get_one(dir, IMAGE_MM, 1, arena, &record, &err) == -ENOENT);
	check(!image_has(dir, IMAGE_MM, 1) && image_has(dir, IMAGE_INVENTORY, 0));
	image_close(&dir);
}

static void refuses_a_file_of_another_kind(void)
{
	static const unsigned char file[] = {0x19, 0x43, 0x56, 0x54, 1, 2, 3, 4, 0, 0, 0, 0};
	struct image_dir *dir = foreign(scratch(), "pstree.img", file, sizeof(file));
	struct arena *arena = arena_new();
	void *record;

	check(image_get_one(dir, IMAGE_PSTREE, 0, arena, &record, &err) == -EBADMSG);
	check(strstr(why(), "pstree.img: it starts with 0x04030201, not with 0x50273030"));
	image_close(&dir);
}

static void refuses_lengths_that_the_file_does_not_have(void)
{
	static const uint32_t bad[] = {1,          100,       1u << 25, (1u << 25) + 1,
				       0x7fffffff, 0xffffffff};
	unsigned char file[12] = {0x19, 0x43, 0x56, 0x54, 0x30, 0x30, 0x27, 0x50};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena *arena = arena_new();
		void *record;

		memcpy(file + 8, &bad[i], 4);
		struct image_dir *dir = foreign(scratch(), "pstree.img", file, sizeof(file));
		check(image_get_one(dir, IMAGE_PSTREE, 0, arena, &record, &err) < 0);
		check(strstr(why(), "pstree.img: record 1: "));
		image_close(&dir);
		arena_free(&arena);
		scratch_remove();
	}
}

static void reads_nothing_through_a_symbolic_link(void)
{
	int fd = scratch();
	struct image_dir *dir = foreign(fd, "core-1.img", "", 0);
	struct arena *arena = arena_new();
	void *record;

	check(symlinkat("/etc/hostname", fd, "pstree.img") == 0);
	check(mkfifoat(fd, "mm-1.img", 0600) == 0);
	check(image_get_one(dir, IMAGE_PSTREE, 0, arena, &record, &err) == -ELOOP);
	check(strstr(why(), "pstree.img is a symbolic link"));
	check(image_get_one(dir, IMAGE_MM, 1, arena, &record, &err) == -EINVAL);
	check(strstr(why(), "mm-1.img is not a regular file"));
	image_close(&dir);
}

/* Field 2 in field 2 in field 2 (controllers.dirs.children.children...), written from the end
 * of the room; where it begins. */
static size_t nested(unsigned char *to, size_t room, int depth)
{
	size_t at = room;

	for (int i = 0; i < depth; i++) {
		size_t len = room - at;

		if (len > 0x7f)
			to[--at] = (unsigned char)(len >> 7);
		to[--at] = (unsigned char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
		to[--at] = 0x12;
	}
	return at;
}

static void refuses_messages_that_are_nested_without_end(void)
{
	static unsigned char file[12 + 4000] = {0x19, 0x43, 0x56, 0x54, 0x30, 0x33, 0x38, 0x59};
	unsigned char body[4000];
	size_t at = nested(body, sizeof(body), 1000);
	uint32_t len = (uint32_t)(sizeof(body) - at);
	struct arena *arena = arena_new();
	void *record;

	memcpy(file + 8, &len, 4);
	memcpy(file + 12, body + at, len);
	struct image_dir *dir = foreign(scratch(), "cgroup.img", file, 12 + len);
	check(image_get_one(dir, IMAGE_CGROUP, 0, arena, &record, &err) == -EPROTO);
	check(strstr(why(), "nested more than 64 deep"));
	image_close(&dir);
}

static void passes_over_fields_it_does_not_know(void)
{
	/* pid to sid, then field 4000 as bytes and 4001 as a number */
	static const unsigned char file[] = {
		0x19, 0x43, 0x56, 0x54, 0x30, 0x30, 0x27, 0x50, 15, 0, 0,   0,    8,   1,
		16,   0,    24,   1,    32,   1,    0x82, 0xfa, 1,  1, 'x', 0x88, 0xfa};
	unsigned char whole[sizeof(file) + 2];
	struct arena *arena = arena_new();
	void *record;

	memcpy(whole, file, sizeof(file));
	whole[sizeof(file)] = 1;
	whole[sizeof(file) + 1] = 7;
	whole[8] = (unsigned char)(sizeof(whole) - 12);
	struct image_dir *dir = foreign(scratch(), "pstree.img", whole, sizeof(whole));
	check(image_get_one(dir, IMAGE_PSTREE, 0, arena, &record, &err) == 0);
	check(((PstreeEntry *)record)->pgid == 1);
	image_close(&dir);
}

static void names_are_read_as_they_are_written(void)
{
	static const char *const bad[] = {"core-.img",    "core-07.img",
					  "core-1.imgx",  "core-1",
					  "core--1.img",  "ghost-file-A.img",
					  "files.img.",   "",
					  "../files.img", "core-18446744073709551616.img"};
	enum image_file file;
	uint64_t id;

	for (enum image_file i = 0; i < IMAGE_STATS; i++) {
		check(image_name_parse(image_name(i, 4095).text, &file, &id) && file == i);
		check(id == (image_file_type(i)->base ? 4095 : 0));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(!image_name_parse(bad[i], &file, &id));
	check(strcmp(image_name(IMAGE_GHOST_FILE, 255).text, "ghost-file-ff.img") == 0);
	check(strcmp(image_name(IMAGE_TMPFS, 9).text, "tmpfs-9.tar.gz.img") == 0);
}

RUN(TEST(gives_back_the_records_and_the_bytes_behind_them),
    TEST(gives_back_a_record_larger_than_its_buffer),
    TEST(writes_no_record_without_a_required_field), TEST(writes_a_file_once),
    TEST(tells_a_file_that_is_not_there_from_a_bad_one), TEST(refuses_a_file_of_another_kind),
    TEST(refuses_lengths_that_the_file_does_not_have),
    TEST(reads_nothing_through_a_symbolic_link),
    TEST(refuses_messages_that_are_nested_without_end),
    TEST(passes_over_fields_it_does_not_know), TEST(names_are_read_as_they_are_written))
