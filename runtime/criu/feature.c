#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/kernel/features.h"
#include "engine/kernel/kcmp.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/criu/feature.h"

/* --- what the kernel has */

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool has_timerfd(void)
{
	scoped_fd int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	scoped_free char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fd >= 0 && file_read(AT_FDCWD, path, &text, &(struct err){}) >= 0 &&
	       strstr(text, "settime flags");
}

static bool has_fdinfo_lock(void)
{
	scoped_fd int fd = memfd_create("lock", MFD_CLOEXEC);
	struct flock lock = {.l_type = F_WRLCK};
	scoped_free char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 &&
	       file_read(AT_FDCWD, path, &text, &(struct err){}) >= 0 && strstr(text, "lock:");
}

static bool has_kcmp_epoll(void)
{
	const struct kcmp_who us = {.tid = getpid()};
	const struct kcmp_watch none = {.tid = getpid(), .epoll = -1};
	struct err err = {};

	return kcmp_watches(us, none, &err) >= 0 ||
	       (err.code != -EINVAL && err.code != -ENOSYS);
}

static bool has_cgroup_namespaces(void)
{
	return exists("/proc/self/ns/cgroup");
}

static bool has_set_tid(void)
{
	return features_has(&(struct features){}, FEATURE_SET_TID);
}

static bool has_pagemap_scan(void)
{
	return features_has(&(struct features){}, FEATURE_PAGEMAP_SCAN);
}

static bool has_timer_ids(void)
{
	return features_has(&(struct features){}, FEATURE_TIMER_RESTORE_IDS);
}

static bool has_pidfd_getfd(void)
{
	return syscall(SYS_pidfd_getfd, -1, 0, 0) >= 0 || errno == EBADF;
}

static bool has_openat2(void)
{
	return syscall(SYS_openat2, -1, NULL, NULL, 0) >= 0 || errno != ENOSYS;
}

/* Linux 6.3 */
static bool has_membarrier(void)
{
	enum { GET_REGISTRATIONS = 512 };

	return syscall(SYS_membarrier, GET_REGISTRATIONS, 0, 0) >= 0;
}

/* --- the table */

#define PRE_DUMP_LACK "dirty pages are not tracked: there is no pre-dump yet"
#define LAZY_LACK "pages are not restored lazily yet"
#define NET_LACK "of network namespaces only loopback, addresses and routes are carried"

