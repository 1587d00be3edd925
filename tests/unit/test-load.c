/* test-load.c - an image that does not hang together is refused before anything is made of it */
#include <errno.h>

#include "engine/engine.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static int refuse_nest(void *ctx, pid_t *ret_init, struct err *err)
{
	(void)ret_init;
	*(int *)ctx += 1;
	return fail(err, -ECANCELED, "loaded");
}

/* restored() - what a restore of the image says; it gets as far as nest if the image is sound */
static const char *restored(int fd)
{
	int nested = 0;
	struct restore_host host = {.ctx = &nested, .nest = refuse_nest};
	struct restore_request request = {.id = "sample",
					  .host = &host,
					  .image_dir = fd,
					  .work_dir = fd,
					  .stdio = {-1, -1, -1}};
	struct err err = {};

	check(restore(&request, &err) < 0);
	const char *why = sample_why(&err);
	printf("# %s\n", why);
	check((nested == 1) == (strstr(why, "nest: loaded") != NULL));
	return why;
}

static const char *restored_sample(const struct sample *sample)
{
	int fd = scratch();

	sample_write(fd, sample);
	return restored(fd);
}

static void comes_as_far_as_the_container_with_a_sound_image(void)
{
	check(strstr(restored_sample(&SAMPLE_SOUND), "nest: loaded"));
}

static void names_a_descriptor_whose_file_is_missing(void)
{
	struct sample sample = SAMPLE_SOUND;

	sample.fd_file = 9;
	check(strstr(restored_sample(&sample),
		     "fdinfo-1.img: descriptor 0 is file 9, which files.img lacks"));
}

static void names_a_task_that_stands_before_its_parent(void)
{
	struct sample sample = SAMPLE_SOUND;

	sample.parent_of_2 = 7;
	check(strstr(restored_sample(&sample),
		     "pstree.img: task 2 stands before its parent 7"));
}

static void names_a_core_file_that_is_missing(void)
{
	struct sample sample = SAMPLE_SOUND;

	sample.no_core_2 = true;
	check(strstr(restored_sample(&sample), "core-2.img"));
}

static void names_a_file_that_is_not_whole(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	int file = openat(fd, "pstree.img", O_RDWR);
	check(file >= 0 && ftruncate(file, 11) == 0);
	close(file);
	check(strstr(restored(fd), "pstree.img"));
}

static void names_a_file_that_was_changed(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	int file = openat(fd, "core-1.img", O_RDWR);
	check(file >= 0 && pwrite(file, "\xff", 1, 20) == 1);
	close(file);
	check(strstr(restored(fd), "core-1.img"));
}

static void says_that_an_empty_folder_is_no_image(void)
{
	check(strstr(restored(scratch()), "inventory.img"));
}

RUN(TEST(comes_as_far_as_the_container_with_a_sound_image),
    TEST(names_a_descriptor_whose_file_is_missing),
    TEST(names_a_task_that_stands_before_its_parent), TEST(names_a_core_file_that_is_missing),
    TEST(names_a_file_that_is_not_whole), TEST(names_a_file_that_was_changed),
    TEST(says_that_an_empty_folder_is_no_image))
