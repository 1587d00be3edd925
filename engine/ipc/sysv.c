/* sysv.c - ids, keys and owners: the same for segments, semaphore sets and queues
 *
 * Made   /proc/sys/kernel/{shm,msg,sem}_next_id (CONFIG_CHECKPOINT_RESTORE, Linux 3.9) is the id of
 *        the next object that is made in the namespace, for who has CAP_SYS_ADMIN or
 *        CAP_CHECKPOINT_RESTORE (Linux 5.19) there.  The creator of an object is who makes it, so
 *        we are its effective user and group for that one call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/ipc/rooms.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"

enum { RIGHTS = 0777 };

IpcDescEntry *sysv_describe(struct arena *arena, int id, const struct ipc_perm *perm)
{
	IpcDescEntry *desc = arena_new_struct(arena, IpcDescEntry);

	if (!desc)
		return NULL;
	ipc_desc_entry__init(desc);
	desc->id = (uint32_t)id;
	desc->key = (uint32_t)perm->__key;
	desc->uid = perm->uid;
	desc->gid = perm->gid;
	desc->cuid = perm->cuid;
	desc->cgid = perm->cgid;
	desc->mode = perm->mode;
	return desc;
}

void sysv_own(const IpcDescEntry *desc, struct ipc_perm *ret)
{
	ret->uid = desc->uid;
	ret->gid = desc->gid;
	ret->mode = (unsigned short)(desc->mode & RIGHTS);
}

/* The system calls change the calling thread alone; those of libc would tell all threads. */
static int act_as(uint32_t uid, uint32_t gid, struct err *err)
{
	if (syscall(SYS_setresgid, -1, gid, -1) < 0 || syscall(SYS_setresuid, -1, uid, -1) < 0)
		return fail_errno(err, "act as user %u, group %u", uid, gid);
	return 0;
}

static int act_again(uid_t uid, gid_t gid, int dumpable, struct err *err)
{
	if (syscall(SYS_setresuid, -1, uid, -1) < 0 || syscall(SYS_setresgid, -1, gid, -1) < 0)
		return fail_errno(err, "become user %u, group %u again", uid, gid);
	prctl(PR_SET_DUMPABLE, dumpable); /* which a change of users resets */
	return 0;
}

static int make_as(const IpcDescEntry *desc, int (*get)(const void *ctx, key_t key, int flags),
		   const void *ctx, int *ret_id, struct err *err)
{
	const int flags = IPC_CREAT | IPC_EXCL | (int)(desc->mode & RIGHTS);
	const uid_t uid = geteuid();
	const gid_t gid = getegid();
	int dumpable = prctl(PR_GET_DUMPABLE);

	if (desc->cuid == uid && desc->cgid == gid) {
		*ret_id = get(ctx, (key_t)desc->key, flags);
		return *ret_id < 0 ? fail_errno(err, "make it") : 0;
	}
	struct err why = {0};
	int r = act_as(desc->cuid, desc->cgid, &why);
	if (r >= 0) {
		*ret_id = get(ctx, (key_t)desc->key, flags);
		r = *ret_id < 0 ? fail_errno(&why, "make it") : 0;
	}
	int back = act_again(uid, gid, dumpable == 1, err);
	if (back < 0)
		return back;
	if (r < 0)
		*err = why;
	return r;
}

static int make_with_id(const struct sysv_kind *kind, const IpcDescEntry *desc,
			int (*get)(const void *ctx, key_t key, int flags), const void *ctx,
			struct err *err)
{
	char text[16];
	int id;

	snprintf(text, sizeof(text), "%u", desc->id);
	int r = file_write(AT_FDCWD, kind->next_id, text, err);
	if (r < 0 && r != -ENOENT)
		return r;
	*err = (struct err){0}; /* without the file the ids of a new namespace may fit */
	r = make_as(desc, get, ctx, &id, err);
	if (r >= 0 && (uint32_t)id != desc->id)
		return refuse(err, "this kernel gave it id %d and takes no wishes (%s)", id,
			      kind->next_id);
	return r;
}

int sysv_make(const struct sysv_kind *kind, const IpcDescEntry *desc,
	      int (*get)(const void *ctx, key_t key, int flags), const void *ctx,
	      struct err *err)
{
	int r = make_with_id(kind, desc, get, ctx, err);

	return r < 0 ? fail_in(err, "%s %u", kind->name, desc->id) : 0;
}
