#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/cli/options.h"

struct parse {
	struct opt_table table;
	void *into;
	struct arena *arena;
	char **next, **end; /* words not looked at yet */
};

/* One word taken apart: "--name=value" or "-n=value". */
struct word {
	const char *name;
	size_t name_len;
	const char *value; /* NULL: no '=' */
	bool one_dash;
};

static struct word word_of(const char *text)
{
	struct word word = {.name = text + 1 + (text[1] == '-'), .one_dash = text[1] != '-'};
	const char *equals = strchr(word.name, '=');

	word.name_len = equals ? (size_t)(equals - word.name) : strlen(word.name);
	word.value = equals ? equals + 1 : NULL;
	return word;
}

static const struct opt *by_name(const struct opt_table *table, const struct word *word)
{
	for (size_t i = 0; i < table->n; i++)
		if (strlen(table->opt[i].name) == word->name_len &&
		    !memcmp(table->opt[i].name, word->name, word->name_len))
			return &table->opt[i];
	return NULL;
}

static const struct opt *by_letter(const struct opt_table *table, char letter)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->opt[i].letter && table->opt[i].letter == letter)
			return &table->opt[i];
	return NULL;
}

static int flag_value(const struct opt *opt, const char *text, bool *ret, struct err *err)
{
	static const char *const yes[] = {"true", "1", "t", "T", "TRUE", "True"};
	static const char *const no[] = {"false", "0", "f", "F", "FALSE", "False"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return 0;
		}
	}
	return fail(err, -EINVAL, "invalid boolean value \"%s\" for flag -%s", text, opt->name);
}

static int store_number(const struct opt *opt, void *at, const char *text, struct err *err)
{
	char *end;

	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < 0 || number > INT_MAX)
		return fail(err, -EINVAL, "invalid value \"%s\" for flag -%s: not a number",
			    text, opt->name);
	*(int *)at = (int)number;
	return 0;
}

static int store_in_list(const struct parse *parse, struct opt_list *list, const char *text,
			 struct err *err)
{
	list->value = arena_grow(parse->arena, list->value, list->n, sizeof(*list->value));
	if (!list->value)
		return fail(err, -ENOMEM, "out of memory");
	list->value[list->n++] = text;
	return 0;
}

static int store(const struct parse *parse, const struct opt *opt, const char *text,
		 struct err *err)
{
	void *at = (char *)parse->into + opt->at;

	switch (opt->kind) {
	case OPT_TEXT:
		*(const char **)at = text;
		return 0;
	case OPT_NUMBER:
		return store_number(opt, at, text, err);
	case OPT_LIST:
		return store_in_list(parse, at, text, err);
	case OPT_FLAG:
		break;
	}
	return flag_value(opt, text, at, err);
}

/* use() - one option with its value, if it came with one */
static int use(struct parse *parse, const struct opt *opt, const char *value, struct err *err)
{
	bool wanted = true;

	if (opt->kind == OPT_FLAG) {
		value = value ? value : "true";
		if (flag_value(opt, value, &wanted, err) < 0)
			return err->code;
	} else if (!value) {
		if (parse->next == parse->end)
			return fail(err, -EINVAL, "flag needs an argument: -%s", opt->name);
		value = *parse->next++;
	}
	if (opt->effect == OPT_IGNORED || !wanted)
		return opt->effect == OPT_TAKEN ? store(parse, opt, value, err) : 0;
	if (opt->effect == OPT_UNSUPPORTED)
		return fail(err, -EOPNOTSUPP, "--%s is not supported by this version",
			    opt->name);
	return store(parse, opt, value, err);
}

static int unknown(const char *text, struct err *err)
{
	return fail(err, -EINVAL, "unknown option %s", text);
}

/* "-dt": every letter but the last is a flag's */
static int use_letters(struct parse *parse, const char *text, const struct word *word,
		       struct err *err)
{
	for (size_t i = 0; i < word->name_len; i++) {
		const struct opt *opt = by_letter(&parse->table, word->name[i]);
		if (!opt || (opt->kind != OPT_FLAG && i + 1 < word->name_len))
			return unknown(text, err);
	}
	for (size_t i = 0; i < word->name_len; i++) {
		const struct opt *opt = by_letter(&parse->table, word->name[i]);
		bool last = i + 1 == word->name_len;
		if (use(parse, opt, last ? word->value : NULL, err) < 0)
			return err->code;
	}
	return 0;
}

static int use_word(struct parse *parse, const char *text, struct err *err)
{
	const struct word word = word_of(text);
	const struct opt *opt = by_name(&parse->table, &word);

	if (opt)
		return use(parse, opt, word.value, err);
	return word.one_dash ? use_letters(parse, text, &word, err) : unknown(text, err);
}

static bool is_help(const char *text)
{
	static const char *const help[] = {"--help", "-help", "-h", "--h"};

	for (size_t i = 0; i < sizeof(help) / sizeof(help[0]); i++)
		if (!strcmp(text, help[i]))
			return true;
	return false;
}

int options_parse(struct opt_table table, void *into, struct args *args, enum opt_order order,
		  struct arena *arena, struct err *err)
{
	struct parse parse = {table, into, arena, args->v, args->v + args->n};
	char **rest = arena_alloc(arena, (args->n + 1) * sizeof(*rest));
	bool only_arguments = false;
	size_t n = 0;

	if (!rest)
		return fail(err, -ENOMEM, "out of memory");
	while (parse.next < parse.end) {
		char *text = *parse.next++;

		if (only_arguments || text[0] != '-' || !text[1]) {
			rest[n++] = text;
			only_arguments |= order == OPT_FIRST;
		} else if (!strcmp(text, "--")) {
			only_arguments = true;
		} else if (is_help(text)) {
			return OPT_HELP;
		} else if (use_word(&parse, text, err) < 0) {
			return err->code;
		}
	}
	*args = (struct args){rest, n};
	return 0;
}

static void help_line(const struct opt *opt, FILE *out)
{
	char left[64];
	const char *value = opt->kind == OPT_FLAG ? "" : opt->value;

	snprintf(left, sizeof(left), "--%s%s%s", opt->name, *value ? " " : "", value);
	if (opt->letter)
		fprintf(out, "  -%c, ", opt->letter);
	else
		fputs("      ", out);
	fprintf(out, "%-32s %s%s\n", left, opt->help,
		opt->effect == OPT_IGNORED ? " (accepted, without effect)" : "");
}

void options_help(struct opt_table table, FILE *out)
{
	for (size_t i = 0; i < table.n; i++)
		if (table.opt[i].effect != OPT_UNSUPPORTED)
			help_line(&table.opt[i], out);
	fprintf(out, "  -h, %-32s %s\n", "--help", "print this and exit");
}
