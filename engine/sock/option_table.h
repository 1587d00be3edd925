/* option_table.h - options without a field in the common format: option_table.c lists them */
#ifndef CKRUN_SOCK_OPTION_TABLE_H
#define CKRUN_SOCK_OPTION_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum option_when {
	BEFORE_BIND,
	AT_THE_END,
	UNCONNECTED, /* at the end; of a connection it tells what came of it */
};
enum { OPTION_MAX = 64 }; /* bytes of a value */

struct option {
	const char *text;
	uint32_t level, name;
	enum option_when when;
	uint32_t size; /* 0: as long as it is */
};

/* option_at() - NULL: no such row. option_find() - NULL: not one of ours. */
const struct option *option_at(size_t i);
const struct option *option_find(uint32_t level, uint32_t name);

#endif