/* clang-format off */
static const struct criu_feature features[] = {
	{"mem_dirty_track", FEATURE_EXTRA, NULL, PRE_DUMP_LACK},
	{"mem_track", FEATURE_EXTRA, NULL, PRE_DUMP_LACK},
	{"aio_remap", FEATURE_EXTRA, NULL, "rings of asynchronous I/O are not carried yet"},
	{"timerfd", FEATURE_EXTRA, has_timerfd, NULL},
	{"tun", FEATURE_EXTRA, NULL, "tun links are not carried yet"},
	{"userns", FEATURE_EXTRA, NULL, "user namespaces are not carried yet"},
	{"fdinfo_lock", FEATURE_EXTRA, has_fdinfo_lock, NULL},
	{"seccomp_suspend", FEATURE_EXTRA, NULL, NULL},
	{"seccomp_filters", FEATURE_EXTRA, NULL, NULL},
	{"loginuid", FEATURE_EXTRA, NULL, "the login uid is not carried yet"},
	{"cgroupns", FEATURE_EXTRA, has_cgroup_namespaces, NULL},
	{"autofs", FEATURE_EXTRA, NULL, "autofs mounts are not carried yet"},
	{"tcp_half_closed", FEATURE_EXTRA, NULL, NULL},
	{"lsm", FEATURE_EXTRA, NULL, "profiles of security modules are not carried yet"},
	{"apparmor_stacking", FEATURE_EXTRA, NULL, "profiles of security modules are not carried yet"},
	{"can_map_vdso", FEATURE_EXTRA, NULL, NULL},
	{"compat_cr", FEATURE_EXPERIMENTAL, NULL, "32-bit code is not carried yet"},
	{"uffd", FEATURE_EXTRA, NULL, LAZY_LACK},
	{"uffd-noncoop", FEATURE_EXTRA, NULL, LAZY_LACK},
	{"lazy_pages", FEATURE_EXTRA, NULL, LAZY_LACK},
	{"sk_ns", FEATURE_EXTRA, NULL, "sockets of other network namespaces than the task's are not carried yet"},
	{"sk_unix_file", FEATURE_EXTRA, NULL, "names of unix sockets are found by path alone"},
	{"net_diag_raw", FEATURE_EXTRA, NULL, "raw sockets are not carried yet"},
	{"nsid", FEATURE_EXTRA, NULL, NET_LACK},
	{"link_nsid", FEATURE_EXTRA, NULL, NET_LACK},
	{"newifindex", FEATURE_EXTRA, NULL, NET_LACK},
	{"external_net_ns", FEATURE_EXPERIMENTAL, NULL, "--external is not supported yet"},
	{"nftables", FEATURE_EXTRA, NULL, NET_LACK},
	{"network_lock_nftables", FEATURE_EXTRA, NULL, "--network-lock is not supported yet"},
	{"has_ipv6_freebind", FEATURE_EXTRA, NULL, NULL},
	{"ipv6_freebind", FEATURE_EXTRA, NULL, NULL},
	{"kcmp_epoll", FEATURE_EXTRA, has_kcmp_epoll, NULL},
	{"timens", FEATURE_EXTRA, NULL, "time namespaces are not carried yet"},
	{"time_ns", FEATURE_EXTRA, NULL, "time namespaces are not carried yet"},
	{"clone3_set_tid", FEATURE_EXTRA, has_set_tid, NULL},
	{"pidfd_getfd", FEATURE_EXTRA, has_pidfd_getfd, NULL},
	{"pidfd_store", FEATURE_EXTRA, NULL, "--pidfd-store is not supported yet"},
	{"openat2", FEATURE_EXTRA, has_openat2, NULL},
	{"move_mount_set_group", FEATURE_EXTRA, NULL, "mounts that tasks made are not carried yet"},
	{"get_rseq_conf", FEATURE_EXTRA, NULL, NULL},
	{"membarrier_get_registrations", FEATURE_EXTRA, has_membarrier, NULL},
	{"pagemap_scan", FEATURE_EXTRA, has_pagemap_scan, NULL},
	{"timer_cr_ids", FEATURE_EXTRA, has_timer_ids, NULL},
	{"overlayfs_maps", FEATURE_EXTRA, NULL, NULL},
};
/* clang-format on */

const struct criu_feature *criu_feature_at(size_t i)
{
	return i < sizeof(features) / sizeof(features[0]) ? &features[i] : NULL;
}

int criu_feature_check(const struct criu_feature *feature, struct err *err)
{
	if (feature->lacks)
		return fail(err, -EOPNOTSUPP, "%s: %s", feature->name, feature->lacks);
	if (feature->kernel && !feature->kernel())
		return fail(err, -EOPNOTSUPP, "%s: this kernel does not have it, or not for us",
			    feature->name);
	return 0;
}

int criu_feature_has(const char *name, struct err *err)
{
	for (size_t i = 0; criu_feature_at(i); i++)
		if (!strcmp(criu_feature_at(i)->name, name))
			return criu_feature_check(criu_feature_at(i), err);
	return fail(err, -EINVAL, "%s: no such feature; --feature list prints all names", name);
}

int criu_basics_check(struct err *err)
{
	const struct kcmp_who us = {.tid = getpid()};
	struct release release;
	int order;

	if (release_read(&release, err) < 0)
		return err->code;
	if (release.major < 6 || (release.major == 6 && release.minor < 1))
		return fail(err, -EOPNOTSUPP, "Linux %u.%u is older than 6.1", release.major,
			    release.minor);
	if (!has_set_tid())
		return fail(err, -EPERM,
			    "clone3 with set_tid is not permitted: it needs "
			    "CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN");
	return kcmp_order(KIND_FILES, us, us, &order, err);
}
