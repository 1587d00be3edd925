# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# carry.sh - checkpoint and restore as commands: what engines expect before, between and after

# A line for each 20 ms: gaps and repetitions would show.
counts='i=0; while :; do i=$((i + 1)); echo $i >>/out/n; usleep 20000; done'

counting() {
	rm -rf "$work/carried" "$work/image" && mkdir "$work/carried"
	started "mount('/out', '$work/carried', 'rbind', 'rw'); ${1:-pass}" "$counts"
	until_true test -s "$work/carried/n"
}

goes_on_counting() {
	local from

	from=$(wc -l <"$work/carried/n")
	until_true counted_beyond "$((from + 3))"
	same "$(cmp "$work/carried/n" <(seq "$(wc -l <"$work/carried/n")") 2>&1 | grep -v EOF)" ""
}

counted_beyond() {
	[ "$(wc -l <"$work/carried/n")" -gt "$1" ]
}

checkpoint() {
	ckrun checkpoint --image-path "$work/image" "$@" t
}

restore() {
	ckrun restore -d --image-path "$work/image" -b "$b" "$@" t </dev/null >/dev/null
}

comes_back_in_a_fresh_bundle_with_another_cgroup() {
	local old

	counting
	old=$b
	checkpoint
	fails_with 'container "t" does not exist' ckrun state t
	nothing_left_of t
	bundle "mount('/out', '$work/carried', 'rbind', 'rw'); lin['cgroupsPath'] = '/fresh/t2'" "$counts"
	mv "$old/rootfs" "$old/gone"
	restore --pid-file "$work/pid"
	same "$(field status)" running
	same "$(field bundle)" "$b"
	same "$(<"$work/pid")" "$(field pid)"
	contains "$(cat "/proc/$(field pid)/cgroup")" /fresh/t2
	goes_on_counting
	same "$(inside 'echo works')" works
	ckrun delete -f t
	nothing_left_of t2
	rm -rf "$old"
}

goes_on_when_left_running_and_can_be_written_again() {
	counting
	checkpoint --leave-running
	same "$(field status)" running
	same "$(field pid)" "$init"
	goes_on_counting
	rm -rf "$work/image"
	checkpoint --leave-running --leave-running
	goes_on_counting
	ckrun delete -f t
	: >"$work/carried/n"
	restore
	until_true test -s "$work/carried/n"
}

carries_a_container_that_an_engine_has_paused() {
	counting
	ckrun pause t
	checkpoint --leave-running
	same "$(field status)" paused
	ckrun resume t
	goes_on_counting
	rm -rf "$work/image"
	ckrun pause t
	checkpoint
	fails_with 'container "t" does not exist' ckrun resume t
	ckrun delete --force t
	restore
	same "$(field status)" running
	goes_on_counting
}

carries_what_was_executed_beside_the_init() {
	counting
	ckrun exec -d t sleep 1011 </dev/null >/dev/null 2>&1
	checkpoint
	no_process "sleep 1011" || fail "it was left behind"
	restore
	process "sleep 1011" || fail "it did not come back"
	contains "$(ckrun ps t)" "sleep 1011"
}

writes_what_the_stdio_was() {
	bundle pass 'exec sleep 1000'
	rm -rf "$work/image"
	ckrun run -d -b "$b" t </dev/null >"$work/said" 2>&1
	checkpoint --leave-running
	same "$(python3 -c 'import json, sys; print(*json.load(open(sys.argv[1])))' "$work/image/descriptors.json")" \
		"/dev/null $work/said $work/said"
}

refuses_what_does_not_run() {
	bundle pass 'exec sleep 1000'
	ckrun create -b "$b" t </dev/null >/dev/null
	fails_with "checkpoint t: Container cannot be checkpointed in created state" checkpoint
	ckrun start t
	ckrun kill t KILL
	until_true has_status stopped
	fails_with "checkpoint t: Container cannot be checkpointed in stopped state" checkpoint
	fails_with 'container "nobody" does not exist' ckrun checkpoint nobody
}

restores_to_a_free_id_only() {
	counting
	checkpoint --leave-running
	fails_with "restore t: container with given ID already exists" restore
	goes_on_counting
}

refuses_a_directory_without_an_image() {
	bundle pass true
	mkdir -p "$work/empty"
	fails_with "restore t: open directory $work/none" ckrun restore -d --image-path "$work/none" -b "$b" t
	fails_with "restore t: " ckrun restore -d --image-path "$work/empty" -b "$b" t
	nothing_left_of t
}

runs_the_hooks_of_the_fresh_bundle_and_tells_them() {
	local kinds='
def hook(kind, log):
    script = "case $(cat) in *org.ckrun.restore*true*) r=restored;; *) r=fresh;; esac; echo " + kind + " $r >>" + log
    return [{"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}]
c["hooks"] = {k: hook(k, b + "/rootfs/log") for k in
    ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]}
c["hooks"]["startContainer"] = hook("startContainer", "/log")'

	counting "$kinds"
	contains "$(<"$b/rootfs/log")" "poststart fresh"
	checkpoint
	rm "$b/rootfs/log"
	restore
	same "$(<"$b/rootfs/log")" "prestart restored
createRuntime restored
createContainer restored
startContainer restored
poststart restored"
	goes_on_counting
}

leaves_nothing_when_a_hook_fails_on_restore() {
	local kind

	counting
	checkpoint
	for kind in prestart createRuntime createContainer startContainer poststart; do
		bundle "mount('/out', '$work/carried', 'rbind', 'rw')
c['hooks'] = {'$kind': [{'path': '/bin/sh', 'args': ['sh', '-c', 'echo no bridge >&2; exit 3']}]}" "$counts"
		fails_with "hook $kind 1 (/bin/sh): exit status 3: no bridge" restore
		nothing_left_of t
	done
	: >"$work/carried/n"
	sleep 0.1
	[ ! -s "$work/carried/n" ] || fail "something counts"
}

stays_with_a_restored_container_in_the_foreground() {
	local got=0

	rm -rf "$work/carried" "$work/image" && mkdir "$work/carried"
	started "mount('/out', '$work/carried', 'rbind', 'rw')" \
		'trap "exit 5" TERM; echo up >/out/n; while :; do usleep 20000; done'
	until_true test -s "$work/carried/n"
	checkpoint
	build/ckrun --root "$work/state" restore --image-path "$work/image" -b "$b" t </dev/null >/dev/null 2>&1 &
	until_true ckrun state t >/dev/null 2>&1
	until_true has_status running
	kill -TERM $!
	wait $! || got=$?
	same "$got" 5
	nothing_left_of t
}

keeps_other_commands_away_while_it_writes() {
	local i

	counting
	for ((i = 0; i < 5; i++)); do
		rm -rf "$work/image"
		checkpoint --leave-running &
		ckrun pause t
		ckrun resume t
		ckrun exec t true
		wait $!
		same "$(field status)" running
	done
	goes_on_counting
}

tests+=(
	comes_back_in_a_fresh_bundle_with_another_cgroup
	goes_on_when_left_running_and_can_be_written_again
	carries_a_container_that_an_engine_has_paused
	carries_what_was_executed_beside_the_init
	writes_what_the_stdio_was
	refuses_what_does_not_run
	restores_to_a_free_id_only
	refuses_a_directory_without_an_image
	runs_the_hooks_of_the_fresh_bundle_and_tells_them
	leaves_nothing_when_a_hook_fails_on_restore
	stays_with_a_restored_container_in_the_foreground
	keeps_other_commands_away_while_it_writes
)
