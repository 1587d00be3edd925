#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oci/json.h"
#include "runtime/base/scope.h"
#include "runtime/cli/command.h"
#include "runtime/cli/report.h"

enum { TEXT_MAX = ERR_FRAMES * (ERR_FRAME_MAX + 2), TIME_MAX = 32 };

/* The first line of stderr is the engines' error: warnings wait until it is written. */
enum { HELD_MAX = 16 };
static char *held[HELD_MAX];
static size_t n_held;

struct message {
	const char *level;
	const char *text;
	const char *code; /* NULL: none */
};

static bool is_json(const struct global *global)
{
	return global && global->log_format && !strcmp(global->log_format, "json");
}

static void time_now(char *buf)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(buf, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

static void write_line(int fd, const char *text, size_t len)
{
	/* nobody is left to be told when the log cannot be written */
	if (write(fd, text, len) < 0)
		return;
}

static void write_json(int fd, const struct message *message)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_COMPACT);
	scoped_free char *text = NULL;
	char now[TIME_MAX], line[2 * TEXT_MAX];
	struct err ignored = {};

	if (!w)
		return;
	time_now(now);
	json_object(w, NULL);
	json_string(w, "level", message->level);
	json_string(w, "msg", message->text);
	if (message->code)
		json_string(w, "code", message->code);
	json_string(w, "time", now);
	json_end(w);
	if (json_writer_take(w, &text, &ignored) < 0)
		return;
	int n = snprintf(line, sizeof(line), "%s\n", text); /* one write(2), one line */
	write_line(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Go's %q for what our sentences hold */
static void quote(const char *text, char *buf, size_t size)
{
	size_t at = 0;

	for (; *text && at + 3 < size; text++) {
		if (*text == '"' || *text == '\\')
			buf[at++] = '\\';
		buf[at] = *text;
		if (*text == '\n')
			buf[at] = ' ';
		at++;
	}
	buf[at] = '\0';
}

static void write_text(int fd, const struct message *message)
{
	char line[2 * TEXT_MAX], quoted[2 * TEXT_MAX - 128], now[TIME_MAX];

	time_now(now);
	quote(message->text, quoted, sizeof(quoted));
	int n = snprintf(line, sizeof(line), "time=\"%s\" level=%s msg=\"%s\"\n", now,
			 message->level, quoted);
	write_line(fd, line, (size_t)n);
}

static void to_log(const struct global *global, const struct message *message)
{
	if (!global || !global->log)
		return;
	scoped_fd int fd = open(global->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (is_json(global))
		write_json(fd, message);
	else
		write_text(fd, message);
}

static void to_stderr(const struct global *global, const struct message *message)
{
	if (is_json(global) && !global->log)
		write_json(STDERR_FILENO, message);
	else
		fprintf(stderr, "ckrun: %s\n", message->text);
}

static const char *code_name(int code)
{
	return code == REFUSED ? "REFUSED" : strerrorname_np(-code);
}

static void report_one(const struct global *global, const char *text, int code)
{
	const struct message message = {"error", text, code_name(code)};

	to_stderr(global, &message);
	to_log(global, &message);
}

/* The first line is the failure with its chain, further reasons for it follow. */
void report_error(const struct global *global, const struct err *err)
{
	char text[TEXT_MAX], also[ERR_ALSO_MAX], *save;

	report_one(global, err_text(err, text, sizeof(text)), err->code);
	memcpy(also, err->also, sizeof(also));
	for (char *line = strtok_r(also, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		report_one(global, line, err->code);
}

static void warn(const struct global *global, const struct message *message)
{
	to_log(global, message);
	if (global->debug)
		to_stderr(global, message);
	else if (n_held < HELD_MAX && (held[n_held] = strdup(message->text)))
		n_held++;
}

void report_held(const struct global *global)
{
	for (size_t i = 0; i < n_held; i++) {
		if (!global->log)
			to_stderr(global, &(struct message){"warning", held[i], NULL});
		free(held[i]);
	}
	n_held = 0;
}

void report_warning(const struct global *global, const struct err *err)
{
	char text[TEXT_MAX];
	const struct message message = {"warning", err_text(err, text, sizeof(text)),
					code_name(err->code)};

	warn(global, &message);
}

static void note(void *ctx, const char *text)
{
	warn(ctx, &(struct message){"warning", text, NULL});
}

struct notes report_notes(const struct global *global)
{
	return (struct notes){note, (void *)global};
}

void report_debug(const struct global *global, const char *fmt, ...)
{
	char text[TEXT_MAX];
	const struct message message = {"debug", text, NULL};
	va_list ap;

	if (!global->debug)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (global->log)
		to_log(global, &message);
	else
		to_stderr(global, &message);
}

int report_check(const struct global *global, struct err *err)
{
	if (!is_json(global) && strcmp(global->log_format, "text"))
		return fail(err, -EINVAL, "--log-format %s: it is text or json",
			    global->log_format);
	if (!global->log)
		return 0;
	scoped_fd int fd = open(global->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_errno(err, "--log %s", global->log);
	return 0;
}
