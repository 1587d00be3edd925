#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/capability.h>

#include "oci/process.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/caps.h"

static void release(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

static int fail_cap(struct err *err, const char *what, cap_value_t cap)
{
	char *name = cap_to_name(cap);
	int r = fail_errno(err, "%s %s", what, name ? name : "?");

	cap_free(name);
	return r;
}

static uint64_t bit(cap_value_t cap)
{
	return UINT64_C(1) << cap;
}

int caps_check(const struct oci_capabilities *caps, struct err *err)
{
	uint64_t wanted = caps->permitted | caps->effective | caps->inheritable |
			  caps->ambient | caps->bounding;
	scoped(release) cap_t own = cap_get_proc();

	if (!own)
		return fail_errno(err, "own capabilities");
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (!(wanted & bit(cap)))
			continue;
		if (cap_get_flag(own, cap, CAP_PERMITTED, &has) < 0 || has != CAP_SET) {
			errno = EPERM;
			return fail_cap(err, "process.capabilities: ckrun itself lacks", cap);
		}
	}
	return 0;
}

int caps_bound(const struct oci_capabilities *caps, struct err *err)
{
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (!(caps->bounding & bit(cap)) && cap_get_bound(cap) > 0 &&
		    cap_drop_bound(cap) < 0)
			return fail_cap(err, "drop from the bounding set", cap);
	return 0;
}

static uint64_t ambient(const struct oci_capabilities *caps)
{
	return caps->ambient & caps->permitted & caps->inheritable;
}

int caps_ambient_lost(const struct oci_capabilities *caps, struct err *err)
{
	uint64_t lost = caps->ambient & ~ambient(caps);

	if (!lost)
		return 0;
	char *name = cap_to_name((cap_value_t)__builtin_ctzll(lost));
	fail(err, -EPERM, "process.capabilities.ambient: %s is not permitted and inheritable",
	     name ? name : "?");
	cap_free(name);
	return 1;
}

static int fill(cap_t set, cap_flag_t flag, uint64_t mask)
{
	int r = 0;

	for (cap_value_t cap = 0; !r && cap < cap_max_bits(); cap++)
		if (mask & bit(cap))
			r = cap_set_flag(set, flag, 1, &cap, CAP_SET);
	return r;
}

int caps_set(const struct oci_capabilities *caps, struct err *err)
{
	scoped(release) cap_t set = cap_init();

	if (!set || fill(set, CAP_PERMITTED, caps->permitted) ||
	    fill(set, CAP_EFFECTIVE, caps->effective) ||
	    fill(set, CAP_INHERITABLE, caps->inheritable))
		return fail_errno(err, "capability sets");
	if (cap_set_proc(set) < 0)
		return fail_errno(err, "set the capabilities");
	if (cap_reset_ambient() < 0)
		return fail_errno(err, "clear the ambient capabilities");
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (ambient(caps) & bit(cap) && cap_set_ambient(cap, CAP_SET) < 0)
			return fail_cap(err, "ambient", cap);
	return 0;
}
