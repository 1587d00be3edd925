/* list.c - runs inside the task: makes the system calls of a list, then stops
 *
 * No libc, no stack protector, no errno.  A call's argument may be the result of an earlier
 * one, so that a descriptor can be made and used in one visit.
 *
 * It ends by sending itself SIGSTOP, which a tracer sees and keeps.  If the tracer was killed
 * the task stands still until the next ckrun puts its registers back; a trap would kill it.
 */
#include "engine/pie/abi.h"

void pie_entry(struct pie_list *list);

enum { PAUSE = 34, GETPID = 39, GETTID = 186, TGKILL = 234, STOP = 19 };

static int64_t call(const struct pie_list *list, const struct pie_call *c)
{
	uint64_t a[PIE_ARGS];
	int64_t ret;

	for (int i = 0; i < PIE_ARGS; i++)
		a[i] = c->from[i] ? (uint64_t)list->call[c->from[i] - 1].ret : c->arg[i];

	register uint64_t r10 __asm__("r10") = a[3];
	register uint64_t r8 __asm__("r8") = a[4];
	register uint64_t r9 __asm__("r9") = a[5];
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"((uint64_t)c->nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* The first process of a pid namespace ignores its own SIGSTOP when nobody traces it. */
static void stop(void)
{
	const struct pie_list none = {0};
	struct pie_call c = {.nr = GETPID};

	c.arg[0] = (uint64_t)call(&none, &c);
	c.nr = GETTID;
	c.arg[1] = (uint64_t)call(&none, &c);
	c.arg[2] = STOP;
	c.nr = TGKILL;
	call(&none, &c);
	c.nr = PAUSE;
	call(&none, &c);
}

__attribute__((visibility("hidden"))) void pie_entry(struct pie_list *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		struct pie_call *c = &list->call[i];

		c->ret = call(list, c);
		list->done = i + 1;
		if (c->ret < 0 && c->ret >= -4095 && !(c->flags & PIE_MAY_FAIL))
			break;
	}
	for (;;)
		stop();
}
