#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/kernel/robust.h"
#include "runtime/base/err.h"

int robust_read(pid_t tid, struct robust_head *ret, struct err *err)
{
	void *head = NULL;
	size_t len = 0;

	if (syscall(SYS_get_robust_list, tid, &head, &len) < 0)
		return fail_errno(err, "robust list of task %d", tid);
	*ret = (struct robust_head){.head = (uintptr_t)head, .len = len};
	return 0;
}
