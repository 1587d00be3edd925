# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# process.sh - who the process is, what it may do, what it is given

ids_of='cat /proc/self/status | grep -E "^(Uid|Gid|Groups)" | tr -s "\t " " "'
caps_of='grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status | tr -d "\t "'
some_caps='p["capabilities"] = {"bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"], "permitted": ["CAP_KILL", "CAP_CHOWN"],
	"effective": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]};'

becomes_the_user_with_groups_and_umask() {
	local got

	got=$(container 'p["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [5, 1007], "umask": 0o027}' "$ids_of; umask; echo \$HOME")
	contains "$got" "Uid: 1000 1000 1000 1000"
	contains "$got" "Gid: 1001 1001 1001 1001"
	contains "$got" "Groups: 5 1007"
	contains "$got" $'0027\n/home/plain'
	got=$(container 'p["user"] = {"uid": 77, "gid": 0}' "$ids_of; umask; echo \$HOME")
	contains "$got" $'0022\n/'
}

gives_stdio_to_the_user() {
	container 'p["user"] = {"uid": 1000, "gid": 1000}' 'echo said >/dev/stdout' | cat >"$work/said"
	same "$(cat "$work/said")" said
}

has_exactly_the_capabilities_of_the_config() {
	local got

	got=$(container "p['user']['uid'] = 1000; $some_caps" "$caps_of") # as another user only ambient ones outlive execve
	contains "$got" CapInh:0000000000000001
	contains "$got" CapPrm:0000000000000001
	contains "$got" CapBnd:0000000000002021
	contains "$got" CapAmb:0000000000000001
	got=$(container 'p["capabilities"] = {}' "$caps_of")
	contains "$got" CapEff:0000000000000000
	contains "$got" CapBnd:0000000000000000
}

has_no_inheritable_capabilities_by_default() {
	contains "$(container pass "$caps_of")" CapInh:0000000000000000
}

warns_of_ambient_capabilities_that_cannot_be() {
	local said

	said=$(container 'p["capabilities"]["ambient"] = ["CAP_KILL"]' true 2>&1)
	contains "$said" "ambient: cap_kill is not permitted and inheritable"
}

names_the_capability_that_it_lacks() {
	bundle 'all = ["CAP_KILL", "CAP_NET_RAW"]; p["capabilities"] = {k: all for k in ("bounding", "effective", "permitted")}' true
	fails_with "cap_net_raw" capsh --drop=cap_net_raw -- -c "build/ckrun --root $work/state run -b $b t"
}

sets_no_new_privileges() {
	contains "$(container 'p["noNewPrivileges"] = True' "$caps_of")" NoNewPrivs:1
	contains "$(container 'p["noNewPrivileges"] = False' "$caps_of")" NoNewPrivs:0
}

deny='lin["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
	{"names": ["mkdir", "mkdirat", "no_such_call"], "action": "SCMP_ACT_ERRNO"},
	{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
	{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]};'
try='mkdir /x; hostname other; kill -USR1 $$; kill -0 $$ && echo sent; grep Seccomp: /proc/self/status'

filters_system_calls_by_name_and_argument() {
	local nnp got

	for nnp in True False; do
		got=$(container "p['noNewPrivileges'] = $nnp; $deny" "$try" 2>&1)
		contains "$got" "'/x': Operation not permitted"
		contains "$got" "No space left on device"
		contains "$got" "Input/output error"
		contains "$got" sent
		contains "$got" "Seccomp:"$'\t'2
	done
}

filters_what_exec_starts_too() {
	started "p['noNewPrivileges'] = False; $deny"
	contains "$(inside "$try" 2>&1)" "'/x': Operation not permitted"
}

answers_newer_system_calls_with_enosys() {
	local got

	# a profile of a time before clone3: everything unknown would be EPERM
	bundle 'import ctypes
names = open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read()
import re
calls = [n for n, k in re.findall(r"__NR_(\w+) (\d+)", names) if int(k) < 400]
lin["seccomp"] = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
	"syscalls": [{"names": [n for n in calls if n != "mkdir"], "action": "SCMP_ACT_ALLOW"}]}
p["args"] = ["/bin/calls"]'
	cat >"$work/calls.c" <<-'END'
		#include <errno.h>
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int main(void)
		{
			int a = syscall(SYS_mkdir, "/x", 0) < 0 ? errno : 0;
			int b = syscall(SYS_openat2, -1, "x", NULL, 0) < 0 ? errno : 0;
			printf("%d %d\n", a, b);
			return 0;
		}
	END
	cc -static -o "$b/rootfs/bin/calls" "$work/calls.c"
	got=$(ckrun run -b "$b" t)
	same "$got" "1 38"
}

sets_resource_limits() {
	local got

	got=$(container 'p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]' \
		'ulimit -S -n; ulimit -H -n; ulimit -H -c')
	same_words "$got" "100 200 0"
}

names_the_limit_that_cannot_be_raised() {
	bundle 'p["rlimits"] = [{"type": "RLIMIT_NPROC", "soft": 10, "hard": 2000}]' true
	fails_with "RLIMIT_NPROC: 2000 is above ckrun's own hard limit 1000; raising it needs CAP_SYS_RESOURCE" \
		capsh --drop=cap_sys_resource -- -c "ulimit -u 1000; build/ckrun --root $work/state run -b $b t"
}

