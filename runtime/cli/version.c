#include <seccomp.h>
#include <stdio.h>

#include "runtime/cli/commit.h"
#include "runtime/cli/version.h"

void version_print(void)
{
	const struct scmp_version *seccomp = seccomp_version();

	printf("ckrun version %s\ncommit: %s\nspec: 1.3.0\nlibseccomp: %u.%u.%u\n",
	       CKRUN_VERSION, CKRUN_COMMIT, seccomp->major, seccomp->minor, seccomp->micro);
}

const char *version_build(void)
{
	return CKRUN_VERSION " (commit " CKRUN_COMMIT ")";
}
