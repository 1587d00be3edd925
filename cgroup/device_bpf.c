/* device_bpf.c - the device rules as a BPF program, for cgroup v2
 *
 * struct bpf_cgroup_dev_ctx: access_type (low half: 1 block, 2 char; high half: the access
 * wanted, several bits at once for open(O_RDWR)), major, minor; since Linux 4.15.
 *
 * The last rule that matches decides, for each access bit alone.  So the program goes through
 * the rules from the last to the first and keeps in r3 the bits that nobody decided yet: an
 * allowing rule takes its bits off and returns 1 when none is left, a denying one returns 0
 * if it has any of them.  At the end all is denied.
 *
 *	r2 type, r3 bits undecided, r4 major, r5 minor, r6 scratch
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup/devices.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { PROLOGUE = 6, RULE_MAX = 9, EPILOGUE = 2, LOG_SIZE = 4096 };

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define LOAD_CTX(d, field) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, d, 1, offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define MOV_REG(d, s) INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOV_IMM(d, i) INSN(BPF_ALU | BPF_MOV | BPF_K, d, 0, 0, i)
#define AND_IMM(d, i) INSN(BPF_ALU | BPF_AND | BPF_K, d, 0, 0, i)
#define SHR_IMM(d, i) INSN(BPF_ALU | BPF_RSH | BPF_K, d, 0, 0, i)
#define JNE_IMM(d, i, o) INSN(BPF_JMP32 | BPF_JNE | BPF_K, d, 0, o, i)
#define JEQ_IMM(d, i, o) INSN(BPF_JMP32 | BPF_JEQ | BPF_K, d, 0, o, i)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

struct program {
	struct bpf_insn *insn;
	size_t n;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->insn[p->n++] = insn;
}

static void emit_prologue(struct program *p)
{
	emit(p, LOAD_CTX(2, access_type));
	emit(p, MOV_REG(3, 2));
	emit(p, AND_IMM(2, 0xffff));
	emit(p, SHR_IMM(3, 16));
	emit(p, LOAD_CTX(4, major));
	emit(p, LOAD_CTX(5, minor));
}

/* "if reg is not value, go to the next rule": where that is, is filled in afterwards. */
static void emit_unless(struct program *p, int reg, int64_t value)
{
	if (value != DEVICE_ALL)
		emit(p, JNE_IMM(reg, (int32_t)value, 0));
}

static void emit_verdict(struct program *p, const struct device_rule *rule)
{
	if (rule->allow) {
		emit(p, AND_IMM(3, (int32_t)~rule->access));
		emit(p, JNE_IMM(3, 0, 0));
	} else {
		emit(p, MOV_REG(6, 3));
		emit(p, AND_IMM(6, (int32_t)rule->access));
		emit(p, JEQ_IMM(6, 0, 0));
	}
	emit(p, MOV_IMM(0, rule->allow));
	emit(p, EXIT());
}

static void emit_rule(struct program *p, const struct device_rule *rule)
{
	size_t first = p->n;

	emit_unless(p, 2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	emit_unless(p, 4, rule->major);
	emit_unless(p, 5, rule->minor);
	emit_verdict(p, rule);
	for (size_t i = first; i < p->n; i++)
		if (BPF_CLASS(p->insn[i].code) == BPF_JMP32)
			p->insn[i].off = (__s16)(p->n - i - 1);
}

int device_bpf_make(struct arena *arena, const struct device_rules *rules,
		    struct bpf_insn **ret, size_t *ret_n, struct err *err)
{
	size_t most = PROLOGUE + rules->n * RULE_MAX + EPILOGUE;
	struct program p = {.insn = arena_alloc(arena, most * sizeof(struct bpf_insn))};

	if (!p.insn)
		return fail(err, -ENOMEM, "out of memory");
	emit_prologue(&p);
	for (size_t i = rules->n; i-- > 0;)
		emit_rule(&p, &rules->item[i]);
	emit(&p, MOV_IMM(0, 0));
	emit(&p, EXIT());
	*ret = p.insn;
	*ret_n = p.n;
	return 0;
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

int device_bpf_load(const struct bpf_insn *insn, size_t n, int *ret_fd, struct err *err)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)insn,
		.insn_cnt = (__u32)n,
		.license = (uintptr_t) "Apache-2.0",
		.prog_name = "ckrun_devices",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		return fail_errno(err, "load the BPF program of %zu instructions", n);
	*ret_fd = fd;
	return 0;
}

/* The id of our own earlier program on the cgroup, 0 if none.  (Another's, such as systemd's,
 * stays: with several programs all must allow.) */
static int find_ours(int cgroup, __u32 *ret_id)
{
	enum { MOST = 64 };
	__u32 id[MOST] = {};
	union bpf_attr ask = {.query = {.target_fd = (__u32)cgroup,
					.attach_type = BPF_CGROUP_DEVICE,
					.prog_ids = (uintptr_t)id,
					.prog_cnt = MOST}};

	*ret_id = 0;
	if (bpf(BPF_PROG_QUERY, &ask) < 0)
		return -errno;
	for (__u32 i = 0; i < ask.query.prog_cnt && i < MOST; i++) {
		struct bpf_prog_info info = {};
		union bpf_attr by_id = {.prog_id = id[i]};
		scoped_fd int fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		union bpf_attr about = {.info = {.bpf_fd = (__u32)fd,
						 .info_len = sizeof(info),
						 .info = (uintptr_t)&info}};

		if (fd >= 0 && !bpf(BPF_OBJ_GET_INFO_BY_FD, &about) &&
		    !strcmp(info.name, "ckrun_devices"))
			*ret_id = id[i];
	}
	return 0;
}

int device_bpf_attach(const struct group *group, int program, struct err *err)
{
	scoped_fd int cgroup = open(group->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr = {.target_fd = (__u32)cgroup,
			       .attach_bpf_fd = (__u32)program,
			       .attach_type = BPF_CGROUP_DEVICE,
			       .attach_flags = BPF_F_ALLOW_MULTI};
	scoped_fd int before = -1;
	__u32 id;

	if (cgroup < 0)
		return fail_errno(err, "open cgroup %s", group->dir);
	if (find_ours(cgroup, &id) >= 0 && id) {
		union bpf_attr by_id = {.prog_id = id};

		before = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
	}
	if (before >= 0) { /* in one step, so that no moment is without rules: Linux 5.6 */
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (__u32)before;
	}
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return fail_errno(err, "attach the BPF program to cgroup %s", group->dir);
	return 0;
}
