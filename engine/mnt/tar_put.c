/* tar_put.c - tar.h, the writing half */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mnt/tar.h"
#include "engine/mnt/ustar.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define SPARSE_NAME "GNUSparseFile.0/"

enum { NSEC = 1000000000 };

/* Text that grows: the records of a pax header, the map of a sparse file. */
struct text {
	char *data;
	size_t len, size;
	int failed; /* out of memory */
};

static void text_free(struct text *text)
{
	free(text->data);
}

static void text_add(struct text *text, const void *data, size_t len)
{
	if (text->size - text->len < len) {
		size_t size = 2 * (text->size + len);
		char *more = text->failed ? NULL : realloc(text->data, size);

		if (!more) {
			text->failed = 1;
			return;
		}
		text->data = more;
		text->size = size;
	}
	if (len)
		memcpy(text->data + text->len, data, len);
	text->len += len;
}

static void text_printf(struct text *text, const char *fmt, ...) printf_like(2, 3);
static void text_printf(struct text *text, const char *fmt, ...)
{
	char line[64];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n > 0)
		text_add(text, line, (size_t)n);
}

/* --- records: "LENGTH KEY=VALUE\n", the length counts its own digits */

static void record(struct text *text, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, total = rest + 1;
	char digits[24];

	while (total != rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total))
		total = rest + strlen(digits);
	text_printf(text, "%s ", digits);
	text_add(text, key, strlen(key));
	text_add(text, "=", 1);
	text_add(text, value, len);
	text_add(text, "\n", 1);
}

static void record_string(struct text *text, const char *key, const char *value)
{
	record(text, key, value, strlen(value));
}

static void record_number(struct text *text, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, value);
	record_string(text, key, digits);
}

/* -1.5 is two seconds before the epoch and half a second on */
static void record_time(struct text *text, const char *key, const struct timespec *ts)
{
	int64_t sec = ts->tv_sec, nsec = ts->tv_nsec;
	char value[48];

	if (sec < 0 && nsec) {
		sec++;
		nsec = NSEC - nsec;
	}
	snprintf(value, sizeof(value), "%s%" PRId64 ".%09" PRId64,
		 ts->tv_sec < 0 && !sec ? "-" : "", sec, nsec);
	record_string(text, key, value);
}

/* --- headers */

static void octal(char *field, size_t size, uint64_t value)
{
	uint64_t limit = UINT64_C(1) << 3 * (size - 1);

	/* what does not fit is in a record, which goes before this field */
	snprintf(field, size, "%0*" PRIo64, (int)size - 1, value < limit ? value : 0);
}

static void sum_up(struct ustar *head)
{
	unsigned int sum = 0;

	memset(head->checksum, ' ', sizeof(head->checksum));
	for (size_t i = 0; i < sizeof(*head); i++)
		sum += ((const unsigned char *)head)[i];
	snprintf(head->checksum, sizeof(head->checksum), "%06o", sum & 0777777);
}

static void cut(char *field, size_t size, const char *text)
{
	memcpy(field, text, strnlen(text, size));
}

static void fill_head(struct ustar *head, const struct tar_member *m, char type, uint64_t size)
{
	*head = (struct ustar){.type = type, .magic = "ustar", .version = {'0', '0'}};
	cut(head->name, sizeof(head->name), m->path);
	octal(head->mode, sizeof(head->mode), m->mode & 07777);
	octal(head->uid, sizeof(head->uid), m->uid);
	octal(head->gid, sizeof(head->gid), m->gid);
	octal(head->size, sizeof(head->size), size);
	octal(head->mtime, sizeof(head->mtime),
	      m->mtime.tv_sec < 0 ? 0 : (uint64_t)m->mtime.tv_sec);
	if (type == TAR_LINK || type == TAR_SYMLINK)
		cut(head->link, sizeof(head->link), m->link);
	if (type == TAR_CHAR || type == TAR_BLOCK) {
		octal(head->major, sizeof(head->major), m->major);
		octal(head->minor, sizeof(head->minor), m->minor);
	}
}

