/* devices.h - which device nodes a container may make, read and write
 *
 * The rules of config.json are made into one list that begins with "deny everything" and ends
 * with what every container needs (or begins with "allow everything", if the rules say so); of several rules for a device the last decides, for each
 * of read, write and mknod alone.  v1 gets the list line by line, v2 as a BPF program.
 */
#ifndef CKRUN_CGROUP_DEVICES_H
#define CKRUN_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroup/set.h"
#include "oci/resources.h"

enum { DEVICE_ALL = -1 };

struct device_rule {
	bool allow;
	char type;            /* 'b' or 'c' */
	int64_t major, minor; /* or DEVICE_ALL */
	unsigned int access;  /* BPF_DEVCG_ACC_MKNOD, _READ, _WRITE */
};

struct device_rules {
	struct device_rule *item;
	size_t n;
};

/* devices_rules() - pure.  The list begins with two rules for all devices, 'b' and 'c'.  A rule of type 'a' becomes one for 'b' and one for 'c'; what comes
 * before a rule for all devices and all access is dropped. */
int devices_rules(struct arena *arena, const struct oci_resources *resources,
		  struct device_rules *ret, struct err *err);

/* devices_v1_line() - "c 1:3 rwm" into buf; returns buf. */
char *devices_v1_line(const struct device_rule *rule, char *buf, size_t size);

/* devices_v1_write() - the list into devices.deny and devices.allow.  REFUSED if a rule denies
 * a part of what one before it allows: v1 keeps a list of what is allowed and cannot cut a
 * piece out of an entry. */
int devices_v1_write(const struct group *group, const struct device_rules *rules,
		     struct err *err);

/* device_bpf_make() - pure: the rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE, in
 * the arena.  Its context is struct bpf_cgroup_dev_ctx; it returns 1 to allow. */
int device_bpf_make(struct arena *arena, const struct device_rules *rules,
		    struct bpf_insn **ret, size_t *ret_n, struct err *err);

/* device_bpf_load() - into the kernel; device_bpf_attach() - to the cgroup, in the place of the
 * program that an earlier call attached there. */
int device_bpf_load(const struct bpf_insn *insn, size_t n, int *ret_fd, struct err *err);
int device_bpf_attach(const struct group *group, int program, struct err *err);

#endif
