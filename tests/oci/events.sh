# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# events.sh - what a hook is given, and what is said when one fails

# A python expression: every kind has a hook that appends its kind, the status and the pid it is told to /log.
# startContainer runs inside, where the log is in the root.
all_kinds='
def hook(kind, log):
    script = "s=$(tr -d \" \\n\"); st=${s#*\\\"status\\\":\\\"}; pid=${s#*\\\"pid\\\":}; [ \"$pid\" != \"$s\" ] || pid=none; echo " + kind \
        + " ${st%%\\\"*} ${pid%%,*} $(readlink /proc/self/ns/mnt) >>" + log
    return [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]
c["hooks"] = {k: hook(k, b + "/rootfs/log") for k in
    ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]}
c["hooks"]["startContainer"] = hook("startContainer", "/log")'

runs_every_kind_at_its_place() {
	local ours theirs

	started "$all_kinds"
	ours=$(readlink /proc/self/ns/mnt) theirs=$(readlink "/proc/$init/ns/mnt")
	ckrun delete -f t
	same "$(<"$b/rootfs/log")" "prestart creating $init $ours
createRuntime creating $init $ours
createContainer creating $init $theirs
startContainer created $init $theirs
poststart running $init $ours
poststop stopped none $ours"
}

gives_a_hook_the_state_and_the_bundle_as_directory() {
	bundle 'c["annotations"] = {"org.example": "x"}
c["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "cat >state; pwd >pwd; env >env"], "env": ["ONLY=this", "PATH=/bin:/usr/bin"]}]}' true
	ckrun run -b "$b" t
	same "$(python3 -c 'import json, sys
s = json.load(open(sys.argv[1])); print(s["ociVersion"][:2], s["id"], s["bundle"], s["annotations"])' "$b/state")" \
		"1. t $b {'org.example': 'x'}"
	same "$(<"$b/pwd")" "$b"
	same "$(grep -v -e ^PWD= -e ^_= -e ^SHLVL= "$b/env" | sort | tr '\n' ' ')" "ONLY=this PATH=/bin:/usr/bin "
}

# failing KIND - a container whose second hook of this kind fails; the third must not run
failing() {
	bundle "def hook(line): return {'path': '/bin/sh', 'args': ['sh', '-c', line]}
c['hooks'] = {'$1': [hook('exit 0'), hook('echo no bridge >&2; exit 3'), hook('echo third >$work/third')]}" "echo ran"
	rm -f "$work/third"
}

stops_the_container_when_a_hook_before_start_fails() {
	local kind got

	for kind in prestart createRuntime createContainer startContainer; do
		failing $kind
		fails_with "hook $kind 2 (/bin/sh): exit status 3: no bridge" ckrun run -b "$b" t
		got=$(ckrun run -b "$b" t 2>/dev/null) && fail "exit 0"
		same "$got" ""
		[ ! -e "$work/third" ] || fail "the third $kind hook ran"
		nothing_left_of t
	done
}

stops_the_container_when_a_poststart_hook_fails() {
	failing poststart
	fails_with "start" ckrun run -b "$b" t
	nothing_left_of t
	failing poststart
	ckrun create -b "$b" t </dev/null >/dev/null
	fails_with "start t: hook poststart 2 (/bin/sh): exit status 3: no bridge" ckrun start t
	until_true has_status stopped
}

only_tells_when_a_poststop_hook_fails() {
	failing poststop
	ckrun run -d -b "$b" t </dev/null >/dev/null
	contains "$(ckrun delete -f t 2>&1)" "hook poststop 2 (/bin/sh): exit status 3: no bridge"
	[ -e "$work/third" ] || fail "the hooks after it did not run"
	nothing_left_of t
}

kills_a_hook_whose_time_is_over() {
	bundle 'c["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1010"], "timeout": 1}]}' true
	fails_with "hook createRuntime 1 (/bin/sleep): not done after 1 s, killed" ckrun run -b "$b" t
	no_process "sleep 1010"
	nothing_left_of t
}

lets_a_hook_ask_for_the_state() {
	bundle "c['hooks'] = {'poststart': [{'path': '/bin/sh', 'args': ['sh', '-c',
'$PWD/build/ckrun --root $work/state state t >$work/asked']}]}" 'exec sleep 1000'
	ckrun run -d -b "$b" t </dev/null >/dev/null
	contains "$(<"$work/asked")" '"status": "running"'
}

tests+=(
	runs_every_kind_at_its_place
	gives_a_hook_the_state_and_the_bundle_as_directory
	stops_the_container_when_a_hook_before_start_fails
	stops_the_container_when_a_poststart_hook_fails
	only_tells_when_a_poststop_hook_fails
	kills_a_hook_whose_time_is_over
	lets_a_hook_ask_for_the_state
)