static int put_padding(struct tar_out *out, uint64_t len, struct err *err)
{
	static const char zeros[TAR_BLOCK_SIZE];
	size_t rest = (size_t)(len % TAR_BLOCK_SIZE);

	return rest ? out->write(out->ctx, zeros, TAR_BLOCK_SIZE - rest, err) : 0;
}

static int put_padded(struct tar_out *out, const struct text *text, struct err *err)
{
	if (text->failed)
		return fail(err, -ENOMEM, "out of memory");
	int r = out->write(out->ctx, text->data, text->len, err);
	return r < 0 ? r : put_padding(out, text->len, err);
}

static bool is_sparse(const struct tar_member *m)
{
	return m->type == TAR_FILE && runs_bytes(&m->data) != m->size;
}

static void sparse_map(struct text *map, const struct runs *data)
{
	text_printf(map, "%zu\n", data->n);
	for (size_t i = 0; i < data->n; i++)
		text_printf(map, "%" PRIu64 "\n%" PRIu64 "\n", data->run[i].start,
			    data->run[i].end - data->run[i].start);
}

static void fill_records(struct text *text, const struct tar_member *m, uint64_t size)
{
	char key[300];

	record_time(text, "mtime", &m->mtime);
	record_time(text, "atime", &m->atime);
	if (is_sparse(m)) {
		record_string(text, "GNU.sparse.major", "1");
		record_string(text, "GNU.sparse.minor", "0");
		record_string(text, "GNU.sparse.name", m->path);
		record_number(text, "GNU.sparse.realsize", m->size);
		record_string(text, "path", SPARSE_NAME);
	} else {
		record_string(text, "path", m->path);
	}
	if (m->type == TAR_LINK || m->type == TAR_SYMLINK)
		record_string(text, "linkpath", m->link);
	if (size >> 33)
		record_number(text, "size", size);
	if (m->uid >> 21)
		record_number(text, "uid", m->uid);
	if (m->gid >> 21)
		record_number(text, "gid", m->gid);
	if (m->type == TAR_SOCKET)
		record_string(text, "CKRUN.type", "socket");
	for (size_t i = 0; i < m->n_xattrs; i++) {
		snprintf(key, sizeof(key), "SCHILY.xattr.%s", m->xattr[i].name);
		record(text, key, m->xattr[i].value, m->xattr[i].len);
	}
}

static int put_head(struct tar_out *out, const struct tar_member *m, char type, uint64_t size,
		    struct err *err)
{
	struct ustar head;

	fill_head(&head, m, type, size);
	sum_up(&head);
	return out->write(out->ctx, &head, sizeof(head), err);
}

int tar_put(struct tar_out *out, const struct tar_member *m, struct err *err)
{
	scoped(text_free) struct text records = {0}, map = {0};
	uint64_t size = m->type == TAR_FILE ? runs_bytes(&m->data) : 0;

	if (is_sparse(m)) {
		sparse_map(&map, &m->data);
		size += (map.len + TAR_BLOCK_SIZE - 1) / TAR_BLOCK_SIZE * TAR_BLOCK_SIZE;
	}
	fill_records(&records, m, size);
	out->written = 0;
	int r = put_head(out, m, TAR_PAX, records.len, err);
	if (r >= 0)
		r = put_padded(out, &records, err);
	if (r >= 0)
		r = put_head(out, m, m->type == TAR_SOCKET ? TAR_FILE : (char)m->type, size,
			     err);
	return r >= 0 && map.len ? put_padded(out, &map, err) : r;
}

int tar_put_data(struct tar_out *out, const void *data, size_t len, struct err *err)
{
	out->written += len;
	return out->write(out->ctx, data, len, err);
}

int tar_put_end(struct tar_out *out, struct err *err)
{
	return put_padding(out, out->written, err);
}

int tar_finish(struct tar_out *out, struct err *err)
{
	static const char zeros[2 * TAR_BLOCK_SIZE];

	return out->write(out->ctx, zeros, sizeof(zeros), err);
}
