/* test-image-dir.c - an image is whole or not there, whatever happens to its files */
#include <errno.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static int opened(int fd, struct err *err)
{
	struct image_dir *dir = NULL;
	int r = image_open(fd, &dir, err);

	image_close(&dir);
	return r;
}

static void is_no_image_before_it_is_committed(void)
{
	int fd = scratch();
	struct image_dir *dir = sample_create(fd, &SAMPLE_SOUND);
	struct err err = {};

	check(scratch_has(fd, IMAGE_PARTIAL));
	check(!scratch_has(fd, "inventory.img") && !scratch_has(fd, "pages-1.img"));
	check(opened(fd, &err) == -ENOENT);
	check(strstr(sample_why(&err), "no inventory.img: this is no complete image"));
	image_close(&dir);
}

static void leaves_nothing_when_it_is_given_up(void)
{
	int fd = scratch();
	struct image_dir *dir = sample_create(fd, &SAMPLE_SOUND);

	image_close(&dir);
	check(!scratch_has(fd, IMAGE_PARTIAL));
	check(rmdir(scratch_path) == 0); /* empty */
}

static void takes_over_what_a_killed_checkpoint_left(void)
{
	int fd = scratch(), status;
	pid_t pid = fork();

	if (!pid) {
		sample_create(fd, &SAMPLE_SOUND);
		kill(getpid(), SIGKILL);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	check(scratch_has(fd, IMAGE_PARTIAL));
	sample_write(fd, &SAMPLE_SOUND);
	check(!scratch_has(fd, IMAGE_PARTIAL));
}

static void does_not_write_where_another_checkpoint_writes(void)
{
	int fd = scratch();
	struct image_dir *first = sample_create(fd, &SAMPLE_SOUND), *second = NULL;
	struct err err = {};

	check(image_create(fd, &second, &err) == -EBUSY);
	image_close(&first);
	check(image_create(fd, &second, &err) == 0);
	image_close(&second);
}

static void takes_the_place_of_an_older_image(void)
{
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	scratch_put(fd, "core-77.img", "old", 3);
	scratch_put(fd, "notes.txt", "mine", 4);
	sample_write(fd, &SAMPLE_SOUND);
	check(!scratch_has(fd, "core-77.img"));
	check(scratch_has(fd, "notes.txt") && scratch_has(fd, "core-1.img"));
}

static void leaves_no_file_of_one_that_was_never_whole(void)
{
	int fd = scratch();

	scratch_put(fd, "core-77.img", "torn", 4);
	sample_write(fd, &SAMPLE_SOUND);
	check(!scratch_has(fd, "core-77.img"));
}

static void needs_an_inventory(void)
{
	int fd = scratch();
	struct image_dir *dir = NULL;
	const struct image_about about = {};
	struct err err = {};

	check(image_create(fd, &dir, &err) == 0);
	check(image_commit(dir, &about, IMAGE_NO_SYNC, &err) == -EINVAL);
	image_close(&dir);
	check(!scratch_has(fd, "ckrun-manifest.img"));
}

static void keeps_its_files_from_other_users(void)
{
	int fd = scratch();
	struct stat st;

	umask(0);
	sample_write(fd, &SAMPLE_SOUND);
	check(fstatat(fd, "pages-1.img", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	check(fstatat(fd, "ckrun-manifest.img", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
}

static void says_what_it_is_when_opened(void)
{
	int fd = scratch();
	struct image_dir *dir = NULL;
	struct err err = {};

	sample_write(fd, &SAMPLE_SOUND);
	check(image_open(fd, &dir, &err) == 0 && !image_is_foreign(dir));
	const struct image_about *about = image_about(dir);
	check(strcmp(about->container, "sample") == 0);
	check(strcmp(about->feature[0], "exec-roots") == 0 && !about->feature[1]);
	check(about->host.kernel_release[0] && about->host.cpu_word[CPU_1_EDX]);
	image_close(&dir);
}

static void a_file_that_is_not_listed_is_not_part_of_it(void)
{
	int fd = scratch();
	struct image_dir *dir = NULL;
	struct arena *arena = arena_new();
	struct err err = {};
	void *record;

	sample_write(fd, &SAMPLE_SOUND);
	check(linkat(fd, "core-1.img", fd, "core-3.img", 0) == 0);
	check(image_open(fd, &dir, &err) == 0);
	check(!image_has(dir, IMAGE_CORE, 3));
	check(image_get_one(dir, IMAGE_CORE, 3, arena, &record, &err) == -ENOENT);
	image_close(&dir);
}

static void a_symbolic_link_in_place_of_a_file_is_refused(void)
{
	int fd = scratch();
	struct err err = {};

	sample_write(fd, &SAMPLE_SOUND);
	check(renameat(fd, "pages-1.img", fd, "elsewhere") == 0);
	check(symlinkat("elsewhere", fd, "pages-1.img") == 0);
	check(opened(fd, &err) < 0);
	check(strstr(sample_why(&err), "pages-1.img is not a regular file"));
}

/* Every file, at every length up to its own: each time a refusal that names the file. */
static void a_torn_file_is_refused_by_name_at_every_length(void)
{
	static const char *const name[] = {
		"pstree.img",      "files.img",         "core-1.img",    "ids-2.img",
		"fdinfo-1.img",    "mm-1.img",          "pagemap-2.img", "inventory.img",
		"ckrun-roots.img", "ckrun-manifest.img"};
	static unsigned char whole[1 << 16];
	int fd = scratch();
	struct err err = {};

	sample_write(fd, &SAMPLE_SOUND);
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		size_t size = scratch_get(fd, name[i], whole, sizeof(whole));

		for (size_t len = 0; len < size; len++) {
			scratch_put(fd, name[i], whole, len);
			check(opened(fd, &err) < 0);
			check(strstr(sample_why(&err), name[i]));
		}
		scratch_put(fd, name[i], whole, size);
		check(opened(fd, &err) == 0);
	}
}

/* The same without a manifest to compare with: the records themselves show it. */
static void a_torn_file_of_a_foreign_image_is_refused_too(void)
{
	static unsigned char whole[1 << 16];
	int fd = scratch();
	struct err err = {};
	struct arena *arena = arena_new();
	struct image_dir *dir = NULL;

	sample_write(fd, &SAMPLE_SOUND);
	check(unlinkat(fd, "ckrun-manifest.img", 0) == 0);
	check(image_open(fd, &dir, &err) == 0 && image_is_foreign(dir) && !image_about(dir));
	size_t size = scratch_get(fd, "core-1.img", whole, sizeof(whole));
	for (size_t len = 0; len < size; len++) {
		void *record;

		scratch_put(fd, "core-1.img", whole, len);
		check(image_get_one(dir, IMAGE_CORE, 1, arena, &record, &err) < 0);
		check(strstr(sample_why(&err), "core-1.img"));
	}
	image_close(&dir);
}

static void every_bit_that_falls_over_is_found(void)
{
	static unsigned char whole[1 << 16];
	static const char *const name[] = {"core-2.img", "ckrun-manifest.img"};
	int fd = scratch();

	sample_write(fd, &SAMPLE_SOUND);
	for (size_t i = 0; i < 2; i++) {
		size_t size = scratch_get(fd, name[i], whole, sizeof(whole));

		for (size_t bit = 0; bit < size * 8; bit++) {
			struct arena *arena = arena_new();
			struct image_problems found = {};
			struct err err = {};

			whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
			scratch_put(fd, name[i], whole, size);
			check(image_validate(fd, arena, &found, &err) > 0);
			check(strstr(found.text[0], name[i]));
			whole[bit / 8] ^= (unsigned char)(1 << bit % 8);
			arena_free(&arena);
		}
		scratch_put(fd, name[i], whole, size);
	}
}

static void what_it_does_not_know_but_must_is_refused(void)
{
	int fd = scratch();
	struct image_dir *dir = sample_create(fd, &SAMPLE_SOUND);
	const struct image_about about = {.feature = {"exec-roots", "time-travel"}};
	struct err err = {};

	check(image_commit(dir, &about, IMAGE_NO_SYNC, &err) == 0);
	image_close(&dir);
	check(opened(fd, &err) == REFUSED);
	check(strstr(sample_why(&err),
		     "it needs 'time-travel', which this ckrun does not know"));
}

static void another_processor_must_have_what_this_one_has(void)
{
	struct image_host here, from;
	struct err err = {};

	check(image_host_read(&here, &err) == 0);
	check(image_host_fits(&here, &here, &err) == 0);
	from = here;
	here.cpu_word[CPU_7_EBX] &= ~(1u << 5);
	from.cpu_word[CPU_7_EBX] |= 1u << 5;
	check(image_host_fits(&from, &here, &err) == REFUSED);
	check(strstr(sample_why(&err), "this processor lacks avx2"));
	check(image_host_fits(&here, &from, &err) == 0); /* more is no reason */
	from.machine[0] = '?';
	check(image_host_fits(&from, &here, &err) == REFUSED);
}

RUN(TEST(is_no_image_before_it_is_committed), TEST(leaves_nothing_when_it_is_given_up),
    TEST(takes_over_what_a_killed_checkpoint_left),
    TEST(does_not_write_where_another_checkpoint_writes),
    TEST(takes_the_place_of_an_older_image), TEST(leaves_no_file_of_one_that_was_never_whole),
    TEST(needs_an_inventory), TEST(keeps_its_files_from_other_users),
    TEST(says_what_it_is_when_opened), TEST(a_file_that_is_not_listed_is_not_part_of_it),
    TEST(a_symbolic_link_in_place_of_a_file_is_refused),
    TEST(a_torn_file_is_refused_by_name_at_every_length),
    TEST(a_torn_file_of_a_foreign_image_is_refused_too),
    TEST(every_bit_that_falls_over_is_found), TEST(what_it_does_not_know_but_must_is_refused),
    TEST(another_processor_must_have_what_this_one_has))
