/* test-load.c - an image that does not hang together is refused before anything is made of it */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/engine.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static int refuse_nest(void *ctx, pid_t *init, struct err *err)
{
	check(*init > 0);
	*(int *)ctx += 1;
	return fail(err, -ECANCELED, "loaded");
}

/* The cgroup of a container is not looked at before it is made. */
static struct restore_request request_of(const struct restore_host *host, int fd)
{
	static const char cgroup;

	return (struct restore_request){
		.id = "sample",
		.host = host,
		.cgroup = (const void *)&cgroup,
		.image_dir = fd,
		.work_dir = fd,
		.stdio = {-1, -1, -1},
	};
}

/* restored() - what a restore of the image says; it gets as far as nest if the image is sound */
static const char *restored(int fd)
{
	int nested = 0;
	struct restore_host host = {.ctx = &nested, .nest = refuse_nest};
	struct restore_request request = request_of(&host, fd);
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

/* restored_quietly() - as restored(), which is too much to print for every byte of an image */
static void restored_quietly(int fd)
{
	int nested = 0;
	struct restore_host host = {.ctx = &nested, .nest = refuse_nest};
	struct restore_request request = request_of(&host, fd);
	struct err err = {};

	check(restore(&request, &err) < 0 && err.n);
}

static void change_byte(int dir, int file, off_t at, unsigned char change)
{
	unsigned char was, now;

	check(pread(file, &was, 1, at) == 1);
	now = was ^ change;
	check(pwrite(file, &now, 1, at) == 1);
	restored_quietly(dir);
	check(pwrite(file, &was, 1, at) == 1);
}

static void survives_any_byte_without_a_manifest(void)
{
	static const char *const names[] = {"pstree.img",    "files.img",   "core-1.img",
					    "core-2.img",    "ids-1.img",   "ids-2.img",
					    "mm-1.img",      "fs-1.img",    "ckrun-roots.img",
					    "inventory.img", "fdinfo-1.img"};
	static const unsigned char change[] = {0x01, 0x08, 0x80, 0xff};
	int fd = scratch();
	struct stat st;

	sample_write(fd, &SAMPLE_SOUND);
	check(unlinkat(fd, "ckrun-manifest.img", 0) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int file = openat(fd, names[i], O_RDWR | O_CLOEXEC);

		check(file >= 0 && fstat(file, &st) == 0);
		for (off_t at = 0; at < st.st_size; at++)
			for (size_t c = 0; c < sizeof(change); c++)
				change_byte(fd, file, at, change[c]);
		close(file);
	}
	restored_quietly(fd);
}

RUN(TEST(survives_any_byte_without_a_manifest),
    TEST(comes_as_far_as_the_container_with_a_sound_image),
    TEST(names_a_descriptor_whose_file_is_missing),
    TEST(names_a_task_that_stands_before_its_parent), TEST(names_a_core_file_that_is_missing),
    TEST(names_a_file_that_is_not_whole), TEST(names_a_file_that_was_changed),
    TEST(says_that_an_empty_folder_is_no_image))
