/* findings.h - reasons against a checkpoint, each a sentence, collected by looks that go on */
#ifndef CKRUN_MODEL_FINDINGS_H
#define CKRUN_MODEL_FINDINGS_H

#include <stddef.h>

#include "runtime/base/err.h"

struct arena;

struct findings {
	struct arena *arena;
	const char **text;
	size_t n;
};

/* findings_add() - one more sentence; 0, or -ENOMEM. */
int findings_add(struct findings *findings, struct err *err, const char *fmt, ...)
	printf_like(3, 4);

#endif
