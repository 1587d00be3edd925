/* test-image-codec.c - files of an image as JSON, and back to the same bytes */
#include <errno.h>
#include <string.h>

#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/stats.pb-c.h"
#include "engine/image/schema/unix.pb-c.h"
#include "engine/image/stats.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "runtime/image/codec.h"
#include "runtime/image/out.h"
#include "runtime/image/text.h"
#include "tests/unit/filled.h"
#include "tests/unit/scratch.h"

static struct err err;

enum { ROOM = 1 << 16 };

static unsigned char file[ROOM];

static char *decoded(const char *name, size_t len)
{
	char *text;

	if (image_decode(name, file, len, JSON_SPACES, &text, &err) < 0) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	return text;
}

static void comes_back(int dir, const char *name)
{
	size_t len = scratch_get(dir, name, file, sizeof(file));
	char *text = decoded(name, len);

	if (!image_decoded_exactly(text, file, len)) {
		printf("# %s: %s\n", name, text);
		exit(CHECK_FAILED);
	}
	free(text);
}

static void every_file_with_every_field_comes_back_byte_for_byte(void)
{
	int dir = scratch();

	filled_image(dir);
	for (enum image_file i = 0; i < IMAGE_FILE_TYPES; i++)
		if (filled_has(i))
			comes_back(dir, image_name(i, 1).text);
	comes_back(dir, "ckrun-manifest.img");
}

static void every_file_of_a_sound_image_comes_back_byte_for_byte(void)
{
	static const char *const names[] = {
		"inventory.img", "pstree.img", "files.img", "ckrun-roots.img", "core-1.img",
		"ids-2.img",     "mm-1.img",   "fs-1.img",  "fdinfo-2.img",    "pagemap-1.img"};
	int dir = scratch();

	sample_write(dir, &SAMPLE_SOUND);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		comes_back(dir, names[i]);
	comes_back(dir, "pages-1.img");
}

static void statistics_come_back_too(void)
{
	StatsEntry stats = STATS_ENTRY__INIT;
	int dir = scratch();

	stats.dump = (DumpStatsEntry *)fill(&dump_stats_entry__descriptor, 0);
	check(stats_write(dir, &stats, &err) == 0);
	comes_back(dir, "stats-dump");
}

/* The text of a file with one record and so many raw bytes behind it. */
static char *one_decoded(enum image_file type, const ProtobufCMessage *record, const void *raw,
			 size_t len)
{
	struct image_dir *dir = NULL;
	struct image_writer *w = NULL;
	int fd = scratch();

	check(image_create(fd, &dir, &err) == 0);
	check(image_writer_open(dir, type, 1, &w, &err) == 0);
	check(record_put(w, record, &err) == 0);
	check(record_put_raw(w, raw, len, &err) == 0);
	check(image_writer_close(&w, &err) == 0);
	sample_one(dir, IMAGE_INVENTORY, 0, fill(&inventory_entry__descriptor, 0));
	sample_commit(dir);
	const struct image_name name = image_name(type, 1);
	comes_back(fd, name.text);
	return decoded(name.text, scratch_get(fd, name.text, file, sizeof(file)));
}

static void shows_what_a_deleted_file_holds(void)
{
	GhostFileEntry ghost = GHOST_FILE_ENTRY__INIT;
	char *text = one_decoded(IMAGE_GHOST_FILE, &ghost.base, "contents", 8);

	check(strstr(text, "\"extra\": \"Y29udGVudHM=\\n\""));
}

static void shows_shared_memory_without_its_padding(void)
{
	IpcShmEntry shm = IPC_SHM_ENTRY__INIT;

	shm.desc = (IpcDescEntry *)fill(&ipc_desc_entry__descriptor, 0);
	shm.size = 5;
	char *text = one_decoded(IMAGE_IPC_SHM, &shm.base, "12345\0\0\0", 8);
	check(strstr(text, "\"extra\": \"MTIzNDU=\\n\""));
}

