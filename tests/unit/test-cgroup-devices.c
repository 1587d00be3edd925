/* test-cgroup-devices.c - device rules mean the same as BPF, as v1 lines, and to the kernel */
#include <sys/sysmacros.h>

#include "cgroup/devices.h"
#include "tests/unit/cgrouped.h"

enum { M = BPF_DEVCG_ACC_MKNOD, R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE };

/* What the list means, said slowly: each bit by the last rule that matches. */
static bool meant(const struct device_rules *rules, struct bpf_cgroup_dev_ctx ask)
{
	char type = (ask.access_type & 0xffff) == BPF_DEVCG_DEV_BLOCK ? 'b' : 'c';

	for (unsigned int bit = 1; bit <= W; bit <<= 1) {
		bool allow = false;

		for (size_t i = 0; i < rules->n; i++) {
			const struct device_rule *r = &rules->item[i];

			if (r->type == type && (r->access & bit) &&
			    (r->major == DEVICE_ALL || r->major == ask.major) &&
			    (r->minor == DEVICE_ALL || r->minor == ask.minor))
				allow = r->allow;
		}
		if ((ask.access_type >> 16 & bit) && !allow)
			return false;
	}
	return true;
}

/* The instructions that device_bpf.c uses, as the kernel runs them. */
static bool run(const struct bpf_insn *insn, size_t n, struct bpf_cgroup_dev_ctx ask)
{
	uint64_t reg[11] = {[1] = (uintptr_t)&ask};

	for (size_t at = 0;; at++) {
		check(at < n);
		const struct bpf_insn *i = &insn[at];
		uint64_t *dst = &reg[i->dst_reg];

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*dst = *(const uint32_t *)(uintptr_t)(reg[i->src_reg] +
							      (uint64_t)i->off);
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*dst = (uint32_t)reg[i->src_reg];
			break;
		case BPF_ALU | BPF_MOV | BPF_K:
			*dst = (uint32_t)i->imm;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*dst = (uint32_t)*dst & (uint32_t)i->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*dst = (uint32_t)*dst >> i->imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			at += (uint32_t)*dst != (uint32_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			at += (uint32_t)*dst == (uint32_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0] == 1;
		default:
			check(!"an instruction that the test does not know");
		}
	}
}

static unsigned int random_below(unsigned int n)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned int)(state % n);
}

static struct device_rule random_rule(void)
{
	return (struct device_rule){
		.allow = random_below(2),
		.type = random_below(2) ? 'b' : 'c',
		.major = (int64_t)random_below(4) - 1,
		.minor = (int64_t)random_below(4) - 1,
		.access = random_below(8),
	};
}

static void program_means_what_the_rules_say(void)
{
	for (int round = 0; round < 2000; round++) {
		struct device_rule rule[12];
		struct device_rules rules = {rule, random_below(13)};
		struct arena *arena = arena_new();
		struct bpf_insn *insn;
		size_t n;

		for (size_t i = 0; i < rules.n; i++)
			rule[i] = random_rule();
		ok(device_bpf_make(arena, &rules, &insn, &n, why));
		for (int i = 0; i < 100; i++) {
			struct bpf_cgroup_dev_ctx ask = {
				.access_type = (1 + random_below(2)) | (1 + random_below(7))
									       << 16,
				.major = random_below(4),
				.minor = random_below(4),
			};
			check(run(insn, n, ask) == meant(&rules, ask));
		}
		arena_free(&arena);
	}
}

static bool allows(const struct device_rules *rules, unsigned int type, unsigned int access,
		   unsigned int major, unsigned int minor)
{
	return meant(rules, (struct bpf_cgroup_dev_ctx){type | access << 16, major, minor});
}

static void denies_by_default_but_for_what_every_container_has(void)
{
	struct device_rules rules;

	ok(devices_rules(memory(), NULL, &rules, why));
	check(allows(&rules, BPF_DEVCG_DEV_CHAR, R | W, 1, 3));    /* null */
	check(allows(&rules, BPF_DEVCG_DEV_CHAR, R | W, 136, 77)); /* a terminal */
	check(allows(&rules, BPF_DEVCG_DEV_BLOCK, M, 8, 0));       /* the node alone */
	check(!allows(&rules, BPF_DEVCG_DEV_BLOCK, R, 8, 0));      /* a disk */
	check(!allows(&rules, BPF_DEVCG_DEV_CHAR, M | R, 1, 1));   /* mem */
	check(!allows(&rules, BPF_DEVCG_DEV_CHAR, R, 10, 229));    /* fuse */
}

static void keeps_the_defaults_after_rules_that_deny_all(void)
{
	struct oci_device_rule rule[] = {
		{.allow = true,
		 .type = 'c',
		 .major = {true, 10},
		 .minor = {true, 229},
		 .read = true},
		{.allow = false, .type = 'a', .read = true, .write = true, .mknod = true},
		{.allow = true,
		 .type = 'b',
		 .major = {true, 8},
		 .minor = {true, -1},
		 .read = true},
	};
	struct oci_resources r = {.devices = rule, .n_devices = 3};
	struct device_rules rules;

	ok(devices_rules(memory(), &r, &rules, why));
	check(allows(&rules, BPF_DEVCG_DEV_CHAR, R | W, 1, 3));
	check(!allows(&rules, BPF_DEVCG_DEV_CHAR, R, 10, 229)); /* denied again */
	check(allows(&rules, BPF_DEVCG_DEV_BLOCK, R, 8, 5));
	check(!allows(&rules, BPF_DEVCG_DEV_BLOCK, R | W, 8, 5));
}

