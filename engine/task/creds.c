/* creds.c - who a thread acts as: ids, groups, capabilities, secure bits
 *
 * Seen   /proc/PID/status; PR_GET_SECUREBITS from inside.
 * Made   from a thread that still has every capability, in the one order that works: keep them
 *        over the change of ids, bounding set, ids, a first capset that still may set secure
 *        bits, ambient set, secure bits, the last capset.
 * Refused  a capability beyond the bounding set of the bundle: an image must not grant it.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

enum { FILE_SYSTEM = 3, WORDS = 2 }; /* fourth id of a Uid: line; words of a set */

static uint32_t *pack_set(struct arena *arena, uint64_t set)
{
	const uint32_t word[WORDS] = {(uint32_t)set, (uint32_t)(set >> 32)};

	return arena_copy(arena, word, sizeof(word));
}

static uint64_t unpack_set(const uint32_t *word, size_t n)
{
	return (n > 0 ? word[0] : 0) | (n > 1 ? (uint64_t)word[1] << 32 : 0);
}

static int creds_look(struct task_seen *seen, struct err *err)
{
	struct arena *arena = seen->model->arena;
	const struct status_task *s = seen->status;
	CredsEntry *e = arena_new_struct(arena, CredsEntry);

	if (!e)
		return fail(err, -ENOMEM, "credentials");
	creds_entry__init(e);
	e->uid = s->uid[0], e->euid = s->uid[1], e->suid = s->uid[2];
	e->fsuid = s->uid[FILE_SYSTEM];
	e->gid = s->gid[0], e->egid = s->gid[1], e->sgid = s->gid[2];
	e->fsgid = s->gid[FILE_SYSTEM];
	e->groups = s->groups.id;
	e->n_groups = s->groups.n;
	e->cap_inh = pack_set(arena, s->cap_inheritable);
	e->cap_prm = pack_set(arena, s->cap_permitted);
	e->cap_eff = pack_set(arena, s->cap_effective);
	e->cap_bnd = pack_set(arena, s->cap_bounding);
	e->cap_amb = pack_set(arena, s->cap_ambient);
	e->n_cap_inh = e->n_cap_prm = e->n_cap_eff = e->n_cap_bnd = e->n_cap_amb = WORDS;
	e->has_no_new_privs = true;
	e->no_new_privs = s->no_new_privs;
	if (!e->cap_inh || !e->cap_prm || !e->cap_eff || !e->cap_bnd || !e->cap_amb)
		return fail(err, -ENOMEM, "credentials");
	seen->thread->core->thread_core->creds = e;
	return 0;
}

static void creds_ask(struct task_seen *seen)
{
	seen->note->call[0] = calls_add(seen->calls, "prctl(PR_GET_SECUREBITS)", SYS_prctl,
					PR_GET_SECUREBITS);
}

static int creds_answer(struct task_seen *seen, struct err *err)
{
	(void)err;
	seen->thread->core->thread_core->creds->secbits =
		(uint32_t)calls_ret(seen->calls, seen->note->call[0]);
	return 0;
}

static int check_grant(const CredsEntry *e, uint64_t allowed, struct err *err)
{
	uint64_t wanted =
		unpack_set(e->cap_prm, e->n_cap_prm) | unpack_set(e->cap_eff, e->n_cap_eff) |
		unpack_set(e->cap_inh, e->n_cap_inh) | unpack_set(e->cap_amb, e->n_cap_amb);

	for (int cap = 0; cap < 64; cap++) {
		if (!((wanted & ~allowed) >> cap & 1))
			continue;
		char *name = cap_to_name(cap);
		refuse(err, "it had %s, which the bundle's config.json does not allow",
		       name ? name : "an unknown capability");
		cap_free(name);
		return REFUSED;
	}
	return 0;
}

static void give_bounding(struct task_given *given, uint64_t bounding)
{
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (bounding >> cap & 1)
			continue;
		/* EINVAL where the kernel is older than this capability */
		calls_may_fail(given->calls, calls_add(given->calls, "prctl(PR_CAPBSET_DROP)",
						       SYS_prctl, PR_CAPBSET_DROP, cap));
	}
}

static void give_ids(struct task_given *given, const CredsEntry *e)
{
	calls_add(given->calls, "setgroups", SYS_setgroups, e->n_groups,
		  calls_data(given->calls, e->groups, e->n_groups * sizeof(e->groups[0])));
	calls_add(given->calls, "setresgid", SYS_setresgid, e->gid, e->egid, e->sgid);
	calls_add(given->calls, "setresuid", SYS_setresuid, e->uid, e->euid, e->suid);
	if (e->fsgid != e->egid)
		calls_add(given->calls, "setfsgid", SYS_setfsgid, e->fsgid);
	if (e->fsuid != e->euid)
		calls_add(given->calls, "setfsuid", SYS_setfsuid, e->fsuid);
}

static void give_capset(struct task_given *given, uint64_t inh, uint64_t prm, uint64_t eff)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[WORDS] = {
		{(uint32_t)eff, (uint32_t)prm, (uint32_t)inh},
		{(uint32_t)(eff >> 32), (uint32_t)(prm >> 32), (uint32_t)(inh >> 32)},
	};

	calls_add(given->calls, "capset", SYS_capset,
		  calls_data(given->calls, &head, sizeof(head)),
		  calls_data(given->calls, data, sizeof(data)));
}

static void give_ambient(struct task_given *given, uint64_t ambient)
{
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (ambient >> cap & 1)
			calls_add(given->calls, "prctl(PR_CAP_AMBIENT_RAISE)", SYS_prctl,
				  PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

static int creds_give(struct task_given *given, struct err *err)
{
	const CredsEntry *e = given->thread->core->thread_core->creds;

	if (!e)
		return fail(err, -EPROTO, "the image has none");
	int r = check_grant(e, given->capabilities, err);
	if (r < 0)
		return r;
	uint64_t inh = unpack_set(e->cap_inh, e->n_cap_inh);
	uint64_t prm = unpack_set(e->cap_prm, e->n_cap_prm);
	uint64_t eff = unpack_set(e->cap_eff, e->n_cap_eff);
	const uint64_t setpcap = 1ULL << CAP_SETPCAP;

	calls_add(given->calls, "prctl(PR_SET_SECUREBITS)", SYS_prctl, PR_SET_SECUREBITS,
		  SECBIT_NO_SETUID_FIXUP);
	give_bounding(given, unpack_set(e->cap_bnd, e->n_cap_bnd) & given->capabilities);
	give_ids(given, e);
	give_capset(given, inh, prm | setpcap, eff | setpcap);
	give_ambient(given, unpack_set(e->cap_amb, e->n_cap_amb));
	calls_add(given->calls, "prctl(PR_SET_SECUREBITS)", SYS_prctl, PR_SET_SECUREBITS,
		  e->secbits);
	give_capset(given, inh, prm, eff);
	return 0;
}

const struct task_room room_creds = {
	.name = "credentials",
	.scope = EACH_THREAD,
	.look = creds_look,
	.ask = creds_ask,
	.answer = creds_answer,
	.give = creds_give,
};
