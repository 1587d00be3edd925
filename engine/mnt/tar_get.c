/* tar_get.c - tar.h, the reading half */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mnt/pax.h"
#include "engine/mnt/ustar.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum {
	RECORDS_MAX = 16 << 20, /* bytes of one header; an attribute has up to 64 KiB */
	RUNS_MAX = 1 << 22,
	ARENA_MAX = 128 << 10,
	MEMBER_ABOUT = 2 << 10,
};

/* --- headers and data */

static int octal(const char *field, size_t size, uint64_t *ret, struct err *err)
{
	uint64_t value = 0;
	size_t i = 0;

	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	if (i < size && field[i] && field[i] != ' ')
		return fail(err, -EPROTO, "a number in its header is not octal");
	*ret = value;
	return 0;
}

static int skip(struct tar_in *in, uint64_t len, struct err *err)
{
	char buffer[16 * TAR_BLOCK_SIZE];
	int r = 0;

	while (len && r >= 0) {
		size_t n = len < sizeof(buffer) ? (size_t)len : sizeof(buffer);

		r = in->read(in->ctx, buffer, n, err);
		len -= n;
	}
	return r;
}

static uint64_t padding(uint64_t size)
{
	return (TAR_BLOCK_SIZE - size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE;
}

static int get_records(struct tar_in *in, uint64_t size, struct pax *ret, struct err *err)
{
	if (size > RECORDS_MAX)
		return fail(err, -E2BIG, "records of %" PRIu64 " bytes", size);
	char *text = arena_alloc(in->arena, (size_t)size + 1);
	if (!text)
		return fail(err, -ENOMEM, "out of memory");
	in->used += size;
	int r = in->read(in->ctx, text, (size_t)size, err);
	if (r >= 0)
		r = skip(in, padding(size), err);
	return r < 0 ? r : pax_parse(ret, text, (size_t)size, err);
}

/* --- the map of a sparse file: numbers, a line each, padded to a block */

struct map_reader {
	struct tar_in *in;
	char block[TAR_BLOCK_SIZE];
	size_t at;
};

static int map_number(struct map_reader *map, uint64_t *ret, struct err *err)
{
	char digits[24];
	size_t n = 0;

	for (;;) {
		if (map->at == sizeof(map->block)) {
			if (map->in->left < sizeof(map->block))
				return fail(err, -EPROTO, "its map of holes is cut");
			int r = tar_get_data(map->in, map->block, sizeof(map->block), err);
			if (r < 0)
				return r;
			map->at = 0;
		}
		char c = map->block[map->at++];
		if (c == '\n' || n == sizeof(digits) - 1)
			break;
		digits[n++] = c;
	}
	digits[n] = '\0';
	return pax_number(digits, ret, err);
}

static int get_map(struct tar_in *in, struct tar_member *m, struct err *err)
{
	struct map_reader map = {.in = in, .at = sizeof(map.block)};
	uint64_t n = 0, end = 0, start, len;
	int r = map_number(&map, &n, err);

	if (r >= 0 && n > RUNS_MAX)
		r = fail(err, -E2BIG, "%" PRIu64 " pieces of data", n);
	in->used += n * 2 * sizeof(struct run);
	for (uint64_t i = 0; i < n && r >= 0; i++) {
		start = len = 0;
		r = map_number(&map, &start, err);
		if (r >= 0)
			r = map_number(&map, &len, err);
		if (r < 0)
			return r;
		if (start < end || start > m->size || len > m->size - start)
			return fail(err, -EPROTO, "its map of holes is not in order");
		end = start + len;
		if (len && runs_add(&m->data, in->arena, start, end) < 0)
			return fail(err, -ENOMEM, "out of memory");
	}
	if (r >= 0 && runs_bytes(&m->data) != in->left)
		r = fail(err, -EPROTO, "its map of holes does not fit its data");
	return r;
}

/* --- a member */

static char *field_text(struct arena *arena, const char *field, size_t size)
{
	char *text = arena_alloc(arena, size + 1);

	if (text)
		memcpy(text, field, strnlen(field, size));
	return text;
}

static const char *head_path(struct arena *arena, const struct ustar *head)
{
	const char *prefix = field_text(arena, head->prefix, sizeof(head->prefix));
	const char *name = field_text(arena, head->name, sizeof(head->name));

	if (!prefix || !name || !*prefix)
		return prefix ? name : NULL;
	return arena_printf(arena, "%s/%s", prefix, name);
}

static int check_sum(const struct ustar *head, struct err *err)
{
	struct ustar blank = *head;
	unsigned int sum = 0;
	uint64_t said = 0;

	memset(blank.checksum, ' ', sizeof(blank.checksum));
	for (size_t i = 0; i < sizeof(blank); i++)
		sum += ((const unsigned char *)&blank)[i];
	int r = octal(head->checksum, sizeof(head->checksum), &said, err);
	if (r >= 0 && said != sum)
		r = fail(err, -EBADMSG, "a header whose checksum is wrong");
	return r;
}

static int take_numbers(const struct ustar *head, struct pax *r, struct err *err)
{
	struct tar_member *m = r->member;
	uint64_t mode = 0, uid = 0, gid = 0, mtime = 0, major = 0, minor = 0, size = 0;
	int ret = octal(head->mode, sizeof(head->mode), &mode, err);

	if (ret >= 0 && !r->has_uid)
		ret = octal(head->uid, sizeof(head->uid), &uid, err);
	if (ret >= 0 && !r->has_gid)
		ret = octal(head->gid, sizeof(head->gid), &gid, err);
	if (ret >= 0 && !r->has_mtime)
		ret = octal(head->mtime, sizeof(head->mtime), &mtime, err);
	if (ret >= 0 && !r->has_size)
		ret = octal(head->size, sizeof(head->size), &size, err);
	if (ret >= 0)
		ret = octal(head->major, sizeof(head->major), &major, err);
	if (ret >= 0)
		ret = octal(head->minor, sizeof(head->minor), &minor, err);
	if (ret < 0)
		return ret;
	m->mode = (mode_t)mode & 07777;
	uid = r->has_uid ? r->uid : uid;
	gid = r->has_gid ? r->gid : gid;
	if (uid > UINT32_MAX || gid > UINT32_MAX)
		return fail(err, -EPROTO, "an owner that is too large");
	m->uid = (uint32_t)uid;
	m->gid = (uint32_t)gid;
	m->major = (uint32_t)major;
	m->minor = (uint32_t)minor;
	if (!r->has_mtime)
		m->mtime = (struct timespec){.tv_sec = (time_t)mtime};
	if (!r->has_size)
		r->size = size;
	return 0;
}

static int take_names(const struct ustar *head, struct pax *r, struct err *err)
{
	struct tar_member *m = r->member;

	m->path = r->sparse_name ? r->sparse_name : r->path;
	if (!m->path)
		m->path = head_path(r->arena, head);
	m->link = r->link ? r->link : field_text(r->arena, head->link, sizeof(head->link));
	return m->path && m->link ? 0 : fail(err, -ENOMEM, "out of memory");
}

static int take_type(const struct ustar *head, struct pax *r, struct err *err)
{
	static const char known[] = {TAR_FILE,  TAR_LINK,      TAR_SYMLINK, TAR_CHAR,
				     TAR_BLOCK, TAR_DIRECTORY, TAR_FIFO};
	char type = head->type ? head->type : (char)TAR_FILE;

	if (!memchr(known, type, sizeof(known)))
		return refuse(err, "%s is of a type ('%c') that this ckrun does not know",
			      r->member->path, type);
	r->member->type = (enum tar_type)type;
	if (type == TAR_FILE && r->type && !strcmp(r->type, "socket"))
		r->member->type = TAR_SOCKET;
	return 0;
}

static int take_data(struct tar_in *in, struct pax *r, struct err *err)
{
	struct tar_member *m = r->member;

	if (m->type != TAR_FILE) {
		m->size = 0;
		r->size = 0;
	}
	in->left = r->size;
	in->padded = r->size + padding(r->size);
	if (m->type != TAR_FILE)
		return 0;
	m->size = r->is_sparse ? r->real_size : r->size;
	if (m->size > INT64_MAX || r->size > INT64_MAX)
		return fail(err, -EPROTO, "%s is too large", m->path);
	if (r->is_sparse) {
		if (r->sparse_major != 1 || r->sparse_minor)
			return refuse(err, "%s: holes are described in an unknown way",
				      m->path);
		return get_map(in, m, err);
	}
	if (m->size && runs_add(&m->data, in->arena, 0, m->size) < 0)
		return fail(err, -ENOMEM, "out of memory");
	return 0;
}

static int get_member(struct tar_in *in, const struct ustar *head, struct pax *records,
		      struct err *err)
{
	int r = take_numbers(head, records, err);

	if (r >= 0)
		r = take_names(head, records, err);
	if (r >= 0)
		r = take_type(head, records, err);
	return r < 0 ? r : take_data(in, records, err);
}

static bool is_end(const struct ustar *head)
{
	static const struct ustar zeros;

	return !memcmp(head, &zeros, sizeof(zeros));
}

static int renew(struct tar_in *in, struct err *err)
{
	int r = skip(in, in->padded, err);

	in->left = in->padded = 0;
	in->used += MEMBER_ABOUT;
	if (in->used > ARENA_MAX || !in->arena) {
		arena_free(&in->arena);
		in->arena = arena_new();
		in->used = 0;
	}
	return in->arena ? r : fail(err, -ENOMEM, "out of memory");
}

int tar_get(struct tar_in *in, struct tar_member *ret, struct err *err)
{
	int r = renew(in, err);
	struct pax records = {.member = ret, .arena = in->arena};

	*ret = (struct tar_member){0};
	while (r >= 0) {
		struct ustar head;
		uint64_t size = 0;

		r = in->read(in->ctx, &head, sizeof(head), err);
		if (r >= 0 && is_end(&head))
			return 0;
		if (r >= 0)
			r = check_sum(&head, err);
		if (r >= 0 && head.type != TAR_PAX && head.type != TAR_PAX_GLOBAL) {
			r = get_member(in, &head, &records, err);
			return r < 0 ? r : 1;
		}
		if (r >= 0)
			r = octal(head.size, sizeof(head.size), &size, err);
		if (r >= 0 && head.type == TAR_PAX)
			r = get_records(in, size, &records, err);
		else if (r >= 0)
			r = skip(in, size + padding(size), err);
	}
	return r;
}

int tar_get_data(struct tar_in *in, void *data, size_t len, struct err *err)
{
	if (len > in->left)
		return fail(err, -EPROTO, "a member has less data than it says");
	in->left -= len;
	in->padded -= len;
	return in->read(in->ctx, data, len, err);
}

void tar_in_drop(struct tar_in *in)
{
	arena_free(&in->arena);
}
