/* log.h - what was done and why, without waiting for it to be written
 *
 * A log is a file mapped into memory: a line costs one formatting and no system call, and what
 * was logged is in the file's page cache whatever becomes of us, SIGKILL included.  The file
 * grows in steps; the last bytes of one that was not closed are zeroes.
 *
 *	(00.001234) info  seize: 4 tasks stand still
 *
 * Seconds since the log was opened, level, area (the phase or room), sentence.  Levels:
 *	error  why it failed
 *	warn   what was given up
 *	info   what was decided
 *	debug  what was seen
 * A log that cannot be written is no reason to fail: NULL is a log that drops everything.
 */
#ifndef CKRUN_BASE_LOG_H
#define CKRUN_BASE_LOG_H

enum log_level { LOG_NOTHING, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log;

/* log_open() - `name` below dir, emptied; 0600.  NULL: not possible, or level is LOG_NOTHING. */
struct log *log_open(int dir, const char *name, enum log_level level);
void log_close(struct log **log); /* for scoped(); cuts the file to what is in it */

void log_line(struct log *log, enum log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define log_info(log, area, ...) log_line(log, LOG_INFO, area, __VA_ARGS__)
#define log_debug(log, area, ...) log_line(log, LOG_DEBUG, area, __VA_ARGS__)

#endif
