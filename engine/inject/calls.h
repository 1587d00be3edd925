/* calls.h - a list of system calls to be made in another task
 *
 *	struct calls c;
 *	calls_start(&c, plant);
 *	uint64_t sas = calls_room(&c, sizeof(stack_t));
 *	calls_add(&c, "sigaltstack", SYS_sigaltstack, 0, sas);
 *	if (calls_run(&c, tid, err) < 0) ...
 *	memcpy(&ss, calls_at(&c, sas), sizeof(ss));
 *
 * One visit costs about 40 us whatever the number of calls, so collect.  A call that fails
 * ends the list and calls_run() names it, unless calls_may_fail() allowed it.
 */
#ifndef CKRUN_INJECT_CALLS_H
#define CKRUN_INJECT_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/inject/plant.h"
#include "engine/pie/abi.h"

enum { CALLS_MAX = 512, CALLS_PAYLOAD = 384 << 10 };

struct calls {
	const struct plant *plant;
	unsigned int n;
	size_t used;   /* bytes of payload */
	bool overflow; /* something did not fit; calls_run() says so */
	const char *what[CALLS_MAX];
	struct {
		struct pie_list list;
		struct pie_call call[CALLS_MAX];
	} image; /* as it lies in the task */
	_Alignas(16) unsigned char payload[CALLS_PAYLOAD];
};

/* calls_new() - half a megabyte, so from the heap; free() it. NULL: out of memory. */
struct calls *calls_new(const struct plant *plant);
void calls_start(struct calls *calls, const struct plant *plant);

/* calls_add() - `what` is a literal for messages.  Returns the call's index. */
#define calls_add(calls, what, nr, ...) \
	calls_add_array(calls, what, nr, (const uint64_t[6]){__VA_ARGS__})
unsigned int calls_add_array(struct calls *calls, const char *what, long nr,
			     const uint64_t arg[6]);
void calls_may_fail(struct calls *calls, unsigned int call);

/* calls_use() - argument `arg` of call `call` is what call `result` returned. */
void calls_use(struct calls *calls, unsigned int call, int arg, unsigned int result);

/* Payload: data for the calls to read, room for them to write. Addresses are the task's. */
uint64_t calls_data(struct calls *calls, const void *data, size_t size);
uint64_t calls_room(struct calls *calls, size_t size);
void *calls_at(struct calls *calls,
	       uint64_t addr); /* our copy of it; current after calls_run() */

/* calls_left() - is there room for n more calls and size more bytes? If not, run first. */
bool calls_left(const struct calls *calls, unsigned int n, size_t size);

/* calls_run() - make them in thread tid, whose other registers may change.  Afterwards the
 * list is empty for the next calls, results of this run stay readable until calls_start(). */
int calls_run(struct calls *calls, pid_t tid, struct err *err);
int64_t calls_ret(const struct calls *calls, unsigned int call);

/* calls_run_child() - as calls_run(), for a list that makes a task; see tracee_run(). */
int calls_run_child(struct calls *calls, pid_t tid, pid_t *ret_child, struct err *err);

#endif
