/* cmd_list.c - all containers below --root */
#include <stdio.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/report.h"
#include "runtime/container/container.h"

struct list_options {
	const char *format;
	bool quiet;
};

/* clang-format off */
static const struct opt rows[] = {
	{"format", 'f', OPT_TEXT, OPT_TAKEN, offsetof(struct list_options, format), "table|json",
	 "how to print (default table)"},
	{"quiet", 'q', OPT_FLAG, OPT_TAKEN, offsetof(struct list_options, quiet), "",
	 "only the ids"},
};
/* clang-format on */

struct entry {
	struct container container; /* closed: its record is what counts */
	enum container_status status;
};

struct entries {
	struct entry *entry;
	size_t n;
};

/* One that goes away meanwhile is not there; one that cannot be read is a warning. */
static void add(const struct call *call, const char *id, struct entries *entries)
{
	struct entry *entry = &entries->entry[entries->n];
	struct err err = {};
	int r = container_open(call->arena, call->global->root, id, STORE_READ,
			       &entry->container, &err);

	if (r == 0) {
		r = container_status(&entry->container, &entry->status, &err);
		container_close(&entry->container);
	}
	if (r == 0) {
		entries->n++;
	} else if (r != -ENOENT) {
		fail_in(&err, "list: container %s", id);
		report_warning(call->global, &err);
	}
}

static int collect(const struct call *call, struct entries *ret, struct err *err)
{
	char **ids = NULL;
	size_t n = 0;

	if (store_list(call->global->root, call->arena, &ids, &n, err) < 0)
		return err->code;
	*ret = (struct entries){arena_alloc(call->arena, (n + 1) * sizeof(*ret->entry)), 0};
	if (!ret->entry)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		add(call, ids[i], ret);
	return 0;
}

static int print_json(const struct call *call, const struct entries *entries, struct err *err)
{
	struct oci_state *state = arena_alloc(call->arena, (entries->n + 1) * sizeof(*state));
	scoped_free char *text = NULL;

	if (!state)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < entries->n; i++)
		state[i] =
			container_state(&entries->entry[i].container, entries->entry[i].status);
	if (oci_state_list(state, entries->n, &text, err) < 0)
		return err->code;
	puts(text);
	return 0;
}

enum { COLUMNS = 6, WIDTH_MIN = 12, GAP = 3 };

struct row {
	const char *cell[COLUMNS];
	char pid[16];
};

static struct row *table_rows(const struct call *call, const struct entries *entries)
{
	struct row *row = arena_alloc(call->arena, (entries->n + 1) * sizeof(*row));

	if (!row)
		return NULL;
	row[0] = (struct row){{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}, ""};
	for (size_t i = 0; i < entries->n; i++) {
		const struct entry *entry = &entries->entry[i];
		const struct oci_state state =
			container_state(&entry->container, entry->status);
		struct row *to = &row[i + 1];

		*to = (struct row){{state.id, to->pid, state.status, state.bundle,
				    state.created, state.owner ? state.owner : ""},
				   ""};
		snprintf(to->pid, sizeof(to->pid), "%d", state.pid);
	}
	return row;
}

static int print_table(const struct call *call, const struct entries *entries, struct err *err)
{
	const struct row *row = table_rows(call, entries);
	size_t width[COLUMNS];

	if (!row)
		return fail(err, -ENOMEM, "out of memory");
	for (size_t c = 0; c < COLUMNS; c++) {
		width[c] = WIDTH_MIN;
		for (size_t i = 0; i <= entries->n; i++)
			if (strlen(row[i].cell[c]) + GAP > width[c])
				width[c] = strlen(row[i].cell[c]) + GAP;
	}
	for (size_t i = 0; i <= entries->n; i++) {
		for (size_t c = 0; c + 1 < COLUMNS; c++)
			printf("%-*s", (int)width[c], row[i].cell[c]);
		puts(row[i].cell[COLUMNS - 1]);
	}
	return 0;
}

static int run_list(const struct call *call, const void *options, struct err *err)
{
	const struct list_options *o = options;
	const char *format = o->format ? o->format : "table";
	struct entries entries = {};

	if (strcmp(format, "table") && strcmp(format, "json"))
		return fail(err, -EINVAL, "--format %s: it is table or json", format);
	if (collect(call, &entries, err) < 0)
		return err->code;
	if (o->quiet) {
		for (size_t i = 0; i < entries.n; i++)
			puts(entries.entry[i].container.record.id);
		return 0;
	}
	return *format == 'j' ? print_json(call, &entries, err)
			      : print_table(call, &entries, err);
}

const struct command cmd_list = {
	.name = "list",
	.synopsis = "",
	.brief = "list all containers",
	.options = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct list_options),
	.run = run_list,
};
