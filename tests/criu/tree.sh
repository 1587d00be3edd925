# shellcheck shell=bash disable=SC2154,SC2016,SC2216 # $criu, $work of run; text for other shells
# tree.sh - a process of the host and its descendants, without a container

# count NAME - a shell that counts in the file NAME, with a child; leaves its pid in $tree
count() {
	setsid sh -c 'sleep 1000 & echo $! >'"$work/$1.child"'
		i=0; while :; do i=$((i + 1)); echo $i >'"$work/$1"'; sleep 0.02; done' \
		</dev/null >/dev/null 2>&1 &
	tree=$!
	disown $tree
	until_true test -s "$work/$1"
	until_true test -s "$work/$1.child"
	mkdir -p "$work/$1.img"
}

# Waits up to 5 s.
until_true() {
	local i

	for ((i = 0; i < 100; i++)); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	fail "never true: $*"
}

has_ended() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*zombie' "/proc/$1/status"
}

end() {
	local child

	for child in "$(<"$work/$1.child")" "$tree"; do
		kill -9 "$child" 2>/dev/null || true
	done
	until_true has_ended "$tree"
}

is_counting() {
	local before

	before=$(cat "$work/$1")
	until_true eval '[ "$(cat '"$work/$1"')" -gt '"$((before + 3))"' ]'
}

a_shell_and_its_children_are_dumped_and_come_back() {
	local before

	count a
	"$criu" dump -v4 -t "$tree" -D "$work/a.img" -o dump.log
	until_true has_ended "$tree"
	until_true has_ended "$(<"$work/a.child")"
	before=$(<"$work/a")
	sleep 0.2
	[ "$(<"$work/a")" = "$before" ]
	contains "$(<"$work/a.img/dump.log")" "all phases are done"
	wait "$tree" 2>/dev/null || true
	"$criu" restore -d -v4 -D "$work/a.img" -o restore.log --pidfile "$work/a.pid"
	[ "$(<"$work/a.pid")" = "$tree" ]
	is_counting a
	[ "$(<"$work/a")" -gt "$before" ]
	[ "$(awk '/^PPid/ { print $2 }' "/proc/$(<"$work/a.child")/status")" = "$tree" ]
	# and once more
	rm -r "$work/a.img" && mkdir "$work/a.img"
	"$criu" dump -t "$tree" -D "$work/a.img"
	until_true has_ended "$tree"
}

a_dump_may_leave_the_tasks_running_or_stopped() {
	count b
	"$criu" dump -R --tree="$tree" --images-dir "$work/b.img"
	is_counting b
	"$criu" dump -s -t "$tree" -D "$work/b.img"
	until_true grep -q '^State:.*stopped' "/proc/$tree/status"
	kill -CONT -- "-$tree" # the whole session
	is_counting b
	end b
}

a_restore_in_the_foreground_ends_as_the_task_does() {
	local got=0

	setsid sh -c 'while [ ! -e '"$work/go"' ]; do sleep 0.02; done; exit 7' </dev/null >/dev/null 2>&1 &
	tree=$!
	sleep 0.2
	mkdir "$work/c.img"
	"$criu" dump -t $tree -D "$work/c.img"
	wait $tree || true
	touch "$work/go"
	"$criu" restore -D "$work/c.img" || got=$?
	[ $got = 7 ] || fail "exit code $got"
}

a_pid_that_is_taken_is_named_and_nothing_is_made() {
	count d
	"$criu" dump -R -t "$tree" -D "$work/d.img"
	refused "pid $tree is in use by sh" "$criu" restore -d -D "$work/d.img" -o restore.log
	contains "$(tail -n 1 "$work/d.img/restore.log")" "pid $tree is in use by sh"
	is_counting d
	end d
}

a_tree_that_cannot_be_dumped_is_named_and_runs_on() {
	count e
	refused "there is no process 4000000" "$criu" dump -t 4000000 -D "$work/e.img"
	refused "no task is named" "$criu" dump -D "$work/e.img"
	refused "is the caller itself" bash -c 'exec "$1" dump -t $$ -D "$2"' sh "$criu" "$work/e.img"
	end e
	unshare -u setsid sleep 1000 </dev/null >/dev/null 2>&1 &
	tree=$!
	sleep 0.2
	refused "its uts namespace is another than ours" "$criu" dump -t $tree -D "$work/e.img" -o dump.log
	contains "$(tail -n 1 "$work/e.img/dump.log")" "its uts namespace is another than ours"
	kill -0 $tree
	kill $tree
	sleep 1000 | sleep 1000 &
	tree=$!
	sleep 0.2
	refused "its other end is outside" "$criu" dump -t $tree -D "$work/e.img"
	kill -0 $tree
	kill $tree
}

tests+=(
	a_shell_and_its_children_are_dumped_and_come_back
	a_dump_may_leave_the_tasks_running_or_stopped
	a_restore_in_the_foreground_ends_as_the_task_does
	a_pid_that_is_taken_is_named_and_nothing_is_made
	a_tree_that_cannot_be_dumped_is_named_and_runs_on
)

