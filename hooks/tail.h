/* tail.h - the last line of what somebody prints, however much that is */
#ifndef CKRUN_HOOKS_TAIL_H
#define CKRUN_HOOKS_TAIL_H

#include <stddef.h>

enum { TAIL_MAX = 80 }; /* bytes of the line that are kept: its beginning */

struct tail { /* all zero: nothing printed yet */
	char last[TAIL_MAX + 1], line[TAIL_MAX + 1];
	size_t len; /* of line, which has not ended yet */
};

void tail_add(struct tail *tail, const char *text, size_t len);

/* tail_line() - the last line that is not empty; "" if there was none. */
const char *tail_line(const struct tail *tail);

#endif
