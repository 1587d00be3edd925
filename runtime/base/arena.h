/* arena.h - memory that is given back all at once
 *
 * A checkpoint or a restore builds some thousands of small records that live exactly as long as
 * it does.  They come from one arena; nothing in it is freed singly.  Out of memory is NULL.
 */
#ifndef CKRUN_BASE_ARENA_H
#define CKRUN_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);         /* NULL: out of memory */
void arena_free(struct arena **arena); /* for scoped(arena_free); NULL inside is fine */

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned to 16 */
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* arena_grow() - room for one more element in an array of n elements of the given size.
 * Returns the array, perhaps moved; element n is zeroed.  Capacity is the next power of two. */
void *arena_grow(struct arena *arena, void *array, size_t n, size_t size);

#define arena_new_struct(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
