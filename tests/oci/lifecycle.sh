# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# lifecycle.sh - create, start, state, kill, delete, list, ps, pause, resume: one after the other and at once

status_of() {
	ckrun state "${1:-t}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])'
}

# Waits up to 5 s.
until_true() {
	local i

	for ((i = 0; i < 100; i++)); do
		"$@" && return
		sleep 0.05
	done
	fail "never true: $*"
}

has_status() {
	[ "$(status_of t)" = "$1" ]
}

process() {
	pgrep -fx "$1" >/dev/null
}

no_process() {
	! pgrep -fx "$1" >/dev/null
}

cgroups_named() {
	find /sys/fs/cgroup -depth -type d -name "$1" 2>/dev/null
}

nothing_left_of() {
	[ ! -e "$work/state/$1" ] || fail "state is left"
	[ -z "$(cgroups_named "$1")" ] || fail "cgroups are left: $(cgroups_named "$1")"
}

goes_from_created_to_running_to_stopped() {
	bundle pass 'echo up; exec sleep 1000'
	ckrun create -b "$b" t </dev/null >"$work/out"
	same "$(status_of)" created
	same "$(<"$work/out")" ""
	ckrun start t
	until_true grep -q up "$work/out"
	same "$(status_of)" running
	ckrun kill t KILL
	until_true has_status stopped
	same "$(field pid)" 0
	ckrun delete t
	nothing_left_of t
}

tells_bundle_rootfs_annotations_and_owner() {
	started 'c["annotations"] = {"org.example": "x"}'
	same "$(field bundle)" "$b"
	same "$(field rootfs)" "$b/rootfs"
	same "$(field annotations)" "{'org.example': 'x'}"
	same "$(field owner)" root
	same "$(field id)" t
	[ -d "/proc/$init" ]
}

does_not_start_twice() {
	started pass
	fails_with "start t: cannot start an already running container" ckrun start t
	ckrun kill t KILL
	until_true has_status stopped
	fails_with "start t: cannot start a container that has stopped" ckrun start t
}

runs_from_the_bundle_of_the_current_directory() {
	bundle pass 'echo here'
	same "$(cd "$b" && "$OLDPWD/build/ckrun" --root "$work/state" run t)" here
}

takes_a_zombie_for_stopped() {
	bundle pass 'exec sleep 1000'
	# a subreaper that does not reap
	python3 -c "import ctypes; ctypes.CDLL(None).prctl(36, 1)
import os, sys, time
if os.fork() == 0: os.execvp(sys.argv[1], sys.argv[1:])
time.sleep(1000)" build/ckrun --root "$work/state" run -d -b "$b" t </dev/null >/dev/null 2>&1 &
	until_true ckrun state t >/dev/null 2>&1
	until_true has_status running
	init=$(field pid)
	ckrun kill t KILL
	until_true has_status stopped
	[ -d "/proc/$init" ] || fail "it was reaped: the test shows nothing"
	ckrun delete t
	nothing_left_of t
	kill %1
}

kills_by_name_by_number_and_by_default() {
	started pass 'for s in TERM HUP USR1 USR2; do trap "echo $s >>/got" $s; done
echo ready >/got; while :; do sleep 0.05; done'
	until_true grep -q ready "$b/rootfs/got"
	ckrun kill t
	until_true grep -q TERM "$b/rootfs/got"
	ckrun kill t SIGHUP
	until_true grep -q HUP "$b/rootfs/got"
	ckrun kill t usr1
	until_true grep -q USR1 "$b/rootfs/got"
	ckrun kill t 12
	until_true grep -q USR2 "$b/rootfs/got"
	fails_with 'kill t: unknown signal "NONSENSE"' ckrun kill t NONSENSE
	fails_with 'kill t: unknown signal "999"' ckrun kill t 999
}

kills_all_processes_when_told() {
	started pass
	ckrun exec -d t sleep 1001
	ckrun kill --all t TERM
	until_true no_process "sleep 1001"
	same "$(status_of)" running # a pid namespace's init does not die from SIGTERM
	ckrun kill -a t 9
	until_true has_status stopped
}

says_that_a_stopped_container_is_not_running() {
	started pass
	ckrun kill t KILL
	until_true has_status stopped
	fails_with "kill t: container not running" ckrun kill t TERM
	fails_with "container not running" ckrun pause t
	fails_with "exec t: cannot exec in a stopped container" ckrun exec t true
}

kills_a_paused_container() {
	started pass
	ckrun pause t
	ckrun kill t KILL
	until_true has_status stopped
}

