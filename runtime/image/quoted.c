/* quoted.c - text.h, the form of names of unix sockets */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/text.h"

enum { COLUMNS = 76 }; /* of a line, with the '=' that breaks it */

char *quoted_text(const void *data, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	const unsigned char *from = data;
	/* three letters a byte, and two for every break */
	char *text = malloc(len * 3 + len * 3 / (COLUMNS - 3) * 2 + 3), *to = text;
	size_t column = 0;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		bool plain = (from[i] > ' ' && from[i] <= '~' && from[i] != '=') ||
			     (from[i] == ' ' && i + 1 < len);

		if (column + (plain ? 1 : 3) > COLUMNS - 1) {
			*to++ = '=';
			*to++ = '\n';
			column = 0;
		}
		if (!plain) {
			*to++ = '=';
			*to++ = hex[from[i] >> 4];
		}
		*to++ = plain ? (char)from[i] : hex[from[i] & 15];
		column += plain ? 1 : 3;
	}
	*to = '\0';
	return text;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int quoted_bytes(const char *text, struct arena *arena, unsigned char **ret, size_t *ret_len,
		 struct err *err)
{
	unsigned char *to = arena_alloc(arena, strlen(text) + 1);
	size_t len = 0;

	if (!to)
		return fail(err, -ENOMEM, "out of memory");
	for (const char *c = text; *c; c++) {
		int high, low;

		if (*c != '=') {
			to[len++] = (unsigned char)*c;
			continue;
		}
		if (c[1] == '\n') {
			c++;
			continue;
		}
		high = hex_value(c[1]);
		low = high < 0 ? -1 : hex_value(c[2]);
		if (low < 0)
			return fail(err, -EINVAL, "'=' without two hexadecimal digits");
		to[len++] = (unsigned char)(high << 4 | low);
		c += 2;
	}
	*ret = to;
	*ret_len = len;
	return 0;
}
