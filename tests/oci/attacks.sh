# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# attacks.sh - root file systems and configs that broke other runtimes
#
# $work/host stands for a directory of the host that the links in the root file system aim at.

up=../../../../../../../..

# A host directory that must be untouched when the test ends.
aim() {
	rm -rf "$work/host"
	mkdir -p "$work/host"
}

host_is_untouched() {
	[ -z "$(ls -A "$work/host")" ] || fail "the host has $(ls -AR "$work/host")"
}

# start_bundle - with what the test did to $b/rootfs
start_bundle() {
	ckrun run -b "$b" t
}

keeps_devices_in_the_root_when_dev_is_a_link() { # CVE-2026-41579, CVE-2026-47766
	local target

	aim
	for target in "$work/host" "$up$work/host"; do
		bundle 'no_mount("/dev")' 'ls /dev/'
		rmdir "$b/rootfs/dev" && ln -s "$target" "$b/rootfs/dev"
		contains "$(start_bundle)" urandom
		host_is_untouched
		[ -c "$b/rootfs$work/host/null" ] || fail "the devices are elsewhere"
	done
	bundle pass 'ls -A /dev/; ls -ld /dev'
	rmdir "$b/rootfs/dev" && ln -s "$up$work/host" "$b/rootfs/dev"
	contains "$(start_bundle)" urandom
	host_is_untouched
}

refuses_a_proc_that_is_a_link() { # CVE-2019-19921
	aim
	bundle pass true
	rmdir "$b/rootfs/proc" && ln -s "$up$work/host" "$b/rootfs/proc"
	fails_with "proc must be mounted on an ordinary directory" start_bundle
	bundle pass true
	rmdir "$b/rootfs/sys" && ln -s /tmp "$b/rootfs/sys"
	fails_with "sysfs must be mounted on an ordinary directory" start_bundle
	host_is_untouched
}

refuses_to_cover_proc() { # CVE-2019-16884, CVE-2023-28642
	bundle 'mount("/proc/self/attr", "/tmp", "bind")' true
	fails_with "inside a procfs" start_bundle
	bundle 'mount("/link/attr", "tmpfs", type="tmpfs")' true
	ln -s /proc/self "$b/rootfs/link"
	fails_with "inside a procfs" start_bundle
	bundle 'mount("/proc", "/tmp", "bind")' true
	fails_with "no procfs" start_bundle
}

mounts_in_the_root_whatever_links_say() { # CVE-2021-30465
	aim
	echo source >"$work/file"
	bundle 'mount("/abs/a", "/etc", "bind"); mount("/rel/b", "/etc", "bind"); mount("/dangling", b + "/../file", "bind")
mount("/loop/../rel/c", "tmpfs", type="tmpfs")' 'cat /dangling; ls -l /'
	ln -s "$work/host" "$b/rootfs/abs"
	ln -s "$up$work/host" "$b/rootfs/rel"
	ln -s "$up$work/host/made" "$b/rootfs/dangling"
	ln -s bin "$b/rootfs/loop"
	contains "$(start_bundle)" source
	host_is_untouched
	same_words "$(ls "$b/rootfs$work/host")" "a b c made"
	bundle 'mount("/loop/x", "tmpfs", type="tmpfs")' true
	ln -s loop "$b/rootfs/loop"
	fails_with "Too many levels of symbolic links" start_bundle
}

makes_the_working_directory_in_the_root() { # CVE-2024-45310
	aim
	bundle 'p["cwd"] = "/out/deep/er"' pwd
	ln -s "$up$work/host" "$b/rootfs/out"
	start_bundle >/dev/null
	host_is_untouched
}

refuses_a_working_directory_through_a_descriptor() { # CVE-2024-21626
	local fd

	started pass
	for fd in 3 5 6 7 8 9; do
		if ckrun exec --cwd "/proc/self/fd/$fd" t pwd >"$work/out" 2>&1 </dev/null 7</; then
			fail "fd $fd: $(cat "$work/out")"
		fi
		bundle "p['cwd'] = '/proc/self/fd/$fd'" pwd
		if ckrun run -b "$b" t2 >"$work/out" 2>&1 7</; then
			fail "fd $fd of a new container: $(cat "$work/out")"
		fi
	done
	ckrun delete -f t
}