kills_every_process_of_a_container_with_the_pids_of_its_host() {
	started 'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "pid"]' \
		'sleep 1002 & exec sleep 1003'
	until_true process "sleep 1002"
	ckrun kill t KILL
	until_true no_process "sleep 100[23]"
}

says_that_a_container_does_not_exist() {
	local command

	for command in state kill delete ps pause resume start exec; do
		fails_with "$command nobody: container \"nobody\" does not exist" ckrun "$command" nobody
	done
}

deletes_with_force_only_what_runs() {
	started pass
	fails_with "delete t: cannot delete container t that is not stopped: running" ckrun delete t
	ckrun pause t
	fails_with "that is not stopped: paused" ckrun delete t
	ckrun delete -f t
	nothing_left_of t
	[ ! -d "/proc/$init" ] || fail "the init lives"
}

deletes_what_was_never_started() {
	bundle pass true
	ckrun create -b "$b" t </dev/null >/dev/null
	init=$(field pid)
	ckrun delete t
	nothing_left_of t
	[ ! -d "/proc/$init" ] || fail "the init lives"
}

deletes_by_force_what_does_not_exist() {
	ckrun delete --force nobody
	ckrun delete -f nobody
}

deletes_what_was_executed_as_well() {
	started 'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "pid"]'
	ckrun exec -d t sleep 1004
	kill -9 "$init"
	until_true has_status stopped
	ckrun delete t
	nothing_left_of t
	no_process "sleep 1004" || fail "it lives"
}

frees_the_id_for_the_next_container() {
	local i

	bundle pass 'exec sleep 1000'
	for i in 1 2 3; do
		ckrun run -d -b "$b" t </dev/null >/dev/null
		fails_with "create t: container with given ID already exists" ckrun create -b "$b" t
		same "$(status_of)" running
		ckrun delete -f t
	done
}

refuses_an_id_that_is_none() {
	local id

	bundle pass true
	for id in "" . .. a/b "a b" ../t; do
		fails_with "invalid container ID format" ckrun create -b "$b" "$id"
		fails_with "invalid container ID format" ckrun state "$id"
	done
}

lists_containers_as_table_json_and_ids() {
	same "$(ckrun list | tr -s ' ')" "ID PID STATUS BUNDLE CREATED OWNER"
	same "$(ckrun list -f json)" "[]"
	same "$(ckrun list -q)" ""
	started pass
	ckrun create -b "$b" t2 </dev/null >/dev/null && trap 'ckrun delete -f t; ckrun delete -f t2' EXIT
	same "$(ckrun list -q)" $'t\nt2'
	same "$(ckrun list --format json | python3 -c 'import json, sys
print([(c["id"], c["status"], c["pid"] > 0, c["owner"]) for c in json.load(sys.stdin)])')" \
		"[('t', 'running', True, 'root'), ('t2', 'created', True, 'root')]"
	contains "$(ckrun list | tr -s ' ')" "t $init running $b "
	fails_with "list: --format xml: it is table or json" ckrun list --format xml
}

lists_the_processes_of_a_container() {
	started pass
	ckrun exec -d --pid-file "$work/pid" t sleep 1005
	same "$(ckrun ps --format json t)" "[$init,$(<"$work/pid")]"
	contains "$(ckrun ps t)" "sleep 1005"
	contains "$(ckrun ps t | head -n 1)" PID
	same "$(ckrun ps t | wc -l)" 3
	same "$(ckrun ps t -o ppid,pid,comm | tail -n +2 | sort -k 2 -n | tr -s ' ' | head -n 1)" \
		"$(ps -o ppid=,pid=,comm= -p "$init" | tr -s ' ')"
}

grows_beyond() {
	[ "$(wc -c <"$b/rootfs/n")" -gt "$1" ]
}

stops_every_process_where_it_is() {
	local before

	started pass 'while :; do echo >>/n; sleep 0.01; done'
	until_true test -s "$b/rootfs/n"
	ckrun pause t
	same "$(status_of)" paused
	before=$(wc -c <"$b/rootfs/n")
	sleep 0.2
	same "$(wc -c <"$b/rootfs/n")" "$before"
	fails_with "pause t: container not running" ckrun pause t
	fails_with "exec t: cannot exec in a paused container (use --ignore-paused to override)" ckrun exec t true
	ckrun resume t
	same "$(status_of)" running
	until_true grows_beyond "$before"
	fails_with "resume t: container not paused" ckrun resume t
}

writes_the_pid_file_as_a_whole() {
	bundle pass 'exec sleep 1000'
	echo "a much longer text from before" >"$work/pid"
	ckrun create --pid-file "$work/pid" -b "$b" t </dev/null >/dev/null
	same "$(<"$work/pid")" "$(field pid)"
	ckrun delete t
	fails_with "create t: pid file: create /nowhere/.pid" \
		ckrun create --pid-file /nowhere/pid -b "$b" t
	nothing_left_of t
}