static void shows_semaphores_as_numbers(void)
{
	IpcSemEntry sem = IPC_SEM_ENTRY__INIT;

	sem.desc = (IpcDescEntry *)fill(&ipc_desc_entry__descriptor, 0);
	sem.nsems = 3;
	char *text = one_decoded(IMAGE_IPC_SEM, &sem.base, "\1\0\0\1\377\377\0\0", 8);
	check(strstr(text, "1,\n        256,\n        65535\n"));
}

static void negative_and_large_numbers_stay_what_they_are(void)
{
	RegFileEntry reg = REG_FILE_ENTRY__INIT;
	FileEntry entry = FILE_ENTRY__INIT;

	entry.reg = &reg;
	entry.type = FD_TYPES__REG;
	reg.fown = (FownEntry *)fill(&fown_entry__descriptor, 0);
	reg.name = (char *)"/a \"quoted\"\n\\ name \xff";
	reg.pos = UINT64_MAX;
	reg.has_mnt_id = 1;
	reg.mnt_id = -1;
	char *text = one_decoded(IMAGE_FILES, &entry.base, "", 0);
	check(strstr(text, "18446744073709551615") && strstr(text, "\"mnt_id\": -1"));
	check(strstr(text, "/a \\\"quoted\\\"\\n\\\\ name \xff"));
}

static void an_enum_without_a_name_stays_a_number(void)
{
	FdinfoEntry fd = FDINFO_ENTRY__INIT;

	fd.type = (FdTypes)77;
	check(strstr(one_decoded(IMAGE_FDINFO, &fd.base, "", 0), "\"type\": 77"));
}

static void fields_of_a_later_version_stay(void)
{
	FsEntry fs = FS_ENTRY__INIT;
	ProtobufCMessageUnknownField field = {2000, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, 4,
					      (uint8_t *)"\3abc"};

	fs.base.unknown_fields = &field;
	fs.base.n_unknown_fields = 1;
	check(strstr(one_decoded(IMAGE_FS, &fs.base, "", 0), "\"number\": 2000"));
}

/* No protobuf has numbers beyond 2^29, but protobuf-c reads and writes them. */
static void a_field_number_beyond_protobufs_comes_back(void)
{
	FsEntry fs = FS_ENTRY__INIT;
	ProtobufCMessageUnknownField field = {(1u << 29) + 5, PROTOBUF_C_WIRE_TYPE_VARINT, 1,
					      (uint8_t *)"\7"};

	fs.base.unknown_fields = &field;
	fs.base.n_unknown_fields = 1;
	check(strstr(one_decoded(IMAGE_FS, &fs.base, "", 0), "\"number\": 536870917"));
}

static void a_record_that_nobody_writes_so_keeps_its_meaning(void)
{
	/* root_id stands before cwd_id */
	static const unsigned char odd[] = {0x19, 0x43, 0x56, 0x54, 0x12, 0x39, 0x40, 0x51,
					    4,    0,    0,    0,    0x10, 7,    0x08, 6};

	memcpy(file, odd, sizeof(odd));
	char *text = decoded("fs-1.img", sizeof(odd));
	check(strstr(text, "\"cwd_id\": 6") && strstr(text, "\"root_id\": 7"));
	check(!image_decoded_exactly(text, file, sizeof(odd)));
}

/* --- what a user may get wrong */

static const char *encode_why(const char *text)
{
	struct bytes_out out = {};

	err = (struct err){};
	check(image_encode(text, strlen(text), &out, &err) < 0);
	out_free(&out);
	return sample_why(&err);
}

static bool says(const char *text, const char *why)
{
	const char *said = encode_why(text);

	if (strstr(said, why))
		return true;
	printf("# it said: %s\n", said);
	return false;
}

