/* diff_pages.c - diff.h: two page maps side by side */
#include <string.h>

#include "runtime/image/diff.h"
#include "runtime/image/view.h"

/* A place in the pages of an address space. */
struct cursor {
	const struct page_run *run;
	size_t n, at;
	const unsigned char *data;
	uint64_t page; /* of the run */
};

static struct cursor cursor_of(const struct view_space *space)
{
	static const struct page_run none;
	struct cursor c = {.run = &none};
	uint64_t size;

	if (!space || !space->pages)
		return c;
	c.run = pages_runs(space->pages, &c.n);
	c.data = pages_data(space->pages, &size);
	return c;
}

/* UINT64_MAX behind the last: no page is there. */
static uint64_t addr_of(const struct cursor *c)
{
	return c->at < c->n ? c->run[c->at].vaddr + c->page * IMAGE_PAGE : UINT64_MAX;
}

static uint64_t left_of(const struct cursor *c)
{
	return c->at < c->n ? c->run[c->at].nr_pages - c->page : 0;
}

static void advance(struct cursor *c, uint64_t pages)
{
	c->page += pages;
	if (c->page == c->run[c->at].nr_pages) {
		c->page = 0;
		c->at++;
	}
}

static const unsigned char *bytes_of(const struct cursor *c)
{
	const struct page_run *run = &c->run[c->at];

	return run->flags & PE_PRESENT ? c->data + run->offset + c->page * IMAGE_PAGE : NULL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Both have the same address; as many pages as both runs have from there. */
static void compare(struct cursor *a, struct cursor *b, struct diff_pages *ret)
{
	const uint64_t pages = least(left_of(a), left_of(b));
	const unsigned char *x = bytes_of(a), *y = bytes_of(b);

	for (uint64_t i = 0; i < pages && x && y; i++) {
		if (memcmp(x + i * IMAGE_PAGE, y + i * IMAGE_PAGE, IMAGE_PAGE) == 0)
			ret->same++;
		else
			ret->changed++;
	}
	if (!x || !y)
		ret->elsewhere += pages;
	advance(a, pages);
	advance(b, pages);
}

struct diff_pages diff_pages(const struct view_space *space_a, const struct view_space *space_b)
{
	struct cursor a = cursor_of(space_a), b = cursor_of(space_b);
	struct diff_pages ret = {};

	while (a.at < a.n || b.at < b.n) {
		const uint64_t x = addr_of(&a), y = addr_of(&b);

		if (x == y) {
			compare(&a, &b, &ret);
			continue;
		}
		struct cursor *first = x < y ? &a : &b;
		const uint64_t apart = (x < y ? y - x : x - y) / IMAGE_PAGE;
		const uint64_t pages = least(left_of(first), apart);

		*(x < y ? &ret.gone : &ret.added) += pages;
		advance(first, pages);
	}
	return ret;
}
