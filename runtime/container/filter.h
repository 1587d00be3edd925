/* filter.h - linux.seccomp compiled to a program for seccomp(2) */
#ifndef CKRUN_CONTAINER_FILTER_H
#define CKRUN_CONTAINER_FILTER_H

#include <stddef.h>

struct err;
struct oci_seccomp;

/* filter_compile() - an array of struct sock_filter of *ret_size bytes, the caller's to free. */
int filter_compile(const struct oci_seccomp *seccomp, void **ret_program, size_t *ret_size,
		   struct err *err);

/* filter_get() - the same, from the directory of compiled filters `cache` (made if missing, NULL:
 * none) if it has the answer; it has afterwards. */
int filter_get(const char *cache, const struct oci_seccomp *seccomp, void **ret_program,
	       size_t *ret_size, struct err *err);

#endif
