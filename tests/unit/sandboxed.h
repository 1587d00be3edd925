/* sandboxed.h - tests that change cgroups and mounts do so inside tests/sandbox only */
#ifndef CKRUN_TESTS_SANDBOXED_H
#define CKRUN_TESTS_SANDBOXED_H

#include <string.h>

#include "tests/unit/check.h"

/* The sandbox says which pid namespace is the outside: ours must be another. */
static inline void need_sandbox(void)
{
	const char *outside = getenv("SANDBOX_OUTSIDE");
	char here[64] = "";

	if (readlink("/proc/self/ns/pid", here, sizeof(here) - 1) < 0 || !outside ||
	    !strcmp(outside, here))
		skip("runs inside tests/sandbox only");
}

#endif
