/* base64.c - text.h, the form of all bytes but names */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/text.h"

enum { LINE_BYTES = 57 }; /* make 76 letters */

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *group_text(char *to, const unsigned char *from, size_t n)
{
	unsigned int bits = from[0] << 16;

	if (n > 1)
		bits |= from[1] << 8;
	if (n > 2)
		bits |= from[2];
	*to++ = letters[bits >> 18];
	*to++ = letters[bits >> 12 & 63];
	*to++ = n > 1 ? letters[bits >> 6 & 63] : '=';
	*to++ = n > 2 ? letters[bits & 63] : '=';
	return to;
}

char *base64_text(const void *data, size_t len)
{
	const unsigned char *from = data;
	char *text = malloc((len + 2) / 3 * 4 + len / LINE_BYTES + 2), *to = text;

	if (!text)
		return NULL;
	for (size_t at = 0; at < len; at += 3) {
		to = group_text(to, from + at, len - at);
		if ((at + 3) % LINE_BYTES == 0 || at + 3 >= len)
			*to++ = '\n';
	}
	*to = '\0';
	return text;
}

static int letter_value(char c)
{
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Whole groups of four; the last may end with one or two '='. */
int base64_bytes(const char *text, struct arena *arena, unsigned char **ret, size_t *ret_len,
		 struct err *err)
{
	unsigned char *to = arena_alloc(arena, strlen(text) / 4 * 3 + 3);
	unsigned int bits = 0, n = 0, pads = 0;
	size_t len = 0;

	if (!to)
		return fail(err, -ENOMEM, "out of memory");
	for (const char *c = text; *c; c++) {
		int value = letter_value(*c);

		if (strchr(" \t\r\n", *c))
			continue;
		if (*c == '=' && n >= 2)
			pads++, value = 0;
		else if (value < 0 || pads)
			return fail(err, -EINVAL, "no base64");
		bits = bits << 6 | (unsigned int)value;
		if (++n < 4)
			continue;
		to[len] = (unsigned char)(bits >> 16);
		to[len + 1] = (unsigned char)(bits >> 8);
		to[len + 2] = (unsigned char)bits;
		len += 3 - pads;
		bits = n = 0;
	}
	if (n)
		return fail(err, -EINVAL, "base64 that ends within a group of four");
	*ret = to;
	*ret_len = len;
	return 0;
}
