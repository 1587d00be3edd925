# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# mounts.sh - the root, the mounts of config.json, masked and read-only paths, devices

masks_files_and_directories() {
	local got

	mkdir -p "$work/base/hidden" && echo secret | tee "$work/base/hidden/x" >"$work/base/secret"
	got=$(container 'lin["maskedPaths"] = ["/hidden", "/secret", "/proc/timer_list", "/none/such"]' \
		'cat /secret /proc/timer_list; ls -A /hidden; touch /hidden/y 2>&1; echo end')
	rm -r "$work/base/hidden" "$work/base/secret"
	contains "$got" "Read-only"
	[[ $got != *secret* && $got == *end ]] || fail "$got"
}

protects_read_only_paths() {
	local got

	got=$(container 'lin["readonlyPaths"] = ["/proc/sys", "/etc", "/none/such"]; p["capabilities"] = {}' \
		'echo 1 >/proc/sys/vm/overcommit_memory; touch /etc/x; touch /tmp/x && echo written' 2>&1)
	contains "$got" "overcommit_memory: Read-only file system"
	contains "$got" "/etc/x: Read-only file system"
	contains "$got" written
}

makes_the_root_read_only() {
	local got

	got=$(container 'c["root"]["readonly"] = True' 'touch /x; touch /dev/shm/x && echo written' 2>&1)
	contains "$got" "/x: Read-only file system"
	contains "$got" written
}

keeps_the_host_out_of_sight() {
	local got

	got=$(container pass 'cat /proc/self/mountinfo; ls /..')
	[[ $got != *"$work/state"* && $got != */usr* ]] || fail "$got"
	contains "$(head -n 1 <<<"$got")" "${b##*/}/rootfs / "
}

keeps_its_mounts_from_the_host() {
	local before after

	before=$(wc -l </proc/self/mountinfo)
	started pass
	after=$(wc -l </proc/self/mountinfo)
	same "$after" "$before"
}

