# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# exec.sh - run and exec as commands: options, exit statuses, signals, terminals

returns_the_exit_status_of_the_program() {
	local got=0

	bundle pass 'exit 7'
	ckrun run -b "$b" t || got=$?
	same "$got" 7
	nothing_left_of t
	bundle pass 'kill -KILL $$; sleep 1' # pid 1 is spared by its own namespace
	started pass
	got=0
	ckrun exec t sh -c 'exit 9' || got=$?
	same "$got" 9
	got=0
	ckrun exec t sh -c 'kill -TERM $$' || got=$?
	same "$got" 143
	got=0
	ckrun exec nobody true 2>/dev/null || got=$?
	same "$got" 255
}

hands_signals_on_to_the_program() {
	local got=0

	bundle pass 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
	build/ckrun --root "$work/state" run -b "$b" t </dev/null >"$work/out" &
	until_true grep -q ready "$work/out"
	kill -TERM $!
	wait $! || got=$?
	same "$got" 5
	contains "$(<"$work/out")" got
	nothing_left_of t
}

returns_when_the_program_runs_if_detached() {
	bundle pass 'exec sleep 1000'
	ckrun run -d --pid-file "$work/pid" -b "$b" t </dev/null >/dev/null
	same "$(status_of)" running
	same "$(<"$work/pid")" "$(field pid)"
	ckrun exec --detach --pid-file "$work/pid" t sleep 1007
	same "$(pgrep -fx "sleep 1007")" "$(<"$work/pid")"
}

keeps_the_container_when_told() {
	bundle pass 'exit 0'
	ckrun run --keep -b "$b" t
	same "$(status_of)" stopped
	ckrun delete t
	nothing_left_of t
}

adopts_what_the_program_leaves_unless_told_not_to() {
	started 'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "pid"]' 'exec sleep 1000'
	build/ckrun --root "$work/state" exec t sh -c '(sleep 1008 &); sleep 1009' &
	until_true process "sleep 1008"
	same "$(ps -o ppid= -p "$(pgrep -fx "sleep 1008")" | tr -d ' ')" "$!"
	pkill -fx "sleep 100[89]"
	wait $! || true
}

executes_with_its_own_user_groups_directory_and_environment() {
	started 'p["env"] = ["PATH=/bin", "A=old", "B=kept"]'
	same "$(ckrun exec --user 1000:1001 -g 7 -g 8 --cwd /tmp -e A=new --env=C=more t \
		sh -c 'id -u; id -g; id -G; pwd; echo $A $B $C' | tr '\n' ' ')" "1000 1001 1001 7 8 /tmp new kept more "
	fails_with "exec t: --user root: it is UID or UID:GID" ckrun exec --user root t true
	fails_with "exec t: --env A: it is NAME=value" ckrun exec --env A t true
	fails_with "exec t: process args cannot be empty" ckrun exec t
}

executes_with_one_more_capability() {
	local before after

	started pass
	before=$(ckrun exec t grep CapEff /proc/self/status | cut -f 2)
	after=$(ckrun exec --cap CAP_SYS_NICE t grep CapEff /proc/self/status | cut -f 2)
	same "$((0x$after))" "$((0x$before | 1 << 23))"
	fails_with "exec t: --cap CAP_NONSENSE: no such capability" ckrun exec --cap CAP_NONSENSE t true
}

executes_what_a_file_describes() {
	local process='{"args": ["sh", "-c", "echo $X; pwd; id -u"], "cwd": "/tmp", "env": ["X=y", "PATH=/bin"],
		"user": {"uid": 1000, "gid": 1000}}'

	started pass
	echo "$process" >"$work/process"
	same "$(ckrun exec --process "$work/process" t | tr '\n' ' ')" "y /tmp 1000 "
	echo '{"args": [], "cwd": "/"}' >"$work/process"
	fails_with "exec t: --process" ckrun exec -p "$work/process" t
	fails_with "exec t: --process: open $work/none" ckrun exec -p "$work/none" t
}

executes_into_a_paused_container_when_told() {
	started pass
	ckrun pause t
	build/ckrun --root "$work/state" exec --ignore-paused t touch /ran </dev/null >/dev/null 2>&1 &
	sleep 0.3
	[ ! -e "$b/rootfs/ran" ] || fail "it ran while the container was paused"
	ckrun resume t
	wait $!
	[ -e "$b/rootfs/ran" ]
}

deletes_a_paused_container_that_somebody_waits_to_enter() {
	started pass
	ckrun pause t
	build/ckrun --root "$work/state" exec --ignore-paused t true </dev/null >/dev/null 2>&1 &
	sleep 0.3
	ckrun delete -f t
	nothing_left_of t
	wait $! && fail "it was executed"
	return 0
}

leaves_the_options_of_the_program_to_the_program() {
	started pass
	same "$(ckrun exec t echo --pid-file x -d)" "--pid-file x -d"
}

# on_terminal COMMAND... - on a pseudo terminal of 33 rows; types TYPED, and after it what comes back
on_terminal() {
	python3 - "$@" <<-'END'
		import fcntl, os, pty, struct, sys, termios, time
		pid, master = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
		typed, said = os.environ.get("TYPED", "").encode(), b""
		while True:
		    try:
		        part = os.read(master, 4096)
		    except OSError:
		        break
		    if not part:
		        break
		    said += part
		    if typed and b"ready" in said:
		        os.write(master, typed)
		        typed = b""
		sys.stdout.write(said.decode().replace("\r\n", "\n"))
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

stands_between_two_terminals() {
	local got

	bundle 'p["terminal"] = True' 'stty size; tty; echo ready; read x; echo "<$x>"; exit 4'
	got=$(TYPED=$'hello\n' on_terminal build/ckrun --root "$work/state" run -b "$b" t) && fail "exit 0"
	same "$?" 4
	contains "$got" "33 99"
	contains "$got" "<hello>"
	nothing_left_of t
}

leaves_control_characters_to_the_program() {
	local got

	started pass
	got=$(TYPED=$'\x03' on_terminal build/ckrun --root "$work/state" exec -t t \
		sh -c 'trap "echo interrupted; exit 6" INT; echo ready; while :; do sleep 0.05; done') && fail "exit 0"
	same "$?" 6
	contains "$got" interrupted
}

says_which_terminals_do_not_go_together() {
	bundle 'p["terminal"] = True' true
	fails_with "cannot allocate tty if ckrun will detach without setting console socket" ckrun create -b "$b" t
	fails_with "cannot use console socket if ckrun will not detach or allocate tty" \
		ckrun run --console-socket /nowhere -b "$b" t
	fails_with "--console-socket /nowhere" ckrun create --console-socket /nowhere -b "$b" t
	nothing_left_of t
}

tests+=(
	returns_the_exit_status_of_the_program
	hands_signals_on_to_the_program
	returns_when_the_program_runs_if_detached
	keeps_the_container_when_told
	adopts_what_the_program_leaves_unless_told_not_to
	executes_with_its_own_user_groups_directory_and_environment
	executes_with_one_more_capability
	executes_what_a_file_describes
	executes_into_a_paused_container_when_told
	deletes_a_paused_container_that_somebody_waits_to_enter
	leaves_the_options_of_the_program_to_the_program
	stands_between_two_terminals
	leaves_control_characters_to_the_program
	says_which_terminals_do_not_go_together
)
