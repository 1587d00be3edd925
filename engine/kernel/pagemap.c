#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "engine/kernel/pagemap.h"
#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PAGE = 4096, REGIONS = 512, ENTRIES = 4096 };

/* linux/fs.h of Linux 6.7; that of the build host may be older */
enum {
	IS_FILE = 1 << 2,
	IS_PRESENT = 1 << 3,
	IS_SWAPPED = 1 << 4,
	IS_PFNZERO = 1 << 5,
	IS_GUARD = 1 << 8,
};

struct scan_region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

#define PAGEMAP_SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

#define BIT(n) (1ULL << (n))
enum { T_GUARD = 58, T_FILE = 61, T_SWAPPED = 62, T_PRESENT = 63 };
#define T_PFN (BIT(55) - 1)

/* What a page must not be; to ask for IS_FILE makes the kernel look at each page. */
static const uint64_t unwanted[] = {
	[PAGEMAP_ANONYMOUS] = IS_PFNZERO,
	[PAGEMAP_FILE] = IS_FILE,
};

static uint64_t zero_pfn(void)
{
	scoped_fd int fd = proc_open(getpid(), 0, "pagemap", &(struct err){});
	volatile char *page =
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t entry = 0;

	if (fd < 0 || page == MAP_FAILED)
		return 0;
	(void)*page;
	if (pread(fd, &entry, 8, (off_t)((uintptr_t)page / PAGE * 8)) != 8)
		entry = 0;
	munmap((void *)page, PAGE);
	return entry & BIT(T_PRESENT) ? entry & T_PFN : 0;
}

/* An empty range asks only whether the request is understood. */
static bool scan_works(int fd, uint64_t categories)
{
	struct scan_arg arg = {.size = sizeof(arg), .return_mask = categories};
	struct scan_region region;

	arg.vec = (uintptr_t)&region;
	arg.vec_len = 1;
	arg.category_anyof_mask = categories;
	return ioctl(fd, PAGEMAP_SCAN_IOCTL, &arg) >= 0;
}

int pagemap_open(pid_t pid, enum pagemap_method method, struct pagemap *ret, struct err *err)
{
	struct pagemap map = {.fd = proc_open(pid, 0, "pagemap", err)};

	if (map.fd < 0)
		return err->code;
	map.scan = method == PAGEMAP_BEST && scan_works(map.fd, IS_PRESENT);
	map.guards = map.scan && scan_works(map.fd, IS_GUARD);
	if (!map.scan)
		map.zero_pfn = zero_pfn();
	*ret = map;
	return 0;
}

void pagemap_close(struct pagemap *pagemap)
{
	scope_close(&pagemap->fd);
}

static int add(struct runs *runs, struct arena *arena, uint64_t start, uint64_t end,
	       struct err *err)
{
	int r = runs_add(runs, arena, start, end);

	return r < 0 ? fail(err, r, "no memory for run %zu of pages", runs->n) : 0;
}

static int find_by_scan(struct pagemap *map, const struct run *range, uint64_t not_wanted,
			struct arena *arena, struct pagemap_pages *ret, struct err *err)
{
	struct scan_region region[REGIONS];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = range->start,
		.end = range->end,
		.vec = (uintptr_t)region,
		.vec_len = REGIONS,
		.category_inverted = not_wanted,
		.category_mask = not_wanted,
		.category_anyof_mask = IS_PRESENT | IS_SWAPPED,
		.return_mask = map->guards ? IS_GUARD | IS_PRESENT : IS_PRESENT,
	};

	while (arg.start < arg.end) {
		int n = ioctl(map->fd, PAGEMAP_SCAN_IOCTL, &arg);

		if (n < 0)
			return fail_errno(err, "PAGEMAP_SCAN from %#llx",
					  (unsigned long long)arg.start);
		for (int i = 0; i < n; i++) {
			struct scan_region *r = &region[i];
			bool guard = r->categories & IS_GUARD;

			if (add(guard ? &ret->guard : &ret->data, arena, r->start, r->end,
				err) < 0)
				return err->code;
		}
		map->calls++;
		arg.start = arg.walk_end;
	}
	return 0;
}

static bool is_data(const struct pagemap *map, uint64_t entry, enum pagemap_region region)
{
	if (!(entry & (BIT(T_PRESENT) | BIT(T_SWAPPED))))
		return false;
	if (region == PAGEMAP_FILE)
		return !(entry & BIT(T_FILE));
	return !(entry & BIT(T_PRESENT) && map->zero_pfn && (entry & T_PFN) == map->zero_pfn);
}

static int find_by_table(struct pagemap *map, const struct run *range,
			 enum pagemap_region region, struct arena *arena,
			 struct pagemap_pages *ret, struct err *err)
{
	uint64_t entry[ENTRIES];

	for (uint64_t at = range->start; at < range->end;) {
		uint64_t pages = (range->end - at) / PAGE;
		size_t want = sizeof(*entry) * (pages < ENTRIES ? pages : ENTRIES);
		ssize_t n = pread(map->fd, entry, want, (off_t)(at / PAGE * sizeof(*entry)));

		if (n < 0)
			return fail_errno(err, "pagemap of %#llx", (unsigned long long)at);
		if (n < (ssize_t)sizeof(*entry))
			return fail(err, -EIO, "pagemap ends at %#llx", (unsigned long long)at);
		map->calls++;
		for (size_t i = 0; i < (size_t)n / sizeof(*entry); i++, at += PAGE) {
			bool guard = entry[i] & BIT(T_GUARD);

			if (!guard && !is_data(map, entry[i], region))
				continue;
			if (add(guard ? &ret->guard : &ret->data, arena, at, at + PAGE, err) <
			    0)
				return err->code;
		}
	}
	return 0;
}

int pagemap_find(struct pagemap *pagemap, const struct run *range, enum pagemap_region region,
		 struct arena *arena, struct pagemap_pages *ret, struct err *err)
{
	if (pagemap->scan)
		return find_by_scan(pagemap, range, unwanted[region], arena, ret, err);
	return find_by_table(pagemap, range, region, arena, ret, err);
}
