/* var.c - limits of an IPC namespace
 *
 * Seen   /proc/sys/kernel and /proc/sys/fs/mqueue, which show the reader's namespace (mqueue
 *        always, kernel since Linux 5.19: one lookup per namespace).
 * Made   written back if the image has another value than a new namespace has by itself and
 *        the fresh namespace still has that one: what a bundle sets, wins.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/ipc/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

enum { SEMS = 4 };
#define SHM_DEFAULT (UINT64_MAX - (UINT64_C(1) << 24))

/* A number in the record, where it is read and written, what a new namespace has. */
struct var {
	const char *path;
	size_t at;
	bool wide;  /* 64 bits */
	size_t has; /* of an optional field; 0: required */
	uint64_t initial;
};

#define FIELD(path, name, initial)                                   \
	{                                                            \
		path, offsetof(IpcVarEntry, name), false, 0, initial \
	}
#define WIDE(path, name, initial)                                   \
	{                                                           \
		path, offsetof(IpcVarEntry, name), true, 0, initial \
	}
#define OPTIONAL(path, name, initial)                                                        \
	{                                                                                    \
		path, offsetof(IpcVarEntry, name), false, offsetof(IpcVarEntry, has_##name), \
			initial                                                              \
	}

#define REMOVAL "/proc/sys/kernel/shm_rmid_forced"

static const struct var vars[] = {
	FIELD("/proc/sys/kernel/msgmax", msg_ctlmax, 8192),
	FIELD("/proc/sys/kernel/msgmnb", msg_ctlmnb, 16384),
	FIELD("/proc/sys/kernel/msgmni", msg_ctlmni, 32000),
	FIELD("/proc/sys/kernel/auto_msgmni", auto_msgmni, 0),
	WIDE("/proc/sys/kernel/shmmax", shm_ctlmax, SHM_DEFAULT),
	WIDE("/proc/sys/kernel/shmall", shm_ctlall, SHM_DEFAULT),
	FIELD("/proc/sys/kernel/shmmni", shm_ctlmni, 4096),
	FIELD(REMOVAL, shm_rmid_forced, 0),
	FIELD("/proc/sys/fs/mqueue/queues_max", mq_queues_max, 256),
	FIELD("/proc/sys/fs/mqueue/msg_max", mq_msg_max, 10),
	FIELD("/proc/sys/fs/mqueue/msgsize_max", mq_msgsize_max, 8192),
	OPTIONAL("/proc/sys/fs/mqueue/msg_default", mq_msg_default, 10),
	OPTIONAL("/proc/sys/fs/mqueue/msgsize_default", mq_msgsize_default, 8192),
};

static const uint32_t sems_initial[SEMS] = {32000, 1024000000, 500, 32000};
static const char sems_path[] = "/proc/sys/kernel/sem";

static uint64_t field_get(const IpcVarEntry *entry, const struct var *var)
{
	const char *at = (const char *)entry + var->at;
	uint32_t narrow;
	uint64_t wide;

	if (var->wide) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void field_set(IpcVarEntry *entry, const struct var *var, uint64_t value)
{
	protobuf_c_boolean yes = 1;
	uint32_t narrow = (uint32_t)value;
	char *at = (char *)entry;

	memcpy(at + var->at, var->wide ? (void *)&value : &narrow,
	       var->wide ? sizeof(value) : sizeof(narrow));
	if (var->has)
		memcpy(at + var->has, &yes, sizeof(yes));
}

/* --- look */

static int read_var(IpcVarEntry *entry, const struct var *var, struct err *err)
{
	scoped_free char *text = NULL;
	uint64_t value = var->initial;
	int r = file_read(AT_FDCWD, var->path, &text, err);

	if (r == -ENOENT) /* a kernel without message queues */
		*err = (struct err){0};
	else if (r < 0)
		return r;
	else if (sscanf(text, "%" SCNu64, &value) != 1)
		return fail(err, -EPROTO, "%s: %s", var->path, text);
	field_set(entry, var, value);
	return 0;
}

static int read_sems(uint32_t sems[SEMS], struct err *err)
{
	scoped_free char *text = NULL;
	int r = file_read(AT_FDCWD, sems_path, &text, err);

	if (r < 0)
		return r;
	if (sscanf(text, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &sems[0], &sems[1],
		   &sems[2], &sems[3]) != SEMS)
		return fail(err, -EPROTO, "%s: %s", sems_path, text);
	return 0;
}

static int read_all(IpcVarEntry *entry, uint32_t sems[SEMS], struct err *err)
{
	int r = read_sems(sems, err);

	ipc_var_entry__init(entry);
	entry->sem_ctls = sems;
	entry->n_sem_ctls = SEMS;
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]) && r >= 0; i++)
		r = read_var(entry, &vars[i], err);
	return r;
}

int var_look(struct ipc_state *state, struct err *err)
{
	IpcVarEntry *entry = arena_new_struct(state->scene.arena, IpcVarEntry);
	uint32_t *sems = arena_alloc(state->scene.arena, SEMS * sizeof(*sems));

	if (!entry || !sems)
		return fail(err, -ENOMEM, "limits");
	int r = read_all(entry, sems, err);
	if (r >= 0)
		state->var = entry;
	return r;
}

/* --- restore */

static int write_var(const IpcVarEntry *entry, const IpcVarEntry *now, const struct var *var,
		     struct err *err)
{
	uint64_t wanted = field_get(entry, var);
	char text[24];

	if (wanted == var->initial || field_get(now, var) != var->initial)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu64, wanted);
	return file_write(AT_FDCWD, var->path, text, err);
}

static bool has(const IpcVarEntry *entry, const struct var *var)
{
	protobuf_c_boolean set = 1;

	if (var->has)
		memcpy(&set, (const char *)entry + var->has, sizeof(set));
	return set;
}

static int write_sems(const IpcVarEntry *entry, const uint32_t now[SEMS], struct err *err)
{
	char text[64];

	if (entry->n_sem_ctls != SEMS ||
	    !memcmp(entry->sem_ctls, sems_initial, sizeof(sems_initial)) ||
	    memcmp(now, sems_initial, sizeof(sems_initial)) != 0)
		return 0;
	snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32,
		 entry->sem_ctls[0], entry->sem_ctls[1], entry->sem_ctls[2],
		 entry->sem_ctls[3]);
	return file_write(AT_FDCWD, sems_path, text, err);
}

int var_restore(const IpcVarEntry *entry, struct err *err)
{
	IpcVarEntry now;
	uint32_t sems[SEMS];
	int r = read_all(&now, sems, err);

	if (r >= 0)
		r = write_sems(entry, sems, err);
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]) && r >= 0; i++)
		if (has(entry, &vars[i]) && strcmp(vars[i].path, REMOVAL) != 0)
			r = write_var(entry, &now, &vars[i], err);
	return r;
}

int var_hold_removal(bool *ret_was, struct err *err)
{
	scoped_free char *text = NULL;
	int r = file_read(AT_FDCWD, REMOVAL, &text, err);

	if (r == -ENOENT) { /* a kernel without System V objects */
		*err = (struct err){0};
		return 0;
	}
	if (r < 0)
		return r;
	*ret_was = text[0] == '1';
	return *ret_was ? file_write(AT_FDCWD, REMOVAL, "0", err) : 0;
}

int var_force_removal(struct err *err)
{
	return file_write(AT_FDCWD, REMOVAL, "1", err);
}
