/* filter.c - linux.seccomp through libseccomp, plus one answer that libseccomp cannot give
 *
 * Names that libseccomp or the architecture does not know are skipped, as every runtime does.
 * System calls newer than everything a profile names get ENOSYS where its default is some other
 * errno: a C library then falls back to older calls (clone3, faccessat2), where EPERM would make
 * it give up.  That is decided by a few instructions in front of the compiled program, which
 * loads what it needs by itself.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "oci/seccomp.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/filter.h"

enum { PER_ARCH = 6, X32_BIT = 0x40000000 };

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int no_memory(struct err *err)
{
	return fail(err, -ENOMEM, "out of memory");
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *seccomp, struct err *err)
{
	for (size_t i = 0; i < seccomp->n_archs; i++) {
		int r = seccomp_arch_add(ctx, seccomp->archs[i]);
		if (r < 0 && r != -EEXIST)
			return fail(err, r, "architecture %#x: %s", seccomp->archs[i],
				    strerrordesc_np(-r));
	}
	return 0;
}

static bool repeats_an_argument(const struct oci_syscall_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & 1U << rule->args[i].arg)
			return true;
		seen |= 1U << rule->args[i].arg;
	}
	return false;
}

static int add_call(scmp_filter_ctx ctx, const struct oci_syscall_rule *rule, const char *name,
		    struct err *err)
{
	int number = seccomp_syscall_resolve_name(name);
	int r = 0;

	if (number == __NR_SCMP_ERROR)
		return 0;
	if (repeats_an_argument(rule))
		for (size_t i = 0; !r && i < rule->n_args; i++)
			r = seccomp_rule_add_array(ctx, rule->action, number, 1,
						   &rule->args[i]);
	else
		r = seccomp_rule_add_array(ctx, rule->action, number,
					   (unsigned int)rule->n_args, rule->args);
	if (r < 0 && r != -EEXIST)
		return fail(err, r, "system call %s: %s", name, strerrordesc_np(-r));
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct oci_seccomp *seccomp, struct err *err)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_syscall_rule *rule = &seccomp->syscalls[i];

		if (rule->action == seccomp->default_action)
			continue;
		for (size_t k = 0; k < rule->names.n; k++) {
			int r = add_call(ctx, rule, rule->names.item[k], err);
			if (r)
				return r;
		}
	}
	return 0;
}

/* The greatest number that the profile names on an architecture; -1: none. */
static int newest_known(const struct oci_seccomp *seccomp, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < seccomp->n_syscalls; i++) {
		const struct oci_strings *names = &seccomp->syscalls[i].names;
		for (size_t k = 0; k < names->n; k++) {
			int n = seccomp_syscall_resolve_name_arch(arch, names->item[k]);
			newest = n > newest ? n : newest;
		}
	}
	return newest;
}

static struct sock_filter *judge_arch(struct sock_filter *at, uint32_t arch, int newest,
				      size_t to_end)
{
	const struct sock_filter block[PER_ARCH] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, PER_ARCH - 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)newest, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)to_end),
	};

	memcpy(at, block, sizeof(block));
	return at + PER_ARCH;
}

/* Returns the number of instructions written; at most 1 + PER_ARCH * (n_archs + 1). */
static size_t answer_newer(const struct oci_seccomp *seccomp, struct sock_filter *program)
{
	const uint32_t native = seccomp_arch_native();
	const size_t n = seccomp->n_archs + 1;
	struct sock_filter *at = program;

	if ((seccomp->default_action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO ||
	    seccomp->default_action == SCMP_ACT_ERRNO(ENOSYS))
		return 0;
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n; i++) {
		/* libseccomp numbers architectures as audit(7) does, but for x32: no match */
		uint32_t arch = i ? seccomp->archs[i - 1] : native;
		int newest = newest_known(seccomp, arch);

		at = judge_arch(at, arch, newest < 0 ? X32_BIT : newest,
				(n - i - 1) * PER_ARCH);
	}
	return (size_t)(at - program);
}

static int export(scmp_filter_ctx ctx, const struct oci_seccomp *seccomp, void **ret_program,
		  size_t *ret_size, struct err *err)
{
	scoped_fd int fd = memfd_create("filter", MFD_CLOEXEC);
	size_t room = 1 + PER_ARCH * (seccomp->n_archs + 1);

	if (fd < 0)
		return fail_errno(err, "memfd_create");
	int r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return fail(err, r, "compile: %s", strerrordesc_np(-r));
	off_t size = lseek(fd, 0, SEEK_END);
	scoped_free struct sock_filter *program =
		calloc(room + (size_t)size / sizeof(*program), sizeof(*program));
	if (!program)
		return no_memory(err);
	size_t n = answer_newer(seccomp, program);
	if (pread(fd, program + n, (size_t)size, 0) != size)
		return fail_errno(err, "read the compiled program");
	*ret_size = n * sizeof(*program) + (size_t)size;
	*ret_program = take_ptr(program);
	return 0;
}

int filter_compile(const struct oci_seccomp *seccomp, void **ret_program, size_t *ret_size,
		   struct err *err)
{
	scoped(release) scmp_filter_ctx ctx = seccomp_init(seccomp->default_action);
	int r = 0;

	if (!ctx)
		return fail(err, -EINVAL, "linux.seccomp.defaultAction %#x",
			    seccomp->default_action);
	r = add_archs(ctx, seccomp, err);
	if (!r)
		r = add_rules(ctx, seccomp, err);
	if (!r && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		r = no_memory(err);
	if (!r)
		r = export(ctx, seccomp, ret_program, ret_size, err);
	return r ? fail_in(err, "linux.seccomp") : 0;
}
