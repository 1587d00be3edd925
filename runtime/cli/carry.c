#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/cli/carry.h"

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(text, *words))
		words++;
	return *words != NULL;
}

int carry_check_modes(const char *cgroups_mode, const char *empty_ns, struct err *err)
{
	static const char *const modes[] = {"soft", "full", "strict", "ignore", NULL};

	if (cgroups_mode && !is_one_of(cgroups_mode, modes))
		return fail(err, -EINVAL, "Invalid manage cgroups mode \"%s\"", cgroups_mode);
	if (empty_ns && strcmp(empty_ns, "network"))
		return fail(err, -EINVAL, "namespace %s is not supported by --empty-ns",
			    empty_ns);
	return 0;
}
