/* test-oci-bad.c - what is wrong with a config, word for word */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/config.h"
#include "oci/json.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/check.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

struct row {
	const char *text; /* a whole document, or members for a config that is else fine */
	const char *says;
};

static int parse(struct arena *arena, const char *text, struct oci_config *config,
		 struct err *err)
{
	const char *whole = *text == '{' || !*text
				    ? text
				    : arena_printf(arena,
						   "{\"ociVersion\":\"1.0.2\",\"root\":{"
						   "\"path\":\"r\"},%s}",
						   text);

	return oci_config_parse(arena, whole, strlen(whole), config, err);
}

static void expect(const struct row *row, size_t n, int code)
{
	struct arena *arena = arena_new();
	char line[1000];

	for (size_t i = 0; i < n; i++) {
		struct err err = {};
		struct oci_config config = {};
		int r = parse(arena, row[i].text, &config, &err);

		if (r == 0)
			r = oci_config_check(&config, &err);
		err_text(&err, line, sizeof(line));
		if (r != code || strcmp(line, row[i].says) != 0)
			printf("# %s\n# says %d: %s\n# not    %s\n", row[i].text, r, line,
			       row[i].says);
		check(r == code);
		check(!strcmp(line, row[i].says));
	}
	arena_free(&arena);
}

static void names_the_line_of_a_syntax_error(void)
{
	static const struct row row[] = {
		{"", "config.json: line 1: parse error: premature EOF"},
		{"{", "config.json: line 1: parse error: premature EOF"},
		{"{\n\"a\":\n\nfoo}",
		 "config.json: line 4: lexical error: invalid string in json text."},
		{"{} {}", "config.json: line 1: parse error: trailing garbage"},
		{"{\"a\":1,\n\"a\":2}", "config.json: \"a\" is there twice in one object"},
		{"{\"a\":\"x\\u0000y\"}", "config.json: a string holds a NUL character"},
	};

	expect(row, N(row), -EINVAL);
}

static void names_what_is_missing(void)
{
	static const struct row row[] = {
		{"{}", "config.json: ociVersion: is needed but is not there"},
		{"{\"ociVersion\":\"1.0.0\"}", "config.json: root: is needed but is not there"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{}}",
		 "config.json: root.path: is needed but is not there"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}",
		 "config.json: root.path: is needed but is not there"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":null}",
		 "config.json: root: is needed but is not there"},
		{"\"process\":{\"cwd\":\"/\"}",
		 "config.json: process.args: is needed but is not there"},
		{"\"process\":{\"cwd\":\"/\",\"args\":[]}",
		 "config.json: process.args: is empty, the program to run is needed"},
		{"\"mounts\":[{\"type\":\"proc\"}]",
		 "config.json: mounts[0].destination: is needed but is not there"},
		{"\"mounts\":[{\"destination\":\"/a\"}]",
		 "config.json: mounts[0].type: is needed but is not there"},
		{"\"mounts\":[{\"destination\":\"/a\",\"options\":[\"bind\"]}]",
		 "config.json: mounts[0].source: is needed but is not there"},
		{"\"linux\":{\"seccomp\":{}}",
		 "config.json: linux.seccomp.defaultAction: is needed but is not there"},
		{"\"linux\":{\"resources\":{\"devices\":[{\"allow\":true}]}}",
		 "config.json: linux.resources.devices[0].access: is needed but is not there"},
	};

	expect(row, N(row), -EINVAL);
}

static void names_the_type_that_is_needed(void)
{
	static const struct row row[] = {
		{"\"hostname\":1", "config.json: hostname: 1 is a number, a string is needed"},
		{"\"hostname\":true",
		 "config.json: hostname: true is a boolean, a string is needed"},
		{"\"hostname\":[]",
		 "config.json: hostname: an array is given, a string is needed"},
		{"\"mounts\":{}",
		 "config.json: mounts: an object is given, an array is needed"},
		{"\"mounts\":[1]",
		 "config.json: mounts[0]: 1 is a number, an object is needed"},
		{"\"mounts\":[null]",
		 "config.json: mounts[0]: null is given, an object is needed"},
		{"\"linux\":{\"resources\":{\"memory\":{\"limit\":\"12\"}}}",
		 "config.json: linux.resources.memory.limit: \"12\" is a string, a number is "
		 "needed"},
		{"\"linux\":{\"maskedPaths\":[\"/a\",5]}",
		 "config.json: linux.maskedPaths[1]: 5 is a number, a string is needed"},
		{"\"annotations\":{\"a.b/c\":1}",
		 "config.json: annotations.a.b/c: 1 is a number, a string is needed"},
		{"\"process\":{\"terminal\":\"yes\"}",
		 "config.json: process.terminal: \"yes\" is a string, a boolean is needed"},
		{"\"linux\":{\"resources\":{\"rdma\":{\"mlx5\":{\"hcaHandles\":\"x\"}}}}",
		 "config.json: linux.resources.rdma.mlx5.hcaHandles: \"x\" is a string, a "
		 "number is "
		 "needed"},
	};

	expect(row, N(row), -EINVAL);
}