refuses_a_false_device() { # CVE-2025-31133
	bundle 'no_mount("/dev")' true
	echo text >"$b/rootfs/dev/null"
	fails_with "/dev/null: the root file system has something else in its place" start_bundle
	bundle 'no_mount("/dev")' true
	ln -s "$work/host" "$b/rootfs/dev/zero"
	fails_with "/dev/zero: the root file system has something else" start_bundle
}

refuses_a_false_null_device_for_masks() { # CVE-2025-31133
	mkdir -p "$work/src" && echo shown >"$work/src/null"
	fails_with "/dev/null is not the null device" container \
		'no_mount("/dev"); mount("/dev", b + "/../src", "bind"); lin["maskedPaths"] = ["/etc/passwd"]' true
	rm -r "$work/src"
}

refuses_a_false_terminal() { # CVE-2025-52565
	bundle 'p["terminal"] = True; no_mount("/dev/pts")' true
	rm -rf "$b/rootfs/dev"
	mkdir -p "$b/rootfs/dev/pts" && echo x >"$b/rootfs/dev/pts/ptmx"
	python3 - "$work/console" <<-'END' &
		import os, socket, sys
		if os.path.exists(sys.argv[1]):
		    os.unlink(sys.argv[1])
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(1)
		s.settimeout(20)
		s.accept()[0].recv(100)
	END
	until [ -S "$work/console" ]; do sleep 0.02; done
	fails_with "ptmx" ckrun create --console-socket "$work/console" -b "$b" t
	wait
}

# While ckrun runs, writing is refused because it runs; so its program is kept open until it is gone.
keeps_its_program_out_of_reach() { # CVE-2019-5736
	bundle pass true
	ckrun create -b "$b" t </dev/null >/dev/null
	init=$(field pid)
	exec 9<"/proc/$init/exe"
	ckrun start t
	until [ "$(field status)" = stopped ]; do sleep 0.02; done
	python3 - <<-'END' || fail "the program can be reached"
		import ctypes, os, sys

		libc = ctypes.CDLL(None, use_errno=True)
		MS_REMOUNT, MS_BIND = 32, 4096
		SYS_open_tree, OPEN_TREE_CLONE = 428, 1
		name = b"/proc/self/fd/9"
		if libc.mount(None, name, None, MS_REMOUNT | MS_BIND, None) == 0:
		    sys.exit("remounted")
		if libc.syscall(SYS_open_tree, -100, name, OPEN_TREE_CLONE) >= 0:
		    sys.exit("cloned")
		try:
		    os.open(name, os.O_RDWR)
		    sys.exit("opened for writing")
		except OSError as e:
		    if e.strerror != "Read-only file system":
		        sys.exit(e.strerror)
	END
	exec 9<&-
}

hides_itself_from_a_shared_pid_namespace() {
	local created

	bundle 'p["capabilities"] = {}' 'exec sleep 1000'
	ckrun run -d -b "$b" t </dev/null >/dev/null
	init=$(field pid)
	bundle "ns('pid', '/proc/$init/ns/pid')" true
	ckrun create -b "$b" t2 </dev/null >/dev/null
	created=$(inside 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = ckrun ] && ls -l $p/exe $p/fd/ 2>&1; done; true')
	contains "$created" "Permission denied"
	[[ $created != *"exe ->"* ]] || fail "$created"
	ckrun delete -f t2
	ckrun delete -f t
}

tests+=(
	keeps_devices_in_the_root_when_dev_is_a_link
	refuses_a_proc_that_is_a_link
	refuses_to_cover_proc
	mounts_in_the_root_whatever_links_say
	makes_the_working_directory_in_the_root
	refuses_a_working_directory_through_a_descriptor
	refuses_a_false_device
	refuses_a_false_null_device_for_masks
	refuses_a_false_terminal
	keeps_its_program_out_of_reach
	hides_itself_from_a_shared_pid_namespace
)