static void privileged_may_all(void)
{
	struct oci_device_rule rule = {
		.allow = true, .type = 'a', .read = true, .write = true, .mknod = true};
	struct oci_resources r = {.devices = &rule, .n_devices = 1};
	struct device_rules rules;

	ok(devices_rules(memory(), &r, &rules, why));
	check(rules.n == 2 && allows(&rules, BPF_DEVCG_DEV_BLOCK, R | W | M, 259, 3));
}

static void writes_v1_lines(void)
{
	char line[64];
	struct device_rule null = {true, 'c', 1, 3, R | W | M},
			   any = {true, 'b', DEVICE_ALL, DEVICE_ALL, M},
			   half = {true, 'c', 136, DEVICE_ALL, R};

	check(!strcmp(devices_v1_line(&null, line, sizeof(line)), "c 1:3 rwm"));
	check(!strcmp(devices_v1_line(&any, line, sizeof(line)), "b *:* m"));
	check(!strcmp(devices_v1_line(&half, line, sizeof(line)), "c 136:* r"));
}

static int verdict_of(void (*body)(void), const struct cgroup_set *set)
{
	int status;
	pid_t pid = task_in(set, body);

	check(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Opens the node in all ways; exit status: 1 read, 2 write, as permitted. */
static void try_node(dev_t dev)
{
	char path[64];
	int status = 0;

	snprintf(path, sizeof(path), "/tmp/nodes/%d", getpid());
	if (mknod(path, S_IFCHR | 0600, dev) < 0)
		_exit(99);
	int fd = open(path, O_RDONLY);
	status |= fd >= 0 ? 1 : 0;
	fd = open(path, O_WRONLY);
	status |= fd >= 0 ? 2 : 0;
	unlink(path);
	_exit(status);
}

static void try_zero(void)
{
	try_node(makedev(1, 5));
}

static void try_fuse(void)
{
	try_node(makedev(10, 229));
}

static void enforced(void)
{
	struct oci_device_rule fuse = {.allow = true,
				       .type = 'c',
				       .major = {true, 10},
				       .minor = {true, 229},
				       .read = true};
	struct oci_resources r = {.devices = &fuse, .n_devices = 1};
	struct cgroup_set *set = fresh_set("/ckrun-test/devices");

	mkdir("/tmp/nodes", 0700); /* the sandbox's own /tmp has no devices */
	check(!mount("nodes", "/tmp/nodes", "tmpfs", 0, NULL));
	ok(cgroup_set_devices(set, NULL, why));
	check(verdict_of(try_zero, set) == 3);
	check(verdict_of(try_fuse, set) == 0);
	ok(cgroup_set_devices(set, &r, why)); /* takes the place of the rules before */
	check(verdict_of(try_zero, set) == 3);
	check(verdict_of(try_fuse, set) == 1);
	ok(cgroup_set_devices(set, NULL, why));
	check(verdict_of(try_fuse, set) == 0);
	ok(cgroup_set_remove(set, why));
}

static void need_fuse(void)
{
	need_sandbox();
	if (access("/dev/fuse", F_OK) < 0)
		skip("needs /dev/fuse");
}

static void kernel_enforces_the_rules_by_bpf_on_v2(void)
{
	need_fuse();
	become_pure_v2();
	enforced();
}

static void kernel_enforces_the_rules_on_v1(void)
{
	struct cgroup_set *set = NULL;

	need_fuse();
	ok(cgroup_set_open(memory(), "/ckrun-test/devices", &set, why));
	if (!cgroup_set_path(set, "devices"))
		skip("needs the v1 controller devices");
	enforced();
}

static void refuses_on_v1_what_v1_cannot_say(void)
{
	struct oci_device_rule rule[] = {
		{.allow = true, .type = 'c', .read = true, .write = true},
		{.allow = false,
		 .type = 'c',
		 .major = {true, 10},
		 .minor = {true, 229},
		 .write = true},
	};
	struct oci_resources r = {.devices = rule, .n_devices = 2};
	struct cgroup_set *set = NULL;
	struct err err = {};

	need_sandbox();
	ok(cgroup_set_open(memory(), "/ckrun-test/cut", &set, why));
	if (!cgroup_set_path(set, "devices"))
		skip("needs the v1 controller devices");
	ok(cgroup_set_create(set, why));
	check(cgroup_set_devices(set, &r, &err) == REFUSED);
	ok(cgroup_set_remove(set, why));
}

RUN(TEST(program_means_what_the_rules_say),
    TEST(denies_by_default_but_for_what_every_container_has),
    TEST(keeps_the_defaults_after_rules_that_deny_all), TEST(privileged_may_all),
    TEST(writes_v1_lines), TEST(kernel_enforces_the_rules_by_bpf_on_v2),
    TEST(kernel_enforces_the_rules_on_v1), TEST(refuses_on_v1_what_v1_cannot_say))
