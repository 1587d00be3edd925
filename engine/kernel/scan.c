#include <string.h>

#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"

static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 99;
}

bool scan_u64(const char **at, unsigned int base, uint64_t *ret)
{
	const char *p = *at;
	uint64_t v = 0;

	if (digit(*p) >= base)
		return false;
	for (; digit(*p) < base; p++)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, digit(*p), &v))
			return false;
	*ret = v;
	*at = p;
	return true;
}

bool scan_u32(const char **at, unsigned int base, uint32_t *ret)
{
	const char *p = *at;
	uint64_t v;

	if (!scan_u64(&p, base, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	*at = p;
	return true;
}

bool scan_s64(const char **at, int64_t *ret)
{
	const char *p = *at;
	bool minus = scan_lit(&p, "-");
	uint64_t v;

	if (!scan_u64(&p, 10, &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	*ret = (int64_t)(minus ? -v : v);
	*at = p;
	return true;
}

bool scan_s32(const char **at, int32_t *ret)
{
	const char *p = *at;
	int64_t v;

	if (!scan_s64(&p, &v) || v < INT32_MIN || v > INT32_MAX)
		return false;
	*ret = (int32_t)v;
	*at = p;
	return true;
}

bool scan_lit(const char **at, const char *literal)
{
	size_t len = strlen(literal);

	if (strncmp(*at, literal, len) != 0)
		return false;
	*at += len;
	return true;
}

void scan_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		++*at;
}

bool scan_line(const char **at)
{
	*at = strchrnul(*at, '\n');
	if (!**at)
		return false;
	++*at;
	return **at != '\0';
}

const char *scan_word(const char **at, size_t *ret_len)
{
	const char *word = *at;

	*ret_len = strcspn(word, " \t\n");
	*at += *ret_len;
	return word;
}

const char *scan_rest(const char **at, size_t *ret_len)
{
	const char *rest = *at;

	*at = strchrnul(rest, '\n');
	*ret_len = (size_t)(*at - rest);
	return rest;
}

static bool octal(const char *p, size_t len, const char *escaped, char *ret)
{
	unsigned int a, b, c;

	if (len < 4 || *p != '\\')
		return false;
	a = digit(p[1]), b = digit(p[2]), c = digit(p[3]);
	if (a > 3 || b > 7 || c > 7)
		return false;
	char byte = (char)(a << 6 | b << 3 | c);
	if (!byte || !strchr(escaped, byte))
		return false;
	*ret = byte;
	return true;
}

char *scan_decode(struct arena *arena, const char *text, size_t len, const char *escaped)
{
	char *out = arena_alloc(arena, len + 1), *to = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; to++) {
		bool found = octal(text + i, len - i, escaped, to);

		if (!found)
			*to = text[i];
		i += found ? 4 : 1;
	}
	return out;
}
