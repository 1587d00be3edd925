#include <errno.h>

#include "engine/kernel/fdinfo-signalfd.h"
#include "engine/kernel/fdinfo.h"
#include "runtime/base/err.h"

int fdinfo_signalfd_parse(const char *text, uint64_t *ret_mask, struct err *err)
{
	uint64_t mask;
	struct fdinfo_field field = {.key = "sigmask:", .base = 16, .value = &mask};

	if (fdinfo_scan(text, &field, 1, err) < 0)
		return err->code;
	if (!field.seen)
		return fail(err, -EPROTO, "fdinfo has no line sigmask:");
	*ret_mask = mask;
	return 0;
}