passes_the_environment_and_nothing_else() {
	same "$(SECRET=x container 'p["env"] = ["PATH=/bin", "A=b c", "HOME=/h"]' 'env | grep -v -E "^(SHLVL|PWD)=" | sort' | tr '\n' ,)" \
		"A=b c,HOME=/h,PATH=/bin,"
}

makes_the_working_directory() {
	same "$(container 'p["cwd"] = "/new/work"' pwd)" /new/work
}

searches_the_path_of_the_process() {
	same "$(container 'p["env"] = ["PATH=/nowhere:/bin"]; p["args"] = ["echo", "found"]')" found
}

names_the_program_that_it_cannot_execute() {
	fails_with 'exec: "nope": executable file not found in $PATH' container 'p["args"] = ["nope"]'
	fails_with 'exec: "/nope": no such file or directory' container 'p["args"] = ["/nope"]'
	fails_with 'exec: "/etc/passwd": permission denied' container 'p["args"] = ["/etc/passwd"]'
	fails_with 'exec: "/etc": permission denied' container 'p["args"] = ["/etc"]'
	printf '#!/no/interpreter\n' >"$work/base/bin/script" && chmod 755 "$work/base/bin/script"
	fails_with 'exec: "script": no such file or directory' container 'p["args"] = ["script"]'
	echo nonsense >"$work/base/bin/script"
	fails_with 'exec: "script": exec format error' container 'p["args"] = ["script"]'
	rm "$work/base/bin/script"
	started pass
	fails_with 'exec: "nope": executable file not found in $PATH' ckrun exec t nope
	fails_with 'no such file or directory' ckrun exec t /nope
}

tells_start_why_the_program_cannot_be_executed() {
	bundle 'p["args"] = ["/bin/late"]'
	cp "$b/rootfs/bin/busybox" "$b/rootfs/bin/late"
	ckrun create -b "$b" t </dev/null >/dev/null
	rm "$b/rootfs/bin/late"
	fails_with 'exec: "/bin/late": no such file or directory' ckrun start t
}

sets_host_name_domain_and_sysctls() {
	local got

	got=$(container 'c["hostname"] = "web"; c["domainname"] = "example"
lin["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "12345", "net.ipv4.ping_group_range": "0 5", "fs.mqueue.msg_max": "20"}' \
		'hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax /proc/sys/net/ipv4/ping_group_range /proc/sys/fs/mqueue/msg_max')
	same_words "$got" "web example 1 12345 0 5 20"
	same "$(hostname)" "$(cat /proc/sys/kernel/hostname)"
	[ "$(hostname)" != web ] || fail "the host's name was changed"
}

raises_the_oom_score_and_warns_where_it_cannot_lower_it() {
	same "$(container 'p["oomScoreAdj"] = 321' 'cat /proc/self/oom_score_adj')" 321
	bundle 'p["oomScoreAdj"] = -999' true
	contains "$(capsh --drop=cap_sys_resource -- -c "build/ckrun --root $work/state run -b $b t" 2>&1)" \
		"process.oomScoreAdj -999 is not in force"
}

starts_with_clean_signals() {
	local got

	got=$(trap '' PIPE HUP USR1 && container 'p["args"] = ["grep", "^Sig", "/proc/self/status"]')
	contains "$got" $'SigIgn:\t0000000000000000'
	contains "$got" $'SigBlk:\t0000000000000000'
}

leaks_no_descriptor() {
	local got

	exec 7</etc/hostname 8</ 9</etc/passwd
	got=$(container 'p["args"] = ["ls", "-1", "/proc/self/fd"]') # the last is of ls
	same_words "$got" "0 1 2 3"
	started pass
	same_words "$(ckrun exec t ls -1 /proc/self/fd)" "0 1 2 3"
	exec 7<&- 8<&- 9<&-
}

preserves_the_descriptors_it_is_told_to() {
	local got

	exec 3</etc/hostname 4</etc/passwd 5</etc/hosts
	bundle pass 'readlink /proc/1/fd/3; readlink /proc/1/fd/4; readlink /proc/1/fd/5; true'
	got=$(ckrun run --preserve-fds 2 -b "$b" t)
	exec 3<&- 4<&- 5<&-
	same_words "$got" "/etc/hostname /etc/passwd"
}

leaves_its_parents_keys_behind() {
	[ -e /proc/keys ] || skip "this kernel has no keyrings"
	local got

	got=$(container 'p["capabilities"] = {}; lin["maskedPaths"] = []' 'cat /proc/keys')
	contains "$got" "_ses.t"
}

tests+=(
	becomes_the_user_with_groups_and_umask
	gives_stdio_to_the_user
	has_exactly_the_capabilities_of_the_config
	has_no_inheritable_capabilities_by_default
	warns_of_ambient_capabilities_that_cannot_be
	names_the_capability_that_it_lacks
	sets_no_new_privileges
	filters_system_calls_by_name_and_argument
	filters_what_exec_starts_too
	answers_newer_system_calls_with_enosys
	sets_resource_limits
	names_the_limit_that_cannot_be_raised
	passes_the_environment_and_nothing_else
	makes_the_working_directory
	searches_the_path_of_the_process
	names_the_program_that_it_cannot_execute
	tells_start_why_the_program_cannot_be_executed
	sets_host_name_domain_and_sysctls
	raises_the_oom_score_and_warns_where_it_cannot_lower_it
	starts_with_clean_signals
	leaks_no_descriptor
	preserves_the_descriptors_it_is_told_to
	leaves_its_parents_keys_behind
)