static void names_the_entry_and_the_field_that_is_wrong(void)
{
	check(says("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1}]}",
		   "entry 1: root_id is missing"));
	check(says("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": \"x\"}]}",
		   "entry 1: root_id: x is no whole number"));
	check(says(
		"{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": 4294967296}]}",
		"entry 1: root_id: 4294967296 does not fit in 32 bits"));
	check(says("{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": -1}]}",
		   "entry 1: root_id: it is no number of 0 or more"));
	check(says(
		"{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": 1, \"x\": 1}]}",
		"entry 1: x: fs_entry has no such field"));
	check(says(
		"{\"magic\": \"PSTREE\", \"entries\": [{\"pid\": 1, \"ppid\": 0, \"pgid\": 1, "
		"\"sid\": 1, \"threads\": [1, true]}]}",
		"entry 1: threads: 2: it is no number"));
	check(says("{\"magic\": \"FDINFO\", \"entries\": [{\"id\": 1, \"flags\": 0, \"type\": "
		   "\"SPOON\", \"fd\": 0}]}",
		   "entry 1: type: \"SPOON\" is no fd_types"));
	check(says("{\"magic\": \"TTY_DATA\", \"entries\": [{\"tty_id\": 1, \"data\": \"a\"}]}",
		   "entry 1: data: base64"));
	check(says("{\"magic\": \"SPOON\", \"entries\": []}", "\"SPOON\" is none of an image"));
	check(says("{\"magic\": \"FS\"}", "it has no list of entries"));
	check(says("{\"magic\": \"FS\", \"entries\": [7]}", "entry 1: it is no object"));
}

static void raw_bytes_must_be_as_many_as_the_record_says(void)
{
	check(says("{\"magic\": \"PIPES_DATA\", \"entries\": [{\"pipe_id\": 1, \"bytes\": 2, "
		   "\"extra\": \"YQ==\"}]}",
		   "entry 1: extra: 1 bytes, the record says 2"));
	check(says("{\"magic\": \"PIPES_DATA\", \"entries\": [{\"pipe_id\": 1, \"bytes\": 2}]}",
		   "entry 1: extra: it is no text in base64"));
	check(says(
		"{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": 1, \"root_id\": 1, \"extra\": "
		"\"YQ==\"}]}",
		"entry 1: extra: nothing stands behind these records"));
}

static void numbers_may_be_written_in_hexadecimal(void)
{
	static const char text[] = "{\"magic\": \"FS\", \"entries\": [{\"cwd_id\": \"0x10\", "
				   "\"root_id\": \"7\"}]}";
	struct bytes_out out = {};

	check(image_encode(text, strlen(text), &out, &err) == 0);
	check(out.len == 16 && memcmp(out.data + 8, "\4\0\0\0\x08\x10\x10\7", 8) == 0);
	out_free(&out);
}

static void text_and_bytes(const char *bytes, size_t len)
{
	struct arena *arena = arena_new();
	unsigned char *back;
	size_t n;

	check(base64_bytes(base64_text(bytes, len), arena, &back, &n, &err) == 0);
	check(n == len && memcmp(back, bytes, len) == 0);
	check(quoted_bytes(quoted_text(bytes, len), arena, &back, &n, &err) == 0);
	check(n == len && memcmp(back, bytes, len) == 0);
	arena_free(&arena);
}

static void bytes_of_any_length_come_back_from_text(void)
{
	char bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		text_and_bytes(bytes, len);
	memset(bytes, '\0', sizeof(bytes));
	text_and_bytes(bytes, sizeof(bytes));
	check(strcmp(quoted_text("\0/tmp/a=b c ", 12), "=00/tmp/a=3Db c=20") == 0);
}

RUN(TEST(every_file_with_every_field_comes_back_byte_for_byte),
    TEST(every_file_of_a_sound_image_comes_back_byte_for_byte), TEST(statistics_come_back_too),
    TEST(shows_what_a_deleted_file_holds), TEST(shows_shared_memory_without_its_padding),
    TEST(shows_semaphores_as_numbers), TEST(negative_and_large_numbers_stay_what_they_are),
    TEST(an_enum_without_a_name_stays_a_number), TEST(fields_of_a_later_version_stay),
    TEST(a_field_number_beyond_protobufs_comes_back),
    TEST(a_record_that_nobody_writes_so_keeps_its_meaning),
    TEST(names_the_entry_and_the_field_that_is_wrong),
    TEST(raw_bytes_must_be_as_many_as_the_record_says),
    TEST(numbers_may_be_written_in_hexadecimal), TEST(bytes_of_any_length_come_back_from_text))
