/* cmd_features.c - what this ckrun can do, as JSON */
#include <stdio.h>

#include "oci/features.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"

static int run_features(const struct call *call, const void *options, struct err *err)
{
	scoped_free char *text = NULL;

	(void)call;
	(void)options;
	if (oci_features_text(&text, err) < 0)
		return err->code;
	fputs(text, stdout);
	return 0;
}

const struct command cmd_features = {
	.name = "features",
	.synopsis = "",
	.brief = "print what this ckrun can do as JSON",
	.size = 1,
	.run = run_features,
};
