#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/model/findings.h"
#include "runtime/base/arena.h"

enum { SENTENCE_MAX = 1024 };

int findings_add(struct findings *findings, struct err *err, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	const char **more = arena_grow(findings->arena, findings->text, findings->n,
				       sizeof(findings->text[0]));
	char *copy = arena_strdup(findings->arena, text);
	if (!more || !copy)
		return fail(err, -ENOMEM, "findings");
	findings->text = more;
	findings->text[findings->n++] = copy;
	return 0;
}
