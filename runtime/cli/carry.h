/* carry.h - options that checkpoint and restore have in common */
#ifndef CKRUN_CLI_CARRY_H
#define CKRUN_CLI_CARRY_H

struct err;

/* carry_check_modes() - --manage-cgroups-mode and --empty-ns: what is allowed there; NULL: not
 * given. */
int carry_check_modes(const char *cgroups_mode, const char *empty_ns, struct err *err);

#endif
