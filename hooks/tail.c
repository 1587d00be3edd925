#include <stdbool.h>
#include <string.h>

#include "hooks/tail.h"

void tail_add(struct tail *tail, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			if (tail->len)
				memcpy(tail->last, tail->line, sizeof(tail->last));
			tail->len = 0;
		} else if (tail->len < TAIL_MAX) {
			/* a control character would break the one line that engines read */
			bool control = (unsigned char)text[i] < ' ';

			tail->line[tail->len] = text[i];
			if (control)
				tail->line[tail->len] = ' ';
			tail->len++;
			tail->line[tail->len] = '\0';
		}
	}
}

const char *tail_line(const struct tail *tail)
{
	return tail->len ? tail->line : tail->last;
}