a_client_dumps_and_restores_and_is_notified() {
	local said

	count f
	said=$(rpc "DUMP,o.pid=$tree,o.images_dir_fd=fd:$work/f.img,o.log_file=d.log,o.log_level=4,o.notify_scripts=1")
	contains "$said" $'NOTIFY success=1 notify.script=pre-dump\nNOTIFY success=1 notify.script=network-lock\n'
	contains "$said" $'notify.script=post-dump\nDUMP success=1'
	until_true has_ended "$tree"
	wait "$tree" 2>/dev/null || true
	contains "$(<"$work/f.img/d.log")" "all phases are done"
	said=$(rpc "RESTORE,o.images_dir_fd=fd:$work/f.img,o.log_file=r.log,o.notify_scripts=1,o.rst_sibling=1")
	contains "$said" "notify.script=setup-namespaces notify.pid=$tree"
	contains "$said" "notify.script=post-restore notify.pid=$tree"
	contains "$said" "RESTORE success=1 restore.pid=$tree"
	contains "$said" "exit 0"
	is_counting f
	end f
}

a_client_that_says_no_stops_a_dump_and_a_restore() {
	local said

	count g
	said=$(rpc no:network-lock "DUMP,o.pid=$tree,o.images_dir_fd=fd:$work/g.img,o.notify_scripts=1")
	contains "$said" "DUMP success=0 cr_errno=125"
	contains "$said" "notification network-lock: the client says no"
	is_counting g
	[ ! -e "$work/g.img/inventory.img" ]
	"$criu" dump -t "$tree" -D "$work/g.img"
	until_true has_ended "$tree"
	wait "$tree" 2>/dev/null || true
	said=$(rpc no:pre-resume "RESTORE,o.images_dir_fd=fd:$work/g.img,o.notify_scripts=1")
	contains "$said" "RESTORE success=0 cr_errno=125"
	until_true has_ended "$tree"
	until_true has_ended "$(<"$work/g.child")"
}

a_client_is_told_each_option_that_is_not_there_yet() {
	local said

	count h
	said=$(rpc "DUMP,o.pid=$tree,o.images_dir_fd=fd:$work/h.img,o.track_mem=1,o.external=x,o.link_remap=0")
	contains "$said" "DUMP success=0 cr_errno=95 cr_errmsg=DUMP: track_mem is not supported yet"
	contains "$said" "external is not supported yet"
	[[ $said != *link_remap* ]]
	contains "$(rpc "DUMP,o.pid=$tree")" "neither images_dir_fd nor images_dir is given"
	contains "$(rpc "DUMP,o.pid=4000000,o.images_dir_fd=fd:$work/h.img")" "cr_errno=3"
	contains "$(rpc "DUMP,o.pid=$tree,o.images_dir_fd=fd:$work/h.img,o.log_file=../x")" "cr_errno=22"
	contains "$(rpc "RESTORE,o.images_dir_fd=fd:$work/h.img")" "RESTORE success=0 cr_errno=2 "
	is_counting h
	end h
}

tests+=(
	a_client_dumps_and_restores_and_is_notified
	a_client_that_says_no_stops_a_dump_and_a_restore
	a_client_is_told_each_option_that_is_not_there_yet
)

# Killed in the middle: the shell waits in planted code until the next dump frees it.
tasks_of_a_dump_that_was_killed_are_freed_by_the_next() {
	local got=0

	count i
	CKRUN_KILL_AT=infect "$criu" dump -t "$tree" -D "$work/i.img" 2>/dev/null || got=$?
	[ $got = 137 ] || fail "exit code $got"
	[ -s "$work/i.img/checkpoint.saved" ]
	"$criu" dump -R -t "$tree" -D "$work/i.img"
	is_counting i
	[ ! -e "$work/i.img/checkpoint.saved" ]
	end i
}

# Children come and go while they are looked for.  Forked ones: a shell makes programs by vfork(2),
# and what is stopped in the middle of that is refused.
a_tree_that_forks_all_the_time_is_dumped_whole() {
	local i

	setsid sh -c 'for i in 1 2 3 4; do (while :; do (:); done) & done
		: >'"$work/forking"'; wait' </dev/null >/dev/null 2>&1 &
	tree=$!
	until_true test -e "$work/forking"
	for ((i = 0; i < 10; i++)); do
		rm -rf "$work/j.img" && mkdir "$work/j.img"
		"$criu" dump -R -t "$tree" -D "$work/j.img"
		build/ckrun image validate "$work/j.img" >/dev/null
		[ "$(find "$work/j.img" -name 'core-*.img' | wc -l)" -ge 5 ] || fail "tasks are missing"
		[ "$(pgrep -c -P "$tree")" -ge 4 ] || fail "$(pgrep -l -P "$tree")"
	done
	kill -9 -- "-$tree"
}

tests+=(
	tasks_of_a_dump_that_was_killed_are_freed_by_the_next
	a_tree_that_forks_all_the_time_is_dumped_whole
)
