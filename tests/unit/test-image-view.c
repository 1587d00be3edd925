/* test-image-view.c - images as people and debuggers see them */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>

#include "engine/image/one.h"
#include "runtime/base/scope.h"
#include "runtime/image/core.h"
#include "runtime/image/show.h"
#include "runtime/image/view.h"
#include "runtime/image/words.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static struct err err;

static struct image_view *opened(int dir)
{
	struct image_view *view = NULL;

	if (view_open(dir, &view, &err) < 0) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	return view;
}

static struct image_view *sample_view(const struct sample *sample)
{
	int dir = scratch();

	sample_write(dir, sample);
	return opened(dir);
}

static const char *shown(const struct image_view *view)
{
	static char text[1 << 16];
	FILE *out = fmemopen(text, sizeof(text), "w");

	check(out && show_text(view, out, &err) == 0);
	fclose(out);
	return text;
}

static bool has(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	printf("# no \"%s\" in: %s\n", part, text);
	return false;
}

static void shows_children_behind_their_parent(void)
{
	struct sample sample = SAMPLE_SOUND;

	sample.parent_of_2 = 1;
	const char *text = shown(sample_view(&sample));
	check(has(text, " [sample]\n"));
	check(has(text, "  \\_ [sample]\n"));
	check(has(text, "  fd 0    file      /bin/sample (r)\n"));
	check(has(text, "000000400000-000000404000 ---p   16 KiB      2 pages"));
	check(has(text, "sample: 2 tasks, 2 threads, 2 descriptors, 16 KiB of memory"));
}

static void shows_the_same_as_json(void)
{
	struct image_view *view = sample_view(&SAMPLE_SOUND);
	char *text;

	check(show_json(view, &text, &err) == 0);
	check(has(text, "\"container\": \"sample\"") && has(text, "\"pages\": 2"));
	check(has(text, "\"text\": \"/bin/sample\""));
	view_close(&view);
}

/* --- trees that are none */

static struct image_view *tree_of(const uint32_t (*pids)[2], size_t n)
{
	struct image_view *view = calloc(1, sizeof(*view));
	struct image_view *sample = sample_view(&SAMPLE_SOUND);

	view->arena = sample->arena;
	view->task = calloc(n, sizeof(*view->task));
	view->n_tasks = n;
	for (size_t i = 0; i < n; i++) {
		PstreeEntry *tree = calloc(1, sizeof(*tree));

		pstree_entry__init(tree);
		tree->pid = pids[i][0];
		tree->ppid = pids[i][1];
		view->task[i].tree = tree;
	}
	return view;
}

static void every_task_is_shown_once_whatever_the_tree(void)
{
	static const uint32_t pids[][2] = {{1, 2}, {2, 1}, {3, 3}, {4, 99},
					   {1, 1}, {5, 2}, {0, 0}};
	enum { N = sizeof(pids) / sizeof(pids[0]) };
	struct view_place *place = view_order(tree_of(pids, N));
	unsigned int seen = 0;

	for (size_t i = 0; i < N; i++)
		seen |= 1u << place[i].task;
	check(seen == (1u << N) - 1);
}

static void draws_branches_as_deep_as_a_tree_goes(void)
{
	enum { N = 500 };
	static uint32_t pids[N][2];

	for (uint32_t i = 0; i < N; i++)
		pids[i][0] = i + 1, pids[i][1] = i;
	struct view_place *place = view_order(tree_of((const uint32_t(*)[2])pids, N));
	for (size_t i = 0; i < N; i++)
		check(place[i].task == i && place[i].depth == i);
}

static void nothing_in_an_image_reaches_the_terminal_as_a_command(void)
{
	struct image_view *view = sample_view(&SAMPLE_SOUND);

	check(strcmp(plain_text(view->arena, "a\033[2J\n\x7f\xc3\xa4"),
		     "a\\033[2J\\012\\177\xc3\xa4") == 0);
	check(strcmp(plain_text(view->arena, NULL), "") == 0);
}

