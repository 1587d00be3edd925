# shellcheck shell=bash disable=SC2154 # $work, $ckrun of run
# podman.sh - podman with ckrun in the place of runc: no network, no pause image, an image of busybox

# What podman itself cannot do on a small machine: it raises limits beyond what root may without
# CAP_SYS_RESOURCE, and writes to a journal that is not there.
cat >"$work/containers.conf" <<END
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
log_driver = "k8s-file"
[engine]
events_logger = "file"
cgroup_manager = "cgroupfs"
END

podman() {
	CONTAINERS_CONF=$work/containers.conf command podman --root "$work/root" --runroot "$work/run" \
		--tmpdir "$work/tmp" --storage-driver overlay --cgroup-manager cgroupfs --events-backend file \
		--runtime "$ckrun" "$@"
}

image() {
	local applet

	trap 'podman rm -af -t 0 >/dev/null 2>&1 || true' EXIT
	command -v podman >/dev/null || skip "podman is not installed"
	podman image exists localhost/bb && return
	mkdir -p "$work/rootfs"/{bin,etc,proc,sys,dev,tmp,root}
	cp "$(command -v busybox)" "$work/rootfs/bin/busybox"
	for applet in $(busybox --list); do
		ln -s busybox "$work/rootfs/bin/$applet" 2>/dev/null || true
	done
	tar -C "$work/rootfs" -c . | podman import - localhost/bb >/dev/null 2>&1
}

# bb OPTION... - a container of busybox without a network
bb() {
	podman run --network none --rm "$@"
}

podman_runs_a_container() {
	image
	same "$(bb localhost/bb echo hello)" hello
}

podman_reads_the_log_of_a_runtime_that_it_knows_by_name() {
	local got=0

	image
	mkdir -p "$work/bin" && ln -sf "$ckrun" "$work/bin/runc"
	ckrun=$work/bin/runc
	same "$(bb localhost/bb echo hello)" hello
	bb localhost/bb /nowhere/program 2>"$work/errors" || got=$?
	same "$got" 127
	contains "$(<"$work/errors")" "no such file or directory"
}

podman_hands_its_input_on() {
	image
	same "$(echo typed | bb -i localhost/bb cat)" typed
}

podman_gets_the_exit_status() {
	local got=0

	image
	bb localhost/bb sh -c 'exit 7' || got=$?
	same "$got" 7
	got=0
	bb localhost/bb /nowhere/program 2>"$work/errors" || got=$?
	same "$got" 127
	got=0
	bb localhost/bb /etc 2>"$work/errors" || got=$?
	same "$got" 126
}

podman_runs_as_a_user_with_limits_and_read_only() {
	local got

	image
	got=$(bb --user 1000:1000 --memory 64m --pids-limit 50 --read-only --hostname box localhost/bb \
		sh -c 'id -u; hostname; touch /x 2>&1; cat /proc/self/limits | grep "open files"')
	contains "$got" 1000
	contains "$got" box
	contains "$got" "Read-only file system"
	contains "$got" 20000
}

podman_gives_a_terminal() {
	image
	contains "$(bb -t localhost/bb tty)" /dev/pts/
}

podman_starts_executes_pauses_stops_and_removes() {
	local got=0

	image
	podman run -d --network none --name web localhost/bb sleep 1000 >/dev/null
	contains "$(podman inspect -f '{{.OCIRuntime}}' web)" ckrun
	same "$(podman exec web sh -c 'echo from inside')" "from inside"
	contains "$(podman exec -t web tty)" /dev/pts/
	same "$(podman exec -u 1000 -w /tmp -e A=b web sh -c 'echo $(id -u) $PWD $A')" "1000 /tmp b"
	podman exec web sh -c 'exit 3' || got=$?
	same "$got" 3
	podman pause web >/dev/null
	same "$(podman inspect -f '{{.State.Status}}' web)" paused
	podman unpause web >/dev/null
	contains "$(podman top web pid args)" "sleep 1000"
	podman kill -s KILL web >/dev/null
	podman wait web >/dev/null
	same "$(podman inspect -f '{{.State.Status}}' web)" exited
	podman start web >/dev/null
	same "$(podman inspect -f '{{.State.Running}}' web)" true
	podman stop -t 0 web >/dev/null 2>&1
	podman rm web >/dev/null
	same "$(podman ps -aq)" ""
}

# podman asks the program `criu` for its version before it lets a runtime checkpoint: ckrun by that
# name, and no other program of that name is to be found.
only_our_criu() {
	mkdir -p "$work/sbin"
	ln -sf /usr/sbin/* "$work/sbin/"
	ln -sfT "$ckrun" "$work/sbin/criu"
	PATH=$work/sbin:/usr/bin:/bin
}

podman_carries_a_container() {
	local before

	image
	only_our_criu
	podman run -d --network none --name web localhost/bb \
		sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/n; usleep 20000; done' >/dev/null
	until_true podman exec web test -s /n
	podman container checkpoint web >/dev/null
	same "$(podman inspect -f '{{.State.Running}} {{.State.Checkpointed}}' web)" "false true"
	before=$(podman cp web:/n - | tar -xO)
	podman container restore web >/dev/null
	same "$(podman inspect -f '{{.State.Running}}' web)" true
	sleep 0.2
	[ "$(podman exec web cat /n)" -gt "$before" ]
	[ "$(podman exec web cat /n)" -lt $((before + 200)) ]
	podman rm -f -t 0 web >/dev/null
}

podman_carries_a_container_in_an_archive() {
	image
	only_our_criu
	podman run -d --network none --name web localhost/bb sh -c 'echo kept >/n; exec sleep 1000' >/dev/null
	until_true podman exec web test -s /n
	podman container checkpoint -e "$work/web.tar" --leave-running web >/dev/null
	same "$(podman exec web cat /n)" kept
	podman rm -f -t 0 web >/dev/null
	podman container restore -i "$work/web.tar" -n web2 >/dev/null
	same "$(podman exec web2 cat /n)" kept
	contains "$(podman top web2 args)" "sleep 1000"
	podman rm -f -t 0 web2 >/dev/null
}

podman_is_told_that_there_is_no_pre_checkpoint() {
	image
	only_our_criu
	podman run -d --network none --name web localhost/bb sleep 1000 >/dev/null
	! podman container checkpoint --pre-checkpoint web >/dev/null 2>"$work/errors"
	contains "$(<"$work/errors")" "--pre-dump is not supported"
	same "$(podman inspect -f '{{.State.Running}}' web)" true
	podman rm -f -t 0 web >/dev/null
}

tests+=(
	podman_runs_a_container
	podman_reads_the_log_of_a_runtime_that_it_knows_by_name
	podman_hands_its_input_on
	podman_gets_the_exit_status
	podman_runs_as_a_user_with_limits_and_read_only
	podman_gives_a_terminal
	podman_starts_executes_pauses_stops_and_removes
	podman_carries_a_container
	podman_carries_a_container_in_an_archive
	podman_is_told_that_there_is_no_pre_checkpoint
)