static void names_the_range_of_a_number(void)
{
	static const struct row row[] = {
		{"\"process\":{\"oomScoreAdj\":1001}", "config.json: process.oomScoreAdj: 1001 "
						       "is no whole number from -1000 to 1000"},
		{"\"process\":{\"user\":{\"uid\":4294967295}}",
		 "config.json: process.user.uid: 4294967295 is no whole number from 0 to "
		 "4294967294"},
		{"\"process\":{\"user\":{\"uid\":-1}}",
		 "config.json: process.user.uid: -1 is no whole number from 0 to 4294967294"},
		{"\"process\":{\"user\":{\"additionalGids\":[1,1.5]}}",
		 "config.json: process.user.additionalGids[1]: 1.5 is no whole number from 0 "
		 "to "
		 "4294967294"},
		{"\"linux\":{\"resources\":{\"memory\":{\"limit\":9223372036854775808}}}",
		 "config.json: linux.resources.memory.limit: 9223372036854775808 is no whole "
		 "number "
		 "from -1 to 9223372036854775807"},
		{"\"linux\":{\"resources\":{\"memory\":{\"limit\":-2}}}",
		 "config.json: linux.resources.memory.limit: -2 is no whole number from -1 to "
		 "9223372036854775807"},
		{"\"linux\":{\"resources\":{\"blockIO\":{\"weight\":9}}}",
		 "config.json: linux.resources.blockIO.weight: 9 is no whole number from 10 to "
		 "1000"},
		{"\"linux\":{\"resources\":{\"cpu\":{\"shares\":1e3}}}",
		 "config.json: linux.resources.cpu.shares: 1e3 is no whole number from 0 to "
		 "18446744073709551615"},
		{"\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}",
		 "config.json: hooks.poststop[0].timeout: 0 is no whole number from 1 to "
		 "2147483647"},
	};

	expect(row, N(row), -EINVAL);
}

static void names_the_value_that_is_not_known(void)
{
	static const struct row row[] = {
		{"{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}",
		 "config.json: ociVersion: \"2.0.0\" is not supported, 1.x is"},
		{"\"linux\":{\"namespaces\":[{\"type\":\"pids\"}]}",
		 "config.json: linux.namespaces[0].type: \"pids\" is none of cgroup, ipc, "
		 "mount, "
		 "network, pid, time, user, uts"},
		{"\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]}",
		 "config.json: process.rlimits[0].type: \"RLIMIT_X\" is not known"},
		{"\"linux\":{\"seccomp\":{\"defaultAction\":\"ALLOW\"}}",
		 "config.json: linux.seccomp.defaultAction: \"ALLOW\" is not known"},
		{"\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		 "\"names\":[\"read\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]}}",
		 "config.json: linux.seccomp.syscalls[0].errnoRet: goes with SCMP_ACT_ERRNO "
		 "and "
		 "SCMP_ACT_TRACE only"},
		{"\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		 "\"names\":[],\"action\":\"SCMP_ACT_KILL\"}]}}",
		 "config.json: linux.seccomp.syscalls[0].names: is empty, system calls are "
		 "needed"},
		{"\"linux\":{\"rootfsPropagation\":\"yes\"}",
		 "config.json: linux.rootfsPropagation: \"yes\" is not known"},
		{"\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"d\"}]}",
		 "config.json: linux.devices[0].type: \"d\" is none of b, c, u, p"},
		{"\"linux\":{\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}}",
		 "config.json: linux.resources.devices[0].access: \"rx\" has letters other "
		 "than r, "
		 "w, m"},
		{"\"linux\":{\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":"
		 "1}]}}",
		 "config.json: linux.resources.hugepageLimits[0].pageSize: \"2M\" is not a "
		 "size like "
		 "64KB, 2MB or 1GB"},
		{"\"linux\":{\"resources\":{\"unified\":{\"../memory.max\":\"1\"}}}",
		 "config.json: linux.resources.unified: \"../memory.max\" is not the name of a "
		 "cgroup file"},
	};

	expect(row, N(row), -EINVAL);
}

