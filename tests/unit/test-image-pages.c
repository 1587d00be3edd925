/* test-image-pages.c - page files: runs, their bytes, and how fast they are written */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "engine/image/schema/pagemap.pb-c.h"
#include "engine/image/stats.h"
#include "runtime/base/arena.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static struct err err;

static struct image_dir *create(int fd)
{
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;
	struct image_dir *dir = NULL;

	check(image_create(fd, &dir, &err) == 0);
	inventory.img_version = 2;
	sample_one(dir, IMAGE_INVENTORY, 0, &inventory.base);
	return dir;
}

static struct image_dir *reopened(int fd, struct image_dir *written)
{
	struct image_dir *dir = NULL;

	sample_commit(written);
	check(image_open(fd, &dir, &err) == 0);
	return dir;
}

static int put(struct pages_writer *w, uint64_t vaddr, uint64_t n, uint32_t flags, void *data)
{
	struct page_run run = {vaddr, n, flags, 0};
	struct iovec iov = {data, n * IMAGE_PAGE};

	return pages_put(w, &run, &iov, flags & PE_PRESENT ? 1 : 0, &err);
}

static void gives_back_runs_and_bytes(void)
{
	static unsigned char data[5 * IMAGE_PAGE];
	int fd = scratch();
	struct image_dir *dir = create(fd);
	struct pages_writer *w = NULL;
	struct pages_reader *r = NULL;
	uint64_t size;
	size_t n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i / IMAGE_PAGE + i);
	check(pages_create(dir, IMAGE_PAGEMAP_SHMEM, 1ull << 40, &w, &err) == 0);
	check(put(w, 0x10000, 2, PE_PRESENT, data) == 0);
	check(put(w, 0x12000, 1, PE_PRESENT, data + 2 * IMAGE_PAGE) == 0);
	check(put(w, 0x13000, 7, PE_PARENT, NULL) == 0);
	check(put(w, 0x7fffffffe000, 2, PE_PRESENT | PE_LAZY, data + 3 * IMAGE_PAGE) == 0);
	check(pages_close(&w, &err) == 0);
	dir = reopened(fd, dir);
	check(pages_open(dir, IMAGE_PAGEMAP_SHMEM, 1ull << 40, &r, &err) == 0);
	const struct page_run *run = pages_runs(r, &n);
	check(n == 3); /* neighbours are one */
	check(run[0].vaddr == 0x10000 && run[0].nr_pages == 3 && run[0].offset == 0);
	check(run[1].nr_pages == 7 && run[1].flags == PE_PARENT);
	check(run[2].flags == (PE_PRESENT | PE_LAZY) && run[2].offset == 3 * IMAGE_PAGE);
	const void *got = pages_data(r, &size);
	check(size == sizeof(data) && memcmp(got, data, size) == 0);
	check((uintptr_t)got % IMAGE_PAGE == 0 && pages_check(r, &err) == 0);
	pages_reader_drop(&r);
	image_close(&dir);
}

static void takes_no_run_out_of_order_and_no_bytes_too_few(void)
{
	static unsigned char data[2 * IMAGE_PAGE];
	struct image_dir *dir = create(scratch());
	struct pages_writer *w = NULL;
	struct page_run run = {0x20000, 2, PE_PRESENT, 0};
	struct iovec iov = {data, IMAGE_PAGE};

	check(pages_create(dir, IMAGE_PAGEMAP, 1, &w, &err) == 0);
	check(pages_put(w, &run, &iov, 1, &err) == -EINVAL);
	check(put(w, 0x20000, 2, PE_PRESENT, data) == 0);
	check(put(w, 0x21000, 1, PE_PRESENT, data) == -EINVAL);
	check(put(w, 0x10000, 1, PE_PRESENT, data) == -EINVAL);
	check(put(w, 0x30001, 1, PE_PRESENT, data) == -EINVAL);
	check(strstr(sample_why(&err), "pages-1.img: a run at 0x30001"));
	pages_writer_drop(&w);
	image_close(&dir);
}

/* A page map as anybody may write it. */
static int opened(const PagemapEntry *entry, size_t n)
{
	int fd = scratch();
	struct image_dir *dir = create(fd);
	struct image_writer *w = NULL;
	struct pages_reader *r = NULL;
	PagemapHead head = PAGEMAP_HEAD__INIT;
	static const char page[IMAGE_PAGE];

	head.pages_id = 7;
	check(image_writer_open(dir, IMAGE_PAGES, 7, &w, &err) == 0);
	check(record_put_raw(w, page, sizeof(page), &err) == 0);
	check(image_writer_close(&w, &err) == 0);
	check(image_writer_open(dir, IMAGE_PAGEMAP, 1, &w, &err) == 0);
	check(record_put(w, &head.base, &err) == 0);
	for (size_t i = 0; i < n; i++)
		check(record_put(w, &entry[i].base, &err) == 0);
	check(image_writer_close(&w, &err) == 0);
	dir = reopened(fd, dir);
	int result = pages_open(dir, IMAGE_PAGEMAP, 1, &r, &err);
	pages_reader_drop(&r);
	image_close(&dir);
	scratch_remove();
	return result;
}

