/* test-image-crit.c - every record with every field: read again the same, and by crit */
#include <errno.h>
#include <sys/wait.h>

#include "engine/image/walk.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "runtime/image/codec.h"
#include "tests/unit/filled.h"
#include "tests/unit/scratch.h"

#define CRIT "/usr/bin/crit"

static struct err err;

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

		if (!filled_has(file))
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

/* Of shared memory whose contents are in pages crit reads what is not there, as "". */
static bool is_nothing(const struct json *crit)
{
	return strcmp(crit->key, "extra") == 0 && crit->text && !*crit->text;
}

/* Is what crit prints the same in our text?  Ours has more: fields that came after crit. */
static bool is_within(const struct json *crit, const struct json *ours)
{
	const struct json *c = crit->child, *o = ours->child;

	if (crit->type != ours->type || crit->truth != ours->truth)
		return false;
	if (crit->text && strcmp(crit->text, ours->text) != 0)
		return false;
	if (crit->type == JSON_OBJECT) {
		for (; c; c = c->next) {
			o = json_get(ours, c->key);
			if (o ? !is_within(c, o) : !is_nothing(c)) {
				printf("# %s differs\n", c->key);
				return false;
			}
		}
		return true;
	}
	for (; c && o; c = c->next, o = o->next)
		if (!is_within(c, o))
			return false;
	return !c && !o;
}

static bool as_crit_prints(const char *crit, const char *name)
{
	static char file[1 << 16];
	scoped(arena_free) struct arena *arena = arena_new();
	scoped_free char *text = NULL;
	const struct json *theirs, *ours;
	int fd = open(scratch_path, O_DIRECTORY | O_RDONLY);
	size_t len = scratch_get(fd, name, file, sizeof(file));

	close(fd);
	err = (struct err){};
	if (image_decode(name, file, len, JSON_SPACES, &text, &err) < 0 ||
	    json_parse(arena, crit, strlen(crit), &theirs, &err) < 0 ||
	    json_parse(arena, text, strlen(text), &ours, &err) < 0) {
		printf("# %s: %s\n", name, sample_why(&err));
		return false;
	}
	if (is_within(theirs, ours))
		return true;
	printf("# %s: crit: %s\n# ours: %s\n", name, crit, text);
	return false;
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
		return as_crit_prints(text, image_name(file, 1).text);
	printf("# %s: %s\n", image_file_type(file)->prefix, text);
	return false;
}

/* crit 3.17 has no handler for binfmt-misc, and none for what is ours. */
static bool crit_knows(enum image_file file)
{
	return filled_has(file) && file != IMAGE_BINFMT_MISC && file < IMAGE_CKRUN_ROOTS;
}

static void crit_prints_every_common_file_as_we_do(void)
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

RUN(TEST(every_record_is_read_as_it_was_written), TEST(crit_prints_every_common_file_as_we_do))
