/* seccomp.c - the filters that judge a thread's system calls
 *
 * Seen   PTRACE_SECCOMP_GET_FILTER: classic BPF, 0 is the eldest              Linux 4.4
 *        PTRACE_SECCOMP_GET_METADATA: SECCOMP_FILTER_FLAG_LOG                 Linux 4.16
 * Made   seccomp(2), eldest first, in every thread; strict mode by prctl(2).
 * Lost   threads and forks that shared one filter object each get their own copy: the same
 *        verdicts, more kernel memory.
 * Refused  a filter that asks a supervisor (SECCOMP_RET_USER_NOTIF): its listener is not in
 *        the set.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "engine/task/room.h"
#include "engine/task/seccomp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* struct seccomp_metadata of linux/ptrace.h, which does not go with sys/ptrace.h */
struct metadata {
	uint64_t filter_off, flags;
};

void seccomp_table_init(struct seccomp_table *table)
{
	seccomp_entry__init(&table->image);
}

/* filter_find() - index of this filter below this elder; n_seccomp_filters: not stored yet */
static size_t filter_find(const SeccompEntry *all, const SeccompFilter *f)
{
	size_t i = 0;

	for (; i < all->n_seccomp_filters; i++) {
		const SeccompFilter *g = all->seccomp_filters[i];

		if (g->has_prev == f->has_prev && g->prev == f->prev && g->flags == f->flags &&
		    g->filter.len == f->filter.len &&
		    !memcmp(g->filter.data, f->filter.data, f->filter.len))
			break;
	}
	return i;
}

static int filter_add(struct arena *arena, SeccompEntry *all, SeccompFilter *f, uint32_t *ret,
		      struct err *err)
{
	size_t i = filter_find(all, f);

	*ret = (uint32_t)i;
	if (i < all->n_seccomp_filters)
		return 0;
	f->filter.data = arena_copy(arena, f->filter.data, f->filter.len);
	SeccompFilter *copy = arena_copy(arena, f, sizeof(*f));
	SeccompFilter **more =
		arena_grow(arena, all->seccomp_filters, i, sizeof(SeccompFilter *));
	if (!copy || !more || !f->filter.data)
		return fail(err, -ENOMEM, "filter");
	all->seccomp_filters = more;
	all->seccomp_filters[all->n_seccomp_filters++] = copy;
	return 0;
}

static bool asks_a_supervisor(const struct sock_filter *insn, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (BPF_CLASS(insn[i].code) == BPF_RET && BPF_RVAL(insn[i].code) == BPF_K &&
		    (insn[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

/* look_filter() - the filter with this index; 0 if there is none */
static int look_filter(pid_t tid, uint64_t index, struct sock_filter *insn, SeccompFilter *f,
		       struct err *err)
{
	struct metadata meta = {.filter_off = index};

	long n = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, index, insn);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return fail_errno(err, "filter %lu", index);
	if (ptrace(PTRACE_SECCOMP_GET_METADATA, tid, sizeof(meta), &meta) < 0)
		return fail_errno(err, "flags of filter %lu", index);
	if (asks_a_supervisor(insn, (size_t)n))
		return refuse(err,
			      "filter %lu asks a supervisor process (user notification), "
			      "which is outside the container",
			      index);
	seccomp_filter__init(f);
	f->has_flags = true;
	f->flags = (uint32_t)meta.flags;
	f->filter.len = (size_t)n * sizeof(*insn);
	f->filter.data = (uint8_t *)insn;
	return 1;
}

static int look_chain(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;
	scoped_free struct sock_filter *insn = calloc(BPF_MAXINSNS, sizeof(*insn));
	uint32_t elder = 0, n = seen->status->seccomp_filters;
	SeccompFilter f;

	if (!insn)
		return fail(err, -ENOMEM, "filter");
	for (uint32_t i = 0; i < n; i++) {
		int r = look_filter(seen->thread->tid, i, insn, &f, err);
		if (r < 0)
			return r;
		if (r == 0)
			return fail(err, -EPROTO, "%u filters, but none with index %u", n, i);
		f.has_prev = i > 0;
		f.prev = elder;
		r = filter_add(seen->model->arena, &seen->seccomp->image, &f, &elder, err);
		if (r < 0)
			return r;
	}
	core->has_seccomp_filter = n > 0;
	core->seccomp_filter = elder;
	return 0;
}

static int seccomp_look(struct task_seen *seen, struct err *err)
{
	ThreadCoreEntry *core = seen->thread->core->thread_core;

	core->has_seccomp_mode = true;
	core->seccomp_mode = (SeccompMode)seen->status->seccomp;
	return seen->status->seccomp == SECCOMP_MODE_FILTER ? look_chain(seen, err) : 0;
}

static int give_one(struct task_given *given, const SeccompFilter *f, struct err *err)
{
	size_t n = f->filter.len / sizeof(struct sock_filter);

	int r = task_give_room(given, 1, f->filter.len + sizeof(struct sock_fprog), err);
	if (r < 0)
		return r;
	struct sock_fprog prog = {
		.len = (unsigned short)n,
		.filter = (void *)(uintptr_t)calls_data(given->calls, f->filter.data,
							f->filter.len), // NOLINT
	};
	calls_add(given->calls, "seccomp", SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags,
		  calls_data(given->calls, &prog, sizeof(prog)));
	return 0;
}

static int give_chain(struct task_given *given, uint32_t youngest, struct err *err)
{
	const SeccompEntry *all = &given->seccomp->image;
	uint32_t *chain =
		arena_alloc(given->model->arena, all->n_seccomp_filters * sizeof(*chain));
	uint32_t n = 0;

	if (!chain)
		return fail(err, -ENOMEM, "filters");

	for (uint32_t i = youngest;; i = all->seccomp_filters[i]->prev) {
		if (i >= all->n_seccomp_filters || (n && i >= chain[n - 1]))
			return fail(err, -EPROTO, "filter %u is not in the image", i);
		chain[n++] = i;
		if (!all->seccomp_filters[i]->has_prev)
			break;
	}
	for (uint32_t i = n; i-- > 0;) {
		int r = give_one(given, all->seccomp_filters[chain[i]], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int seccomp_give(struct task_given *given, struct err *err)
{
	const ThreadCoreEntry *core = given->thread->core->thread_core;

	if (!core->has_seccomp_mode || core->seccomp_mode == SECCOMP_MODE__disabled)
		return 0;
	if (core->seccomp_mode == SECCOMP_MODE__filter)
		return give_chain(given, core->seccomp_filter, err);
	calls_add(given->calls, "prctl(PR_SET_SECCOMP)", SYS_prctl, PR_SET_SECCOMP,
		  SECCOMP_MODE_STRICT);
	return 0;
}

const struct task_room room_seccomp = {
	.name = "seccomp",
	.scope = EACH_THREAD,
	.look = seccomp_look,
	.give = seccomp_give,
};
