#include <errno.h>
#include <unistd.h>

#include "engine/kernel/seekdata.h"
#include "runtime/base/err.h"

enum { PAGE = 4096 };

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int seekdata_find(int fd, const struct run *range, struct arena *arena, struct runs *ret,
		  struct err *err)
{
	for (uint64_t at = range->start; at < range->end;) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		if (data < 0 && errno == ENXIO) /* nothing up to the end of the file */
			return 0;
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (hole < 0)
			return fail_errno(err, "look for data from %llu on",
					  (unsigned long long)at);

		uint64_t start = (uint64_t)data / PAGE * PAGE;
		uint64_t end = min(((uint64_t)hole + PAGE - 1) / PAGE * PAGE, range->end);
		if (start < at)
			start = at;
		if (start < end && runs_add(ret, arena, start, end) < 0)
			return fail(err, -ENOMEM, "no memory for run %zu of data", ret->n);
		at = end > at ? end : (uint64_t)hole;
	}
	return 0;
}
