/* check.h - `criu check` */
#ifndef CKRUN_CRIU_CHECK_H
#define CKRUN_CRIU_CHECK_H

struct criu_options;
struct err;

/* check_run() - prints what CRIU prints; returns an exit status, or a negative errno. */
int check_run(const struct criu_options *options, struct err *err);

#endif