static void names_what_does_not_go_together(void)
{
	static const struct row row[] = {
		{"\"hostname\":\"web\"",
		 "config.json: hostname: there is no uts namespace to set it in"},
		{"\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]},\"hostname\":"
		 "\"12345678901234567890123456789012345678901234567890123456789012345\"",
		 "config.json: hostname: is over 64 bytes"},
		{"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/"
		 "p\"}]}",
		 "config.json: linux.namespaces: pid is there twice"},
		{"\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1\"}]}",
		 "config.json: linux.namespaces[0].path: \"proc/1\" is not an absolute path"},
		{"\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}",
		 "config.json: linux.uidMappings: there is no user namespace to map in"},
		{"\"linux\":{\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}}",
		 "config.json: linux.sysctl.net.ipv4.ip_forward: there is no network namespace "
		 "to "
		 "set it in"},
		{"\"linux\":{\"sysctl\":{\"kernel.panic\":\"1\"}}",
		 "config.json: linux.sysctl.kernel.panic: is not in a namespace, it would "
		 "change "
		 "the host"},
		{"\"linux\":{\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{"
		 "\"net/../kernel/panic\":\"1\"}}",
		 "config.json: linux.sysctl.net/../kernel/panic: is not in a namespace, it "
		 "would "
		 "change the host"},
		{"\"process\":{\"cwd\":\"tmp\"}",
		 "config.json: process.cwd: \"tmp\" is not an absolute path"},
		{"\"process\":{\"env\":[\"A=1\",\"B\"]}",
		 "config.json: process.env[1]: \"B\" is not of the form NAME=value"},
		{"\"process\":{\"env\":[\"=1\"]}",
		 "config.json: process.env[0]: \"=1\" is not of the form NAME=value"},
		{"\"hooks\":{\"prestart\":[{\"path\":\"true\"}]}",
		 "config.json: hooks.prestart[0].path: \"true\" is not an absolute path"},
		{"\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":2,\"hard\":1}]}",
		 "config.json: process.rlimits[0]: the soft limit of RLIMIT_CORE is above the "
		 "hard "
		 "one"},
		{"\"process\":{\"cwd\":\"/"
		 "\",\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_CPU\","
		 "\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":2}]}",
		 "config.json: process.rlimits: RLIMIT_CPU is there twice"},
		{"\"mounts\":[{\"destination\":\"/a\",\"source\":\"/b\",\"options\":[\"bind\","
		 "\"size=5\"]}]",
		 "config.json: mounts[0].options: \"size=5\" is for a file system, this is a "
		 "bind "
		 "mount"},
		{"\"mounts\":[{\"destination\":\"/"
		 "a\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]}]",
		 "config.json: mounts[0].options: \"tmpcopyup\" is for a tmpfs"},
		{"\"hostname\":{\"a\\nb\":1}",
		 "config.json: hostname: an object is given, a string is needed"},
		{"\"annotations\":{\"a\\nb\":1}",
		 "config.json: annotations.a?b: 1 is a number, a string is needed"},
	};

	expect(row, N(row), -EINVAL);
}

#define MOUNT_NS "{\"type\":\"mount\"}"
#define LINUX(more) "\"linux\":{\"namespaces\":[" MOUNT_NS "]," more "}"
#define PROCESS(more) \
	LINUX("\"devices\":[]") ",\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]," more "}"

