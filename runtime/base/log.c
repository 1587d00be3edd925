#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/base/scope.h"

enum { STEP = 256 << 10, LINE = 4096, FILE_MAX = 1 << 30 };

struct log {
	int fd;
	enum log_level level;
	struct timespec start;
	char *text;
	size_t used, size;
};

/* A full disk would show as SIGBUS when a page is touched for the first time, so the blocks are
 * taken here; where they cannot be had, lines are dropped. */
static int grow(struct log *log)
{
	size_t size = log->size + STEP;

	if (size > FILE_MAX || posix_fallocate(log->fd, (off_t)log->size, STEP))
		return -1;
	char *text = log->text
			     ? mremap(log->text, log->size, size, MREMAP_MAYMOVE)
			     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd, 0);
	if (text == MAP_FAILED)
		return -1;
	log->text = text;
	log->size = size;
	return 0;
}

struct log *log_open(int dir, const char *name, enum log_level level)
{
	struct log *log = level == LOG_NOTHING ? NULL : calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->level = level;
	clock_gettime(CLOCK_MONOTONIC, &log->start);
	log->fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (log->fd < 0 || grow(log) < 0)
		log_close(&log);
	return log;
}

void log_close(struct log **log)
{
	struct log *l = *log;

	if (!l)
		return;
	if (l->text) {
		munmap(l->text, l->size);
		(void)!ftruncate(l->fd, (off_t)l->used);
	}
	scope_close(&l->fd);
	free(l);
	*log = NULL;
}

static size_t put_head(const struct log *log, enum log_level level, const char *area,
		       char *line)
{
	static const char *const name[] = {"", "error", "warn ", "info ", "debug"};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	long us = (now.tv_sec - log->start.tv_sec) * 1000000 +
		  (now.tv_nsec - log->start.tv_nsec) / 1000;
	int n = snprintf(line, LINE, "(%02ld.%06ld) %s %.64s: ", us / 1000000, us % 1000000,
			 name[level], area);
	return n < 0 ? 0 : (size_t)n;
}

void log_line(struct log *log, enum log_level level, const char *area, const char *fmt, ...)
{
	va_list ap;

	if (!log || level > log->level)
		return;
	if (log->size - log->used < LINE && grow(log) < 0)
		return;
	char *line = log->text + log->used;
	size_t head = put_head(log, level, area, line);
	va_start(ap, fmt);
	vsnprintf(line + head, LINE - head - 1, fmt, ap);
	va_end(ap);
	size_t len = strnlen(line, LINE - 2);
	line[len] = '\n';
	log->used += len + 1;
}
