/* report.h - what ckrun says to those who called it
 *
 * Without --log an error is one line on stderr: "ckrun: checkpoint web: ...", or the JSON line
 * if --log-format is json.  With --log the plain line still goes to stderr - containerd keeps
 * the first line there - and the file gets a line as Go's logrus writes it:
 *
 *	text	time="2024-05-01T10:00:00Z" level=error msg="checkpoint web: ..."
 *	json	{"level":"error","msg":"checkpoint web: ...","code":"EBUSY","time":"2024-..."}
 *
 * Engines parse `msg` of the last line whose level is error.
 */
#ifndef CKRUN_CLI_REPORT_H
#define CKRUN_CLI_REPORT_H

#include "runtime/base/err.h"
#include "runtime/container/container.h"

struct global;

/* Before the global options are known: global is NULL. */
void report_error(const struct global *global, const struct err *err);

/* To the log; without one to stderr, when report_held() is called: after the error, if there is
 * one.  With --debug at once. */
void report_warning(const struct global *global, const struct err *err);
struct notes report_notes(const struct global *global); /* notes become warnings */
void report_held(const struct global *global);

void report_debug(const struct global *global, const char *fmt, ...) printf_like(2, 3);

/* report_check() - can the log be written to?  It is made if it does not exist. */
int report_check(const struct global *global, struct err *err);

#endif