# --- at once

starts_once_however_many_try() {
	local i ok=0 pids=()

	bundle pass 'exec sleep 1000'
	ckrun create -b "$b" t </dev/null >/dev/null
	for i in 1 2 3 4 5 6; do
		ckrun start t 2>>"$work/errors" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" && ok=$((ok + 1))
	done
	same "$ok" 1
	same "$(grep -c "already running" "$work/errors")" 5
}

gives_an_id_once_however_many_try() {
	local i ok=0 pids=()

	bundle pass 'exec sleep 1000'
	for i in 1 2 3 4 5 6; do
		ckrun create -b "$b" t </dev/null >/dev/null 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" && ok=$((ok + 1))
	done
	same "$ok" 1
	same "$(status_of)" created
}

deletes_once_however_many_try() {
	local i pids=()

	started pass
	for i in 1 2 3 4 5 6; do
		ckrun delete -f t &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	nothing_left_of t
}

executes_many_at_once() {
	local i pids=()

	started pass
	for i in 1 2 3 4 5 6 7 8; do
		ckrun exec t sh -c "exit $i" &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6 7 8; do
		wait "${pids[i - 1]}" && fail "exit 0 from $i"
		same "$?" "$i"
	done
}

shows_whole_states_while_containers_come_and_go() {
	local i

	bundle pass true
	(for ((i = 0; i < 10; i++)); do ckrun run -b "$b" t </dev/null >/dev/null; done) &
	while kill -0 $! 2>/dev/null; do
		ckrun list -f json | python3 -m json.tool >/dev/null
		if ckrun state t >"$work/out" 2>"$work/errors"; then
			python3 -m json.tool "$work/out" >/dev/null
		else
			grep -q 'container "t" does not exist' "$work/errors"
		fi
	done
	wait $!
}

# --- a creator that crashes

# A container whose creator was killed while its createRuntime hook ran.
half_made() {
	bundle 'c["hooks"] = {"createRuntime": [{"path": "/bin/sh",
"args": ["sh", "-c", "touch " + b + "/begun; exec sleep 1006"]}]}' true
	build/ckrun --root "$work/state" create -b "$b" t </dev/null >/dev/null 2>&1 &
	until_true test -e "$b/begun"
	same "$(status_of)" creating
	kill -9 $!
	wait $! || true
	until_true no_process "sleep 1006"
}

removes_what_a_crashed_creator_left() {
	half_made
	same "$(status_of)" stopped
	ckrun delete t
	nothing_left_of t
}

removes_by_force_what_a_crashed_creator_left() {
	half_made
	ckrun delete --force t
	nothing_left_of t
}

removes_a_state_directory_that_has_no_state() {
	mkdir -p "$work/state/t"
	fails_with 'does not exist' ckrun state t
	same "$(ckrun list -q)" ""
	ckrun delete t
	nothing_left_of t
}

leaves_nothing_when_the_program_does_not_exist() {
	bundle 'p["args"] = ["nothere"]'
	fails_with "executable file not found" ckrun run -b "$b" t
	nothing_left_of t
	bundle 'p["args"] = ["/bin"]'
	fails_with "ermission denied" ckrun run -b "$b" t
	nothing_left_of t
}

tests+=(
	goes_from_created_to_running_to_stopped
	tells_bundle_rootfs_annotations_and_owner
	does_not_start_twice
	runs_from_the_bundle_of_the_current_directory
	takes_a_zombie_for_stopped
	kills_by_name_by_number_and_by_default
	kills_all_processes_when_told
	says_that_a_stopped_container_is_not_running
	kills_a_paused_container
	kills_every_process_of_a_container_with_the_pids_of_its_host
	says_that_a_container_does_not_exist
	deletes_with_force_only_what_runs
	deletes_what_was_never_started
	deletes_by_force_what_does_not_exist
	deletes_what_was_executed_as_well
	frees_the_id_for_the_next_container
	refuses_an_id_that_is_none
	lists_containers_as_table_json_and_ids
	lists_the_processes_of_a_container
	stops_every_process_where_it_is
	writes_the_pid_file_as_a_whole
	starts_once_however_many_try
	gives_an_id_once_however_many_try
	deletes_once_however_many_try
	executes_many_at_once
	shows_whole_states_while_containers_come_and_go
	removes_what_a_crashed_creator_left
	removes_by_force_what_a_crashed_creator_left
	removes_a_state_directory_that_has_no_state
	leaves_nothing_when_the_program_does_not_exist
)
