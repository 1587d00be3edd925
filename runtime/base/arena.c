#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"

enum { BLOCK = 256 << 10, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *block;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena **arena)
{
	if (!*arena)
		return;
	for (struct block *b = (*arena)->block, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(*arena);
	*arena = NULL;
}

static struct block *block_for(struct arena *arena, size_t size)
{
	struct block *b = arena->block;
	size_t room = size > BLOCK ? size : BLOCK;

	if (b && b->size - b->used >= size)
		return b;
	b = calloc(1, sizeof(*b) + room);
	if (!b)
		return NULL;
	b->size = room;
	b->next = arena->block;
	arena->block = b;
	return b;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size_t need = size ? (size + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	struct block *b = block_for(arena, need);
	if (!b)
		return NULL;
	void *p = b->data + b->used;
	b->used += need;
	return p;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *p = arena_alloc(arena, size);

	if (p && size)
		memcpy(p, data, size);
	return p;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text) + 1);
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *text = n < 0 ? NULL : arena_alloc(arena, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return text;
}

void *arena_grow(struct arena *arena, void *array, size_t n, size_t size)
{
	if (n && (n & (n - 1))) /* room is left below the next power of two */
		return array;
	void *more = arena_alloc(arena, (n ? 2 * n : 1) * size);
	if (more && n)
		memcpy(more, array, n * size);
	return more;
}