binds_files_and_directories_with_their_options() {
	local got

	mkdir -p "$work/src/sub" && echo hello >"$work/src/file"
	got=$(container 'w = b + "/../src"
mount("/new/dir", w, "rbind", "ro", "nosuid", "nodev", "noexec")
mount("/new/file", w + "/file", "bind")
mount("/rel", "rootfs/etc", "bind", "ro")' \
		'cat /new/dir/file; echo changed >/new/file; touch /new/dir/x 2>&1; ls /rel; grep /new/dir /proc/self/mountinfo')
	contains "$got" hello
	contains "$got" "/new/dir/x: Read-only file system"
	contains "$got" passwd
	contains "$got" "ro,nosuid,nodev,noexec"
	same "$(cat "$work/src/file")" changed
	rm -r "$work/src"
}

keeps_options_of_a_bound_mount_that_it_does_not_mention() {
	local got

	mkdir -p "$work/src"
	mount -t tmpfs -o nosuid,nodev,noexec none "$work/src"
	got=$(container 'mount("/m", b + "/../src", "bind", "ro"); mount("/n", b + "/../src", "bind", "exec")' \
		'grep -E " /[mn] " /proc/self/mountinfo')
	umount "$work/src"
	contains "$got" "/m ro,nosuid,nodev,noexec"
	contains "$got" "/n rw,nosuid,nodev,relatime"
}

makes_a_whole_tree_read_only() {
	local got

	mkdir -p "$work/src/sub"
	mount -t tmpfs none "$work/src" && mkdir "$work/src/sub" && mount -t tmpfs none "$work/src/sub"
	got=$(container 'mount("/one", b + "/../src", "rbind", "ro"); mount("/all", b + "/../src", "rbind", "rro")' \
		'touch /one/sub/x && echo one; touch /all/sub/y && echo all; true' 2>&1)
	umount -R "$work/src"
	contains "$got" one
	contains "$got" "/all/sub/y: Read-only file system"
}

sets_propagation() {
	local got

	got=$(container 'mount("/p", "/tmp", "rbind", "rprivate"); mount("/s", "/tmp", "bind", "shared")' \
		'grep -E " /[ps] " /proc/self/mountinfo')
	contains "$(grep " /s " <<<"$got")" "shared:"
	[[ $(grep " /p " <<<"$got") != *shared:* && $(grep " /p " <<<"$got") != *master:* ]] || fail "$got"
}

lets_mounts_in_and_out_where_propagation_is_shared() {
	mkdir -p "$work/src"
	mount -t tmpfs none "$work/src" && mount --make-shared "$work/src" && mkdir "$work/src"/{in,out}
	started 'lin["rootfsPropagation"] = "shared"; mount("/m", b + "/../src", "rbind", "rshared")
p["capabilities"] = {k: ["CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted")}'
	mount -t tmpfs none "$work/src/in" && touch "$work/src/in/from-host"
	same "$(inside 'ls /m/in')" from-host
	inside 'mount -t tmpfs none /m/out && touch /m/out/from-container'
	same "$(ls "$work/src/out")" from-container
	ckrun delete -f t
	umount -R "$work/src"
}

mounts_tmpfs_with_the_mode_of_what_it_covers() {
	local got

	got=$(container 'mount("/tmp", "tmpfs", "nosuid", type="tmpfs"); mount("/m", "tmpfs", "mode=0700", "size=64k", type="tmpfs")
mount("/ro", "tmpfs", "ro", type="tmpfs")' \
		'stat -c "%a %n" /tmp /m; touch /ro/x; df -k /m | tail -n 1' 2>&1)
	contains "$got" "1777 /tmp"
	contains "$got" "700 /m"
	contains "$got" "/ro/x: Read-only file system"
	contains "$got" " 64 "
}

fills_a_tmpfs_with_what_it_covers() {
	local got

	mkdir -p "$work/base/full/sub" && echo text >"$work/base/full/sub/file"
	ln -s sub/file "$work/base/full/link" && chown 5:6 "$work/base/full/sub/file" && chmod 644 "$work/base/full/sub/file"
	got=$(container 'mount("/full", "tmpfs", "tmpcopyup", "ro", type="tmpfs")' \
		'cat /full/link; stat -c "%a %u %g" /full/sub/file; readlink /full/link; grep " /full " /proc/self/mountinfo')
	rm -r "$work/base/full"
	contains "$got" text
	contains "$got" "644 5 6"
	contains "$got" sub/file
	contains "$got" "tmpfs"
}

shows_a_container_its_own_cgroups() {
	local got procs='cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs 2>/dev/null | sort -u'

	got=$(container 'ns("cgroup")' "cat /proc/self/cgroup; $procs; touch /sys/fs/cgroup/x 2>&1; true")
	[[ $got != *:/t* ]] || fail "$got"
	contains "$got" "Read-only file system"
	got=$(container 'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "cgroup"]' "$procs")
	[ -n "$got" ] || fail "no cgroup shows the init"
	! grep -qx 0 <<<"$got" || fail "a process outside is in it"
}

makes_tmpfs_read_only_after_it_is_filled() {
	local got

	got=$(container 'next(m for m in c["mounts"] if m["destination"] == "/dev")["options"].append("ro")' \
		'echo x >/dev/null && touch /dev/shm/x && echo filled; touch /dev/x 2>&1; true')
	contains "$got" filled
	contains "$got" "/dev/x: Read-only file system"
}

enters_the_root_without_pivot() {
	local got

	bundle pass 'ls /..; ls /../..; grep -c . /proc/self/mountinfo; ls -d /proc/1/root/usr /usr 2>&1; true'
	got=$(ckrun run --no-pivot -b "$b" t)
	contains "$got" bin
	[[ $got != *boot* && $got == *"/usr: No such file"* ]] || fail "$got"
}

names_the_mount_that_fails_and_why() {
	fails_with "mount /no/such at /m: open /no/such: No such file" container 'mount("/m", "/no/such", "bind")' true
	fails_with "mount tmpfs at /m: option size=much: " container 'mount("/m", "tmpfs", "size=much", type="tmpfs")' true
	fails_with "nofs" container 'mount("/m", "x", type="nofs")' true
}

makes_the_default_devices_and_links() {
	local got

	got=$(container 'lin["devices"] = [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200, "fileMode": 0o640, "uid": 3, "gid": 4},
	{"path": "/dev/other", "type": "c", "major": 10, "minor": 200}, {"path": "/dev/pipe", "type": "p"}]' \
		'stat -c "%n %t:%T %a %u:%g %F" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/net/tun /dev/pipe
		for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; echo x >/dev/null && head -c 4 /dev/urandom | wc -c; cat /dev/other; true' 2>&1)
	contains "$got" "/dev/null 1:3 666 0:0 character special file"
	contains "$got" "/dev/zero 1:5 666"
	contains "$got" "/dev/full 1:7 666"
	contains "$got" "/dev/tty 5:0 666"
	contains "$got" "/dev/net/tun a:c8 640 3:4 character special file"
	contains "$got" "/dev/pipe 0:0 666 0:0 fifo"
	contains "$got" "/proc/self/fd"$'\n'"/proc/self/fd/0"
	contains "$got" pts/ptmx
	contains "$got" $'\n'4
	contains "$got" "Operation not permitted" # by the device cgroup
}

tests+=(
	masks_files_and_directories
	protects_read_only_paths
	makes_the_root_read_only
	keeps_the_host_out_of_sight
	keeps_its_mounts_from_the_host
	binds_files_and_directories_with_their_options
	keeps_options_of_a_bound_mount_that_it_does_not_mention
	makes_a_whole_tree_read_only
	sets_propagation
	lets_mounts_in_and_out_where_propagation_is_shared
	mounts_tmpfs_with_the_mode_of_what_it_covers
	fills_a_tmpfs_with_what_it_covers
	shows_a_container_its_own_cgroups
	makes_tmpfs_read_only_after_it_is_filled
	enters_the_root_without_pivot
	names_the_mount_that_fails_and_why
	makes_the_default_devices_and_links
)
