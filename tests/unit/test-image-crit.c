/* test-image-crit.c - every record with every field: read again the same, and by crit */
#include <errno.h>
#include <sys/wait.h>

#include "engine/image/schema/ipc.pb-c.h"
#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "tests/unit/fill.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

#define CRIT "/usr/bin/crit"

static struct err err;

/* Raw bytes behind a record whose numbers are all 1. */
static const struct {
	enum image_file file;
	size_t bytes;
} behind[] = {
	{IMAGE_PIPES_DATA, 1}, {IMAGE_FIFO_DATA, 1},  {IMAGE_SK_QUEUES, 1},
	{IMAGE_TCP_STREAM, 2}, {IMAGE_GHOST_FILE, 1}, {IMAGE_BPFMAP_DATA, 2},
	{IMAGE_IPC_SEM, 8},    {IMAGE_IPC_MSG, 8},
};

static void raw_put(struct image_writer *w, enum image_file file)
{
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		if (behind[i].file == file)
			check(record_put_raw(w, "rawbytes", behind[i].bytes, &err) == 0);
}

static void filled_put(struct image_dir *dir, enum image_file file)
{
	const struct image_file_type *type = image_file_type(file);
	struct image_writer *w = NULL;

	check(image_writer_open(dir, file, 1, &w, &err) == 0);
	if (type->first)
		check(record_put(w, fill(type->first, 0), &err) == 0);
	check(record_put(w, fill(type->message, 0), &err) == 0);
	if (file == IMAGE_IPC_MSG)
		check(record_put(w, fill(&ipc_msg__descriptor, 0), &err) == 0);
	raw_put(w, file);
	if (image_writer_close(&w, &err) < 0)
		check(!"closed");
}

static bool has_records(enum image_file file)
{
	return image_file_type(file)->message && file != IMAGE_CKRUN_MANIFEST;
}

static void filled_image(int fd)
{
	struct image_dir *dir = NULL;

	check(image_create(fd, &dir, &err) == 0);
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++)
		if (has_records(file))
			filled_put(dir, file);
	sample_commit(dir);
}

static void same(const ProtobufCMessage *got)
{
	static unsigned char a[1 << 16], b[1 << 16];
	const ProtobufCMessage *want = fill(got->descriptor, 0);
	size_t size = protobuf_c_message_get_packed_size(want);

	check(size < sizeof(a) && protobuf_c_message_get_packed_size(got) == size);
	protobuf_c_message_pack(want, a);
	protobuf_c_message_pack(got, b);
	check(memcmp(a, b, size) == 0);
	check(!got->n_unknown_fields);
}

static void every_record_is_read_as_it_was_written(void)
{
	struct arena *arena = arena_new();
	struct image_dir *dir = NULL;
	int fd = scratch();

	filled_image(fd);
	check(image_open(fd, &dir, &err) == 0);
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++) {
		struct image_walk walk = {.file = file};
		const ProtobufCMessage *record;
		int r;

		if (!has_records(file))
			continue;
		check(image_reader_open(dir, file, 1, &walk.reader, &err) == 0);
		while ((r = image_walk_next(&walk, arena, &record, &err)) > 0)
			same(record);
		check(r == 0 && walk.n == (image_file_type(file)->first ? 2 : 1));
		image_reader_drop(&walk.reader);
	}
	image_close(&dir);
}

/* What crit says goes to a file of its own, shown when it fails. */
static pid_t crit_start(enum image_file file)
{
	struct image_name name = image_name(file, 1);
	char path[200], out[200];
	pid_t pid = fork();

	check(pid >= 0);
	if (pid)
		return pid;
	snprintf(path, sizeof(path), "%s/%s", scratch_path, name.text);
	snprintf(out, sizeof(out), "%s/%s.crit", scratch_path, name.text);
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	execl(CRIT, CRIT, "decode", "-i", path, (char *)NULL);
	_exit(127);
}

static bool crit_finish(pid_t pid, enum image_file file)
{
	static char text[1 << 16];
	char name[200];
	int status, fd = open(scratch_path, O_DIRECTORY | O_RDONLY);

	check(waitpid(pid, &status, 0) == pid);
	snprintf(name, sizeof(name), "%s.crit", image_name(file, 1).text);
	size_t n = scratch_get(fd, name, text, sizeof(text) - 1);
	text[n] = '\0';
	close(fd);
	if (status == 0 && strstr(text, "\"entries\""))
		return true;
	printf("# %s: %s\n", image_file_type(file)->prefix, text);
	return false;
}

/* crit 3.17 has no handler for binfmt-misc, and none for what is ours. */
static bool crit_knows(enum image_file file)
{
	return has_records(file) && file != IMAGE_BINFMT_MISC && file < IMAGE_CKRUN_ROOTS;
}

static void crit_decodes_every_common_file(void)
{
	enum { AT_ONCE = 3 };
	pid_t pid[IMAGE_FILE_TYPES] = {0};
	int fd = scratch();
	bool good = true;

	if (access(CRIT, X_OK) < 0)
		skip(CRIT " is not installed");
	filled_image(fd);
	for (unsigned int file = 0; file < IMAGE_FILE_TYPES + AT_ONCE; file++) {
		if (file < IMAGE_FILE_TYPES && crit_knows(file))
			pid[file] = crit_start(file);
		if (file >= AT_ONCE && crit_knows(file - AT_ONCE))
			good &= crit_finish(pid[file - AT_ONCE], file - AT_ONCE);
	}
	check(good);
}

RUN(TEST(every_record_is_read_as_it_was_written), TEST(crit_decodes_every_common_file))