static void refuses_by_name_what_it_cannot_do(void)
{
	static const struct row row[] = {
		{"\"linux\":{}", "config.json: linux.namespaces: a mount namespace is needed"},
		{LINUX("\"intelRdt\":{\"closID\":\"a\"}"),
		 "config.json: linux.intelRdt is not supported by ckrun yet"},
		{LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}"),
		 "config.json: linux.memoryPolicy is not supported by ckrun yet"},
		{LINUX("\"netDevices\":{\"eth0\":{}}"),
		 "config.json: linux.netDevices is not supported by ckrun yet"},
		{LINUX("\"mountLabel\":\"a:b\""),
		 "config.json: linux.mountLabel is not supported by ckrun yet"},
		{LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/"
		       "s\"}"),
		 "config.json: linux.seccomp.listenerPath is not supported by ckrun yet"},
		{LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
		       "\"names\":["
		       "\"read\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"),
		 "config.json: linux.seccomp: SCMP_ACT_NOTIFY is not supported by ckrun yet"},
		{LINUX("\"devices\":[]") ",\"mounts\":[{\"destination\":\"/a\",\"source\":\"/"
					 "b\","
					 "\"options\":[\"rbind\",\"ridmap\"]}]",
		 "config.json: mounts: idmap is not supported by ckrun yet"},
		{PROCESS("\"execCPUAffinity\":{\"initial\":\"0-1\"}"),
		 "config.json: process.execCPUAffinity is not supported by ckrun yet"},
	};

	expect(row, N(row), REFUSED);
}

static void lets_pass_what_is_named_but_empty(void)
{
	static const struct row row[] = {
		{LINUX("\"intelRdt\":{},\"netDevices\":{},\"mountLabel\":\"\",\"seccomp\":"
		       "null"),
		 ""},
		{LINUX("\"uidMappings\":[],\"timeOffsets\":{\"monotonic\":{\"secs\":0}}"), ""},
		{LINUX("\"personality\":{\"domain\":\"LINUX\"}"), ""},
		{PROCESS("\"apparmorProfile\":\"unconfined\",\"selinuxLabel\":\"\""), ""},
		{LINUX("\"noSuchField\":{\"a\":[1]}") ",\"windows\":{\"layerFolders\":[]}", ""},
	};

	expect(row, N(row), 0);
}

static void limits_hostile_text(void)
{
	static char deep[4 * JSON_DEPTH_MAX], wide[2 * JSON_VALUES_MAX + 16];
	static char big[JSON_TEXT_MAX + 2];
	char line[600];

	memset(deep, '[', sizeof(deep) - 1);
	memset(big, ' ', sizeof(big) - 1);
	wide[0] = '[';
	for (size_t i = 1; i < sizeof(wide) - 1; i++)
		wide[i] = i % 2 ? '1' : ',';
	const struct row row[] = {
		{deep, "config.json: over 64 levels"},
		{wide, "config.json: over 262144 values"},
		{big, "config.json: over 4194304 bytes"},
	};
	for (size_t i = 0; i < N(row); i++) {
		struct arena *arena = arena_new();
		struct oci_config config;
		struct err err = {};

		check(oci_config_parse(arena, row[i].text, strlen(row[i].text), &config,
				       &err) == -E2BIG);
		check(!strcmp(err_text(&err, line, sizeof(line)), row[i].says));
		arena_free(&arena);
	}
}

static void collects_capabilities_it_does_not_know(void)
{
	struct arena *arena = arena_new();
	struct oci_config config;
	struct err err = {};

	check(parse(arena,
		    "\"process\":{\"cwd\":\"/"
		    "\",\"args\":[\"a\"],\"capabilities\":{\"bounding\":["
		    "\"CAP_KILL\",\"CAP_NEW\"],\"effective\":[\"CAP_NEW\",\"cap_kill\"]}}",
		    &config, &err) == 0);
	check(config.process.capabilities.bounding == 1 << 5);
	check(config.process.capabilities.effective == 0);
	check(config.process.capabilities.unknown.n == 2);
	check(!strcmp(config.process.capabilities.unknown.item[0], "CAP_NEW"));
	check(!strcmp(config.process.capabilities.unknown.item[1], "cap_kill"));
	arena_free(&arena);
}

RUN(TEST(names_the_line_of_a_syntax_error), TEST(names_what_is_missing),
    TEST(names_the_type_that_is_needed), TEST(names_the_range_of_a_number),
    TEST(names_the_value_that_is_not_known), TEST(names_what_does_not_go_together),
    TEST(refuses_by_name_what_it_cannot_do), TEST(lets_pass_what_is_named_but_empty),
    TEST(limits_hostile_text), TEST(collects_capabilities_it_does_not_know))
