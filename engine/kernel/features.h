/* features.h - what this kernel can do beyond Linux 6.1, asked when first needed
 *
 * Each question is put once and answered in well under a millisecond, by the interface itself and
 * not by the version: distributions take features back to older kernels and switch others off.
 * An interface that exists but is not permitted here counts as missing.
 *
 *         FEATURE_PAGEMAP_SCAN       ioctl of /proc/PID/pagemap                    Linux 6.7
 *         FEATURE_UFFD_WP_ASYNC      userfaultfd tracks writes by itself           Linux 6.7
 *         FEATURE_UFFD_MOVE          UFFDIO_MOVE                                   Linux 6.8
 *         FEATURE_PIDFD_THREAD       pidfd_open(2) of any thread                   Linux 6.9
 *         FEATURE_PIDFD_INFO         PIDFD_GET_INFO                                Linux 6.13
 *         FEATURE_TIMER_RESTORE_IDS  prctl(PR_TIMER_CREATE_RESTORE_IDS)            Linux 6.15
 *         FEATURE_SET_SYSCALL_INFO   PTRACE_SET_SYSCALL_INFO                       Linux 6.16
 *         FEATURE_SET_TID            clone3(2) with set_tid; CAP_CHECKPOINT_RESTORE or
 *                                    CAP_SYS_ADMIN in the pid namespace's owner    Linux 5.5, 5.9
 *         FEATURE_FREEZER_V1         the freezer controller is on a v1 hierarchy   Linux 2.6.28
 *         FEATURE_FREEZER_V2         a cgroup2 mount, cgroup.freeze                Linux 5.2
 */
#ifndef CKRUN_KERNEL_FEATURES_H
#define CKRUN_KERNEL_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum feature {
	FEATURE_PAGEMAP_SCAN,
	FEATURE_UFFD_WP_ASYNC,
	FEATURE_UFFD_MOVE,
	FEATURE_PIDFD_THREAD,
	FEATURE_PIDFD_INFO,
	FEATURE_TIMER_RESTORE_IDS,
	FEATURE_SET_SYSCALL_INFO,
	FEATURE_SET_TID,
	FEATURE_FREEZER_V1,
	FEATURE_FREEZER_V2,
	FEATURES,
};

/* Starts as {}. */
struct features {
	uint32_t asked, present; /* a bit each */
};

bool features_has(struct features *features, enum feature feature);

/* features_name() - as in a message: "PAGEMAP_SCAN (Linux 6.7)". */
const char *features_name(enum feature feature);

struct release {
	uint32_t major, minor;
};

/* release_parse() - "6.18.44-fc" is 6, 18; -EPROTO. */
int release_parse(const char *text, struct release *ret, struct err *err);
int release_read(struct release *ret, struct err *err);

#endif
