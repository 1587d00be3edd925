/* test-image-validate.c - a sound image has no problem, a broken one each of its problems */
#include <errno.h>

#include "engine/image/schema/filelock.pb-c.h"
#include "engine/image/schema/pipe.pb-c.h"
#include "engine/image/schema/seccomp.pb-c.h"
#include "engine/image/schema/sock.pb-c.h"
#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static struct image_problems validated(int fd)
{
	struct arena *arena = arena_new();
	struct image_problems found = {};
	struct err err = {};
	int n = image_validate(fd, arena, &found, &err);

	for (size_t i = 0; i < found.n; i++)
		printf("# %s\n", found.text[i]);
	check(n == (int)found.n);
	return found;
}

static bool says(const struct image_problems *found, const char *what)
{
	for (size_t i = 0; i < found->n; i++)
		if (strstr(found->text[i], what))
			return true;
	return false;
}

static void finds_nothing_wrong_with_a_sound_image(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	check(validated(fd).n == 0);
}

static void finds_nothing_wrong_with_one_that_has_no_manifest(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	check(unlinkat(fd, "ckrun-manifest.img", 0) == 0);
	check(validated(fd).n == 0);
}

static void lists_every_problem_and_not_the_first_alone(void)
{
	struct sample sample = SAMPLE_SOUND;
	int fd = scratch();

	sample.fd_file = 9;
	sample.exe = 8;
	sample.region_end = 0x402000;
	sample.no_core_2 = true;
	sample_write(fd, &sample);
	struct image_problems found = validated(fd);
	check(says(&found, "fdinfo-1.img: fd 0: files.img has no file 9"));
	check(says(&found, "mm-1.img: exe: files.img has no file 8"));
	check(says(&found, "pagemap-1.img: 2 pages at 0x401000 are outside of the regions"));
	check(says(&found, "core-2.img is missing"));
	check(found.n == 4); /* the second task cannot be told without its core */
}

static void finds_files_that_refer_to_nothing(void)
{
	struct sample sample = SAMPLE_SOUND;
	int fd = scratch();

	sample.loose_files = true;
	sample_write(fd, &sample);
	struct image_problems found = validated(fd);
	check(says(&found, "files.img: file 10: tty-info.img has no terminal 5"));
	check(says(&found, "files.img: epoll 11: it watches file 99, which is missing"));
	check(says(&found, "files.img: file 12: its path 98 is no file"));
	check(found.n == 3);
}

static void put_loose_numbers(struct image_dir *dir)
{
	PipeDataEntry pipe = PIPE_DATA_ENTRY__INIT;
	SkPacketEntry packet = SK_PACKET_ENTRY__INIT;
	FileLockEntry lock = FILE_LOCK_ENTRY__INIT;
	ScmEntry scm = SCM_ENTRY__INIT, *scms[] = {&scm};
	uint32_t right = 67;

	pipe.pipe_id = 5;
	sample_one(dir, IMAGE_PIPES_DATA, 0, &pipe.base);
	sample_one(dir, IMAGE_FIFO_DATA, 0, &pipe.base);
	packet.id_for = 77;
	packet.scm = scms;
	packet.n_scm = scm.n_rights = 1;
	scm.rights = &right;
	sample_one(dir, IMAGE_SK_QUEUES, 0, &packet.base);
	lock.has_file_id = 1;
	lock.file_id = 66;
	sample_one(dir, IMAGE_FILE_LOCKS, 0, &lock.base);
}

static void finds_numbers_that_name_nothing(void)
{
	const struct sample sample = SAMPLE_SOUND;
	int fd = scratch();
	struct image_dir *dir = sample_create(fd, &sample);

	put_loose_numbers(dir);
	sample_commit(dir);
	struct image_problems found = validated(fd);
	check(says(&found, "pipes-data.img: pipe_id: files.img has no end of pipe 5"));
	check(says(&found, "fifo-data.img: pipe_id: files.img has no end of pipe 5"));
	check(says(&found, "sk-queues.img: id_for: files.img has no socket 77"));
	check(says(&found, "sk-queues.img: rights: files.img has no file 67"));
	check(says(&found, "filelocks.img: file_id: files.img has no file 66"));
	check(found.n == 5);
}

static void finds_filters_that_come_before_themselves(void)
{
	const struct sample sample = SAMPLE_SOUND;
	SeccompEntry seccomp = SECCOMP_ENTRY__INIT;
	SeccompFilter filter[4], *filters[4];
	const uint32_t prev[4] = {2, 0, 1, 9}; /* 0, 1 and 2 in a circle; 9 is none */
	int fd = scratch();
	struct image_dir *dir = sample_create(fd, &sample);

	for (size_t i = 0; i < 4; i++) {
		seccomp_filter__init(&filter[i]);
		filter[i].has_prev = 1;
		filter[i].prev = prev[i];
		filters[i] = &filter[i];
	}
	seccomp.seccomp_filters = filters;
	seccomp.n_seccomp_filters = 4;
	sample_one(dir, IMAGE_SECCOMP, 0, &seccomp.base);
	sample_commit(dir);
	struct image_problems found = validated(fd);
	check(says(&found, "seccomp.img: filter 0: prev: it comes before itself"));
	check(says(&found, "seccomp.img: filter 3: prev: there is no filter 9"));
	check(found.n == 2);
}

static void finds_a_parent_that_is_not_there(void)
{
	struct sample sample = SAMPLE_SOUND;
	int fd = scratch();

	sample.parent_of_2 = 7;
	sample_write(fd, &sample);
	struct image_problems found = validated(fd);
	check(says(&found, "pstree.img: task 2: its parent 7 is not listed before it"));
	check(says(&found, "ckrun-roots.img: task 2 is no root"));
}

static void finds_a_bit_that_fell_over_in_a_page(void)
{
	int fd = scratch();
	unsigned char page[2 * IMAGE_PAGE];

	sample_write(fd, &SAMPLE_SOUND);
	check(scratch_get(fd, "pages-2.img", page, sizeof(page)) == sizeof(page));
	page[5000] ^= 4;
	scratch_put(fd, "pages-2.img", page, sizeof(page));
	struct image_problems found = validated(fd);
	check(found.n == 1);
	check(says(&found, "pages-2.img: its contents are not what the manifest says"));
}

static void finds_files_that_are_gone(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	check(unlinkat(fd, "mm-1.img", 0) == 0 && unlinkat(fd, "inventory.img", 0) == 0);
	struct image_problems found = validated(fd);
	check(says(&found, "mm-1.img"));
	check(says(&found, "inventory.img"));
}

static void an_empty_directory_is_no_image(void)
{
	struct image_problems found = validated(scratch());

	check(says(&found, "inventory.img is missing"));
	check(says(&found, "pstree.img is missing"));
}

RUN(TEST(finds_nothing_wrong_with_a_sound_image),
    TEST(finds_nothing_wrong_with_one_that_has_no_manifest),
    TEST(lists_every_problem_and_not_the_first_alone), TEST(finds_files_that_refer_to_nothing),
    TEST(finds_numbers_that_name_nothing), TEST(finds_filters_that_come_before_themselves),

    TEST(finds_a_parent_that_is_not_there), TEST(finds_a_bit_that_fell_over_in_a_page),
    TEST(finds_files_that_are_gone), TEST(an_empty_directory_is_no_image))
