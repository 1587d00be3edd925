/* test-image-validate.c - a sound image has no problem, a broken one each of its problems */
#include <errno.h>

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
    TEST(finds_a_parent_that_is_not_there), TEST(finds_a_bit_that_fell_over_in_a_page),
    TEST(finds_files_that_are_gone), TEST(an_empty_directory_is_no_image))