/* --- cores */

static const unsigned char *core_of(const struct image_view *view, uint32_t pid,
				    size_t *ret_len)
{
	int fd = memfd_create("core", 0);

	if (image_core(view, pid, -1, fd, &err) < 0) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	*ret_len = (size_t)lseek(fd, 0, SEEK_END);
	const unsigned char *core = mmap(NULL, *ret_len, PROT_READ, MAP_PRIVATE, fd, 0);
	check(core != MAP_FAILED);
	return core;
}

static const Elf64_Phdr *segment(const unsigned char *core, uint64_t addr)
{
	const Elf64_Ehdr *head = (const void *)core;
	const Elf64_Phdr *table = (const void *)(core + head->e_phoff);

	for (size_t i = 0; i < head->e_phnum; i++)
		if (table[i].p_type == PT_LOAD && table[i].p_vaddr <= addr &&
		    addr < table[i].p_vaddr + table[i].p_memsz)
			return &table[i];
	check(!"a segment");
	return NULL;
}

static void a_core_has_the_pages_of_the_image(void)
{
	size_t len;
	const unsigned char *core = core_of(sample_view(&SAMPLE_SOUND), 2, &len);
	const Elf64_Phdr *load = segment(core, 0x401000);

	check(memcmp(core, ELFMAG, SELFMAG) == 0);
	check(load->p_offset + load->p_filesz <= len && load->p_filesz >= 2 * IMAGE_PAGE);
	const unsigned char *at = core + load->p_offset + (0x401000 - load->p_vaddr);
	for (size_t i = 0; i < 2 * IMAGE_PAGE; i++)
		check(at[i] == 2);
}

static void a_core_names_its_task(void)
{
	size_t len;
	const unsigned char *core = core_of(sample_view(&SAMPLE_SOUND), 2, &len);
	const Elf64_Ehdr *head = (const void *)core;
	const Elf64_Phdr *notes = (const void *)(core + head->e_phoff);
	const Elf64_Nhdr *note = (const void *)(core + notes->p_offset);

	check(notes->p_type == PT_NOTE && note->n_type == NT_PRSTATUS);
	check(note->n_descsz == sizeof(struct elf_prstatus));
	struct elf_prstatus status; /* notes are aligned to 4 only */
	memcpy(&status, (const char *)(note + 1) + 8, sizeof(status));
	check(status.pr_pid == 2);
	note = (const void *)((const char *)(note + 1) + 8 + note->n_descsz);
	check(note->n_type == NT_PRPSINFO);
	struct elf_prpsinfo info;
	memcpy(&info, (const char *)(note + 1) + 8, sizeof(info));
	check(strcmp(info.pr_fname, "sample") == 0);
}

static void has_no_core_of_a_task_that_is_not_there(void)
{
	struct image_view *view = sample_view(&SAMPLE_SOUND);

	check(image_core(view, 3, -1, -1, &err) == -ESRCH);
}

static void makes_no_core_of_regions_that_are_none(void)
{
	struct sample sample = SAMPLE_SOUND;

	sample.region_end = 0x3ff000;
	check(image_core(sample_view(&sample), 1, -1, -1, &err) == -EBADMSG);
	check(has(sample_why(&err), "mm-1.img: region 0x400000-0x3ff000 is none"));
}

RUN(TEST(shows_children_behind_their_parent), TEST(shows_the_same_as_json),
    TEST(every_task_is_shown_once_whatever_the_tree),
    TEST(draws_branches_as_deep_as_a_tree_goes),
    TEST(nothing_in_an_image_reaches_the_terminal_as_a_command),
    TEST(a_core_has_the_pages_of_the_image), TEST(a_core_names_its_task),
    TEST(has_no_core_of_a_task_that_is_not_there), TEST(makes_no_core_of_regions_that_are_none))
