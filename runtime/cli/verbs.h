/* verbs.h - commands of commands: "image decode" */
#ifndef CKRUN_CLI_VERBS_H
#define CKRUN_CLI_VERBS_H

struct call;
struct command;
struct err;

/* verb_choose() - the command of the call becomes the verb that its first argument names.
 * Returns OPT_HELP if none is asked for. */
int verb_choose(struct call *call, struct err *err);

void verbs_help(const struct command *command);

#endif
