/* verb_carry.h - `criu dump` and `criu restore` */
#ifndef CKRUN_CRIU_VERB_CARRY_H
#define CKRUN_CRIU_VERB_CARRY_H

struct criu_options;
struct err;

int dump_run(const struct criu_options *options, struct err *err);

/* restore_run() - without --restore-detached it stays until the first task ends and returns its
 * exit status, 128 + N for signal N. */
int restore_run(const struct criu_options *options, struct err *err);

#endif
