#include <stdio.h>
#include <string.h>

#include "runtime/base/err.h"
#include "runtime/criu/check.h"
#include "runtime/criu/feature.h"
#include "runtime/criu/options.h"

static int print_names(void)
{
	for (size_t i = 0; criu_feature_at(i); i++)
		printf("%s%s", i ? " " : "", criu_feature_at(i)->name);
	putchar('\n');
	return 0;
}

static bool is_wanted(const struct criu_options *o, enum feature_class class)
{
	return o->check_all ||
	       (class == FEATURE_EXTRA ? o->check_extra : o->check_experimental);
}

/* A line for each that is not there. */
static size_t count_missing(const struct criu_options *o)
{
	size_t missing = 0;

	for (size_t i = 0; criu_feature_at(i); i++) {
		const struct criu_feature *feature = criu_feature_at(i);
		struct err err = {};

		if (!is_wanted(o, feature->class) || criu_feature_check(feature, &err) >= 0)
			continue;
		fprintf(stderr, "Warn: %s\n", err.frame[0]);
		missing++;
	}
	return missing;
}

int check_run(const struct criu_options *options, struct err *err)
{
	if (options->feature && !strcmp(options->feature, "list"))
		return print_names();
	if (options->feature)
		return criu_feature_has(options->feature, err);
	if (criu_basics_check(err) < 0) {
		puts("Does not look good.");
		return err->code;
	}
	if (count_missing(options)) {
		puts("Looks good but some features are missing.");
		return 1;
	}
	puts("Looks good.");
	return 0;
}
