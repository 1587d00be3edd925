#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inject/calls.h"
#include "engine/inject/tracee.h"
#include "runtime/base/err.h"

/* In the task's data area: list and calls, payload, and the stack at the very end. */
enum { STACK = 16 << 10 };
_Static_assert(sizeof(((struct calls *)0)->image) + CALLS_PAYLOAD + STACK <= PLANT_DATA,
	       "list, payload and stack fit the planted data");

static uint64_t payload_base(const struct calls *calls)
{
	return plant_data(calls->plant) + sizeof(calls->image);
}

void calls_start(struct calls *calls, const struct plant *plant)
{
	calls->plant = plant;
	calls->n = 0;
	calls->used = 0;
	calls->overflow = false;
}

struct calls *calls_new(const struct plant *plant)
{
	struct calls *calls = malloc(sizeof(*calls));

	if (calls)
		calls_start(calls, plant);
	return calls;
}

unsigned int calls_add_array(struct calls *calls, const char *what, long nr,
			     const uint64_t arg[6])
{
	if (calls->n == CALLS_MAX) {
		calls->overflow = true;
		return CALLS_MAX - 1;
	}
	calls->what[calls->n] = what;
	calls->image.call[calls->n] = (struct pie_call){.nr = (uint32_t)nr};
	memcpy(calls->image.call[calls->n].arg, arg, 6 * sizeof(arg[0]));
	return calls->n++;
}

void calls_may_fail(struct calls *calls, unsigned int call)
{
	calls->image.call[call].flags |= PIE_MAY_FAIL;
}

void calls_use(struct calls *calls, unsigned int call, int arg, unsigned int result)
{
	if (result >= UINT8_MAX)
		calls->overflow = true;
	calls->image.call[call].from[arg] = (uint8_t)(result + 1);
}

uint64_t calls_room(struct calls *calls, size_t size)
{
	size_t need = (size + 15) & ~(size_t)15;

	if (need < size || need > CALLS_PAYLOAD - calls->used) {
		calls->overflow = true;
		return payload_base(calls);
	}
	uint64_t addr = payload_base(calls) + calls->used;
	memset(calls->payload + calls->used, 0, need);
	calls->used += need;
	return addr;
}

uint64_t calls_data(struct calls *calls, const void *data, size_t size)
{
	uint64_t addr = calls_room(calls, size);

	if (!calls->overflow)
		memcpy(calls_at(calls, addr), data, size);
	return addr;
}

void *calls_at(struct calls *calls, uint64_t addr)
{
	return calls->payload + (addr - payload_base(calls));
}

bool calls_left(const struct calls *calls, unsigned int n, size_t size)
{
	return calls->n + n <= CALLS_MAX && size + 16UL * n <= CALLS_PAYLOAD - calls->used;
}

int64_t calls_ret(const struct calls *calls, unsigned int call)
{
	return calls->image.call[call].ret;
}

static size_t list_size(const struct calls *calls)
{
	return sizeof(struct pie_list) + calls->n * sizeof(struct pie_call);
}

static int copy_in(struct calls *calls, struct err *err)
{
	int mem = calls->plant->mem;

	calls->image.list = (struct pie_list){.n = calls->n};
	int r = tracee_write(mem, plant_data(calls->plant), &calls->image, list_size(calls),
			     err);
	if (r >= 0 && calls->used)
		r = tracee_write(mem, payload_base(calls), calls->payload, calls->used, err);
	return r;
}

static int copy_out(struct calls *calls, struct err *err)
{
	int mem = calls->plant->mem;
	unsigned int n = calls->n;

	int r = tracee_read(mem, plant_data(calls->plant), &calls->image, list_size(calls),
			    err);
	if (r >= 0 && calls->used)
		r = tracee_read(mem, payload_base(calls), calls->payload, calls->used, err);
	if (r >= 0 && (calls->image.list.n != n || calls->image.list.done > n))
		r = fail(err, -EPROTO, "planted list was overwritten");
	return r;
}

static int run(struct calls *calls, pid_t tid, pid_t *ret_child, struct err *err)
{
	struct user_regs_struct regs;

	int r = tracee_regs(tid, &regs, err);
	if (r < 0)
		return r;
	regs.rip = plant_entry(calls->plant);
	regs.rdi = plant_data(calls->plant);
	/* as after a call instruction: 8 below a multiple of 16 */
	regs.rsp = calls->plant->at + PLANT_SIZE - 8;
	regs.orig_rax = (uint64_t)-1;
	regs.rax = 0;
	regs.cs = 0x33;
	regs.ss = 0x2b;
	regs.eflags = 0x202;
	r = tracee_set_regs(tid, &regs, err);
	return r < 0 ? r : tracee_run(tid, UNTIL_STOP, ret_child, err);
}

static int verdict(const struct calls *calls, struct err *err)
{
	uint32_t done = calls->image.list.done;

	if (!done)
		return 0;
	const struct pie_call *last = &calls->image.call[done - 1];
	if (last->ret >= 0 || last->ret < -4095 || last->flags & PIE_MAY_FAIL)
		return 0;
	errno = (int)-last->ret;
	return fail_errno(err, "%s", calls->what[done - 1]);
}

int calls_run_child(struct calls *calls, pid_t tid, pid_t *ret_child, struct err *err)
{
	if (calls->overflow)
		return fail(err, -E2BIG, "too much for one visit of thread %d", tid);
	int r = copy_in(calls, err);
	if (r >= 0)
		r = run(calls, tid, ret_child, err);
	if (r >= 0)
		r = copy_out(calls, err);
	if (r >= 0)
		r = verdict(calls, err);
	calls->n = 0;
	calls->used = 0;
	return r;
}

int calls_run(struct calls *calls, pid_t tid, struct err *err)
{
	return calls_run_child(calls, tid, NULL, err);
}
