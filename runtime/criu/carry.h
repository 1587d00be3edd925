/* carry.h - dump and restore, whoever asks: the command line or a client */
#ifndef CKRUN_CRIU_CARRY_H
#define CKRUN_CRIU_CARRY_H

#include <stdbool.h>
#include <sys/types.h>

#include "runtime/base/log.h"

struct err;

enum carry_end { CARRY_END_THEM, CARRY_LEAVE_RUNNING, CARRY_LEAVE_STOPPED };

/* Descriptors are borrowed. */
struct carry {
	pid_t pid;      /* dump: the first of the tree */
	int images_dir; /* O_DIRECTORY */
	int work_dir;
	const char *log_file; /* below work_dir; NULL: errors to stderr only */
	enum log_level log_level;
	const char *pid_file; /* restore; below work_dir if it is no absolute path */
	enum carry_end end;   /* of the tasks after a dump */
	bool sibling;         /* restore: children of our parent, not ours */
	bool shell_job, tcp_established, tcp_close, ext_unix_sk;
	int notify; /* socket of a client that wants notifications, -1: none */
};

int carry_dump(const struct carry *carry, struct err *err);

/* carry_restore() - *ret: the first of the tree, which runs. */
int carry_restore(const struct carry *carry, pid_t *ret, struct err *err);

#endif