static PagemapEntry entry_of(uint64_t vaddr, uint64_t n, uint32_t flags)
{
	PagemapEntry entry = PAGEMAP_ENTRY__INIT;

	entry.vaddr = vaddr;
	entry.has_nr_pages = entry.has_flags = 1;
	entry.nr_pages = n;
	entry.flags = flags;
	return entry;
}

static void believes_no_run_that_cannot_be(void)
{
	const PagemapEntry good = entry_of(0x1000, 1, PE_PRESENT);
	const PagemapEntry bad[] = {
		entry_of(0x1001, 1, PE_PRESENT),
		entry_of(0x1000, 0, PE_PRESENT),
		entry_of(0x1000, 2, PE_PRESENT),
		entry_of(0x1000, 1ull << 52, PE_PARENT),
		entry_of(UINT64_MAX - 4095, 2, PE_LAZY),
		entry_of(0x1000, 1, 64),
		entry_of(0x1000, 1ull << 51, PE_PRESENT),
	};
	const PagemapEntry twice[] = {entry_of(0x1000, 3, PE_PARENT), good};

	check(opened(&good, 1) == 0);
	check(opened(NULL, 0) == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(opened(&bad[i], 1) < 0);
	check(opened(twice, 2) == -EBADMSG);
	check(strstr(sample_why(&err), "pagemap-1.img: record 3: 0x1000 lies within"));
}

static void reads_the_page_counts_of_older_images(void)
{
	PagemapEntry entry = PAGEMAP_ENTRY__INIT;

	entry.vaddr = 0x5000;
	entry.compat_nr_pages = 1; /* no flags: the page is there */
	check(opened(&entry, 1) == 0);
	entry.compat_nr_pages = 2;
	check(opened(&entry, 1) == -EBADMSG);
	entry.has_in_parent = entry.in_parent = 1;
	check(opened(&entry, 1) == 0);
}

static void small_pieces_and_large_ones_keep_their_order(void)
{
	enum { PAGES = 500 };
	static unsigned char data[PAGES * IMAGE_PAGE];
	int fd = scratch();
	struct image_dir *dir = create(fd);
	struct pages_writer *w = NULL;
	struct pages_reader *r = NULL;
	uint64_t size;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i / IMAGE_PAGE * 3 + i % 7);
	check(pages_create(dir, IMAGE_PAGEMAP, 1, &w, &err) == 0);
	for (uint64_t at = 0, n; at < PAGES; at += n) {
		n = at % 5 ? 1 : 60;
		n = n < PAGES - at ? n : PAGES - at;
		check(put(w, at * 3 * IMAGE_PAGE, n, PE_PRESENT, data + at * IMAGE_PAGE) == 0);
	}
	check(pages_close(&w, &err) == 0);
	dir = reopened(fd, dir);
	check(pages_open(dir, IMAGE_PAGEMAP, 1, &r, &err) == 0);
	const void *got = pages_data(r, &size);
	check(size == sizeof(data) && memcmp(got, data, size) == 0);
	check(pages_check(r, &err) == 0);
	pages_reader_drop(&r);
	image_close(&dir);
}

/* Our own part: how fast the kernel finds memory for the page cache is not up to us. */
static void adds_less_than_a_quarter_second_to_a_gibibyte(void)
{
	enum { PIECE = 4 << 20, PIECES = 256 };
	int fd = scratch();
	struct image_dir *dir = create(fd);
	struct pages_writer *w = NULL;
	struct rusage use;
	struct timespec from, to;
	char *data = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	check(data != MAP_FAILED);
	check(pages_create(dir, IMAGE_PAGEMAP, 1, &w, &err) == 0);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint64_t i = 0; i < PIECES; i++)
		check(put(w, i * PIECE, PIECE / IMAGE_PAGE, PE_PRESENT, data) == 0);
	check(pages_close(&w, &err) == 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	image_close(&dir);
	check(getrusage(RUSAGE_SELF, &use) == 0);
	double s = (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6;
	printf("# %.2f s, of these ours: %.2f s\n",
	       (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
	       s);
	check(s < 0.25);
}

static void statistics_are_read_as_they_were_written(void)
{
	int fd = scratch();
	struct arena *arena = arena_new();
	StatsEntry stats = STATS_ENTRY__INIT, *got;
	DumpStatsEntry dump = DUMP_STATS_ENTRY__INIT;

	dump.frozen_time = 1234;
	dump.pages_written = 1ull << 33;
	check(stats_write(fd, &stats, &err) == -EINVAL);
	stats.dump = &dump;
	check(stats_write(fd, &stats, &err) == 0);
	check(stats_read(fd, "stats-dump", arena, &got, &err) == 0);
	check(got->dump->frozen_time == 1234 && got->dump->pages_written == 1ull << 33);
	check(stats_read(fd, "stats-restore", arena, &got, &err) == -ENOENT);
}

RUN(TEST(gives_back_runs_and_bytes), TEST(takes_no_run_out_of_order_and_no_bytes_too_few),
    TEST(believes_no_run_that_cannot_be), TEST(reads_the_page_counts_of_older_images),
    TEST(small_pieces_and_large_ones_keep_their_order),
    TEST(adds_less_than_a_quarter_second_to_a_gibibyte),
    TEST(statistics_are_read_as_they_were_written))
