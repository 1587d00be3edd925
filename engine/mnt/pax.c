/* pax.c - "LENGTH KEY=VALUE\n", the length counts itself; only attributes may hold NULs */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mnt/pax.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

#define XATTR_KEY "SCHILY.xattr."

enum { NSEC = 1000000000, NSEC_DIGITS = 9, LENGTH_MAX = 24 };

int pax_number(const char *text, uint64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end)
		return fail(err, -EPROTO, "\"%.40s\" is no number", text);
	*ret = value;
	return 0;
}

/* "-1.5": half a second on from two seconds before the epoch */
static int timestamp(const char *text, struct timespec *ret, struct err *err)
{
	bool negative = *text == '-';
	char *end;
	long nsec = 0;

	errno = 0;
	long long sec = strtoll(text, &end, 10);
	if (errno || end == text || (*end && *end != '.'))
		return fail(err, -EPROTO, "\"%.40s\" is no time", text);
	if (*end == '.')
		end++;
	for (int i = 0; i < NSEC_DIGITS; i++) {
		bool digit = *end >= '0' && *end <= '9';

		nsec = nsec * 10 + (digit ? *end - '0' : 0);
		end += digit;
	}
	if (negative && nsec) {
		sec--;
		nsec = NSEC - nsec;
	}
	*ret = (struct timespec){.tv_sec = sec, .tv_nsec = nsec};
	return 0;
}

/* --- which keys mean something */

enum { NO_FLAG = 0 };

static const struct key {
	const char *key;
	enum { STRING, NUMBER, MTIME, ATIME } kind;
	size_t at;  /* of its value in struct pax */
	size_t has; /* of the flag that it was there */
} keys[] = {
	{"path", STRING, offsetof(struct pax, path), NO_FLAG},
	{"linkpath", STRING, offsetof(struct pax, link), NO_FLAG},
	{"mtime", MTIME, 0, offsetof(struct pax, has_mtime)},
	{"atime", ATIME, 0, offsetof(struct pax, has_atime)},
	{"size", NUMBER, offsetof(struct pax, size), offsetof(struct pax, has_size)},
	{"uid", NUMBER, offsetof(struct pax, uid), offsetof(struct pax, has_uid)},
	{"gid", NUMBER, offsetof(struct pax, gid), offsetof(struct pax, has_gid)},
	{"CKRUN.type", STRING, offsetof(struct pax, type), NO_FLAG},
	{"GNU.sparse.major", NUMBER, offsetof(struct pax, sparse_major), NO_FLAG},
	{"GNU.sparse.minor", NUMBER, offsetof(struct pax, sparse_minor), NO_FLAG},
	{"GNU.sparse.name", STRING, offsetof(struct pax, sparse_name), NO_FLAG},
	{"GNU.sparse.realsize", NUMBER, offsetof(struct pax, real_size),
	 offsetof(struct pax, is_sparse)},
};

static int take_key(struct pax *pax, const struct key *key, const char *value, struct err *err)
{
	char *base = (char *)pax;

	if (key->has)
		*(bool *)(void *)(base + key->has) = true;
	switch (key->kind) {
	case STRING:
		memcpy(base + key->at, &value, sizeof(value));
		return 0;
	case NUMBER:
		return pax_number(value, (uint64_t *)(void *)(base + key->at), err);
	case MTIME:
		return timestamp(value, &pax->member->mtime, err);
	default:
		return timestamp(value, &pax->member->atime, err);
	}
}

static int take_xattr(struct pax *pax, const char *name, const char *value, size_t len,
		      struct err *err)
{
	struct tar_member *m = pax->member;
	struct tar_xattr *more = arena_grow(pax->arena, m->xattr, m->n_xattrs, sizeof(*more));

	if (!more)
		return fail(err, -ENOMEM, "out of memory");
	m->xattr = more;
	m->xattr[m->n_xattrs++] = (struct tar_xattr){.name = name, .value = value, .len = len};
	return 0;
}

static int take(struct pax *pax, const char *key, const char *value, size_t len,
		struct err *err)
{
	if (!strncmp(key, XATTR_KEY, strlen(XATTR_KEY)))
		return take_xattr(pax, key + strlen(XATTR_KEY), value, len, err);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (strlen(value) != len)
			return fail(err, -EPROTO, "%s holds a NUL", key);
		return take_key(pax, &keys[i], value, err);
	}
	return 0;
}

/* The record at text, of which `left` bytes are there; NULs take the place of '=' and '\n'. */
static int take_record(struct pax *pax, char *text, size_t left, size_t *ret_len,
		       struct err *err)
{
	char *blank = memchr(text, ' ', left < LENGTH_MAX ? left : LENGTH_MAX);
	uint64_t len = 0;

	if (!blank)
		return fail(err, -EPROTO, "a record without a length");
	*blank = '\0';
	int r = pax_number(text, &len, err);
	if (r < 0)
		return r;
	char *key = blank + 1;
	if (len > left || len < (size_t)(key - text) + 2 || text[len - 1] != '\n')
		return fail(err, -EPROTO, "a record of %" PRIu64 " bytes", len);
	char *end = text + len - 1;
	*end = '\0';
	char *equals = memchr(key, '=', (size_t)(end - key));
	if (!equals || memchr(key, '\0', (size_t)(equals - key)))
		return fail(err, -EPROTO, "a record without a value");
	*equals = '\0';
	*ret_len = (size_t)len;
	return take(pax, key, equals + 1, (size_t)(end - equals - 1), err);
}

int pax_parse(struct pax *pax, char *text, size_t len, struct err *err)
{
	int r = 0;

	for (size_t at = 0, n = 0; at < len && r >= 0; at += n)
		r = take_record(pax, text + at, len - at, &n, err);
	return r;
}
