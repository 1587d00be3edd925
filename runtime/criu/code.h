/* code.h - why a request failed, as a number for programs and as advice for people
 *
 * One table for the RPC (cr_errno, cr_errmsg), for the log and for the manual.
 */
#ifndef CKRUN_CRIU_CODE_H
#define CKRUN_CRIU_CODE_H

#include <stddef.h>

struct err;

struct criu_code {
	int number; /* cr_errno: a positive errno */
	const char *meaning;
	const char *way_out; /* what the user can do */
};

/* criu_code_for() - the row of what an error holds; the last row is for all others. */
const struct criu_code *criu_code_for(const struct err *err);

/* criu_code_number() - cr_errno of an error: its row's, or its own errno if no row is. */
int criu_code_number(const struct err *err);

/* criu_code_message() - cr_errmsg: the whole sentence, what else was found, the way out. */
char *criu_code_message(const struct err *err, char *buf, size_t size);

/* criu_code_at() - for lists; NULL at the end. */
const struct criu_code *criu_code_at(size_t i);

#endif
