# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# image.sh - images of real containers: others read them, torn and hostile ones are refused, a
# checkpoint that cannot be written leaves the container alone

# Files that the format keeps raw, and ours that nobody else knows.
raw='pages-*|ifaddr-*|route*|rule-*|tmpfs-*|iptables-*|ip6tables-*|nftables-*|ckrun-*'

# A container with a bit of everything that a shell can hold.
rich() {
	counting "lin['resources']['pids'] = {'limit': 100}; mount('/scratch', 'tmpfs', type='tmpfs')"
	ckrun exec -d t /bin/sh -c 'echo kept >/scratch/f; exec 5>/tmp/gone; rm /tmp/gone; mkfifo /tmp/p
		exec 6<>/tmp/p; echo queued >&6; ulimit -n 100; trap : USR1; sleep 1012 | cat' </dev/null >/dev/null 2>&1
	until_true process "sleep 1012"
}

crit_decodes_every_file_of_an_image() {
	local file type seen=' ' n=0

	command -v crit >/dev/null || skip "crit is not installed"
	rich
	checkpoint
	for file in "$work/image"/*.img; do
		type=${file##*/} type=${type%%[-.][0-9i]*}
		[[ $seen != *" $type "* ]] || continue
		seen+="$type "
		eval "case ${file##*/} in $raw) continue ;; esac"
		crit decode -i "$file" >"$work/json" 2>"$work/errors" ||
			fail "${file##*/}: $(tail -n 1 "$work/errors")"
		python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["entries"]' "$work/json" ||
			fail "${file##*/} has no entries"
		n=$((n + 1))
	done
	[ $n -gt 15 ] || fail "only $n kinds of files"
}

# torn NAME - the copy with that file changed is refused in one sentence, and nothing is left
torn() {
	local said

	if ckrun restore -d --image-path "$work/torn" -b "$b" t </dev/null >"$work/said" 2>&1; then
		fail "$1: restored"
	fi
	said=$(<"$work/said")
	same "$(wc -l <<<"$said")" 1
	contains "$said" "ckrun: restore t: "
	contains "$said" "${2:-$1}"
	nothing_left_of t
}

refuses_an_image_of_which_a_byte_changed() {
	local file name

	rich
	checkpoint
	for file in "$work/image"/*.img; do
		name=${file##*/}
		rm -rf "$work/torn" && cp -a "$work/image" "$work/torn"
		python3 -c 'import os, sys
f = open(sys.argv[1], "r+b"); at = os.path.getsize(sys.argv[1]) // 2
f.seek(at); b = f.read(1); f.seek(at); f.write(bytes([b[0] ^ 0x10]))' "$work/torn/$name"
		torn "$name" "$([ "$name" = ckrun-manifest.img ] && echo manifest || echo "$name")"
	done
	restore
	goes_on_counting
}

refuses_an_image_that_was_cut_off() {
	local file name

	rich
	checkpoint
	for file in "$work/image"/*.img; do
		name=${file##*/}
		rm -rf "$work/torn" && cp -a "$work/image" "$work/torn"
		truncate -s -1 "$work/torn/$name"
		torn "$name" "$([ "$name" = ckrun-manifest.img ] && echo manifest || echo "$name")"
		rm "$work/torn/$name"
		# without a manifest it is an image of CRIU's, which has none
		[ "$name" = ckrun-manifest.img ] || torn "$name"
	done
	mkdir "$work/elsewhere" && cp -a "$work/image/." "$work/elsewhere"
	rm -rf "$work/torn" && ln -s "$work/elsewhere" "$work/torn"
	torn "the directory" "$work/torn"
	rm -rf "$work/torn" && cp -a "$work/image" "$work/torn"
	mv "$work/torn/pstree.img" "$work/pstree.img" && ln -s "$work/pstree.img" "$work/torn/pstree.img"
	torn pstree.img
}

# changed FILE PYTHON - a copy of the image, without its manifest, whose record r of FILE was changed
changed() {
	rm -rf "$work/torn" && cp -a "$work/image" "$work/torn"
	rm "$work/torn/ckrun-manifest.img"
	ckrun image decode "$work/torn/$1" >"$work/json"
	python3 -c 'import json, sys
d = json.load(open(sys.argv[1])); r = d["entries"][0]
exec(sys.argv[2])
json.dump(d, open(sys.argv[1], "w"))' "$work/json" "$2"
	rm "$work/torn/$1"
	ckrun image encode -o "$work/torn/$1" "$work/json"
}

grants_no_capability_that_the_bundle_does_not() {
	counting
	checkpoint
	changed core-1.img 'r["thread_core"]["creds"]["cap_prm"][0] |= 1 << 21'
	torn core-1.img "cap_sys_admin, which the bundle's config.json does not allow"
	changed core-1.img 'c = r["thread_core"]["creds"]; c["cap_bnd"] = [0xffffffff, 0x1ff]'
	ckrun restore -d --image-path "$work/torn" -b "$b" t </dev/null >/dev/null
	same "$(grep CapBnd "/proc/$(field pid)/status")" "$(printf 'CapBnd:\t0000000020000420')"
	ckrun delete -f t
	bundle "mount('/out', '$work/carried', 'rbind', 'rw')
for kind in p['capabilities']: p['capabilities'][kind] = ['CAP_KILL']"
	cp -a "$work/image" "$work/torn2" && rm -rf "$work/torn" && mv "$work/torn2" "$work/torn"
	torn "the image" "which the bundle's config.json does not allow"
}

lets_no_image_set_privileged_registers() {
	counting
	checkpoint
	changed core-1.img 'g = r["thread_info"]["gpregs"]; g["flags"] = 0x3202 | 1 << 17 | 1 << 14'
	if ckrun restore -d --image-path "$work/torn" -b "$b" t </dev/null >/dev/null 2>"$work/errors"; then
		goes_on_counting
		ckrun delete -f t
	fi
	changed core-1.img 'r["thread_info"]["gpregs"]["cs"] = 0x10'
	torn core-1.img registers
	changed core-1.img 'r["thread_info"]["gpregs"]["fs_base"] = 0xffff888000000000'
	torn core-1.img registers
}

refuses_what_no_kernel_could_have_said() {
	counting
	checkpoint
	changed pstree.img 'r["threads"] = [1] * 1000000'
	torn pstree.img "thread 1 is there twice"
	changed pstree.img 'r["pid"] = r["pgid"] = r["sid"] = 4000000000; r["threads"] = [4000000000]'
	torn pstree.img "out of range"
	changed pstree.img 'r["ppid"] = 77'
	torn pstree.img "before its parent 77"
	changed mm-1.img 'v = r["vmas"][0]; v["start"], v["end"] = v["end"], v["start"]'
	torn mm-1.img "it is no range of pages"
	changed mm-1.img 'r["vmas"][1]["start"] = r["vmas"][0]["start"]'
	torn mm-1.img "within the region before it"
	changed mm-1.img 'del r["vmas"][2:]'
	torn pagemap-1.img "outside of the task's regions"
	changed mm-1.img 'r["mm_saved_auxv"] = [1] * 100000'
	torn mm-1.img "task 1 (sh)"
	changed mm-1.img 'r["exe_file_id"] = 4000'
	torn mm-1.img 4000
	changed core-1.img 'del r["thread_core"]["creds"]'
	torn core-1.img credentials
	changed core-1.img 'del r["tc"]'
	torn core-1.img "no task in it"
	changed core-1.img 'r["tc"]["task_state"] = 2'
	torn core-1.img "no task is its parent"
	changed fdinfo-1.img 'd["entries"][0]["fd"] = 5000'
	torn fdinfo-1.img "out of order"
}

leaves_the_container_alone_when_the_disk_is_full() {
	local size

	rich
	mkdir -p "$work/small"
	for size in 16k 64k 200k; do
		mount -t tmpfs -o size=$size small "$work/small"
		fails_with "No space left on device" ckrun checkpoint --image-path "$work/small" t
		same "$(find "$work/small" -mindepth 1 ! -name dump.log)" ""
		umount "$work/small"
		same "$(field status)" running
		goes_on_counting
	done
}

leaves_the_container_alone_when_the_directory_is_read_only() {
	counting
	mkdir -p "$work/small"
	mount -t tmpfs -o ro small "$work/small"
	fails_with "Read-only file system" ckrun checkpoint --image-path "$work/small" t
	umount "$work/small"
	fails_with "$work/no/such" ckrun checkpoint --image-path "$work/no/such" t
	: >"$work/file"
	fails_with "$work/file" ckrun checkpoint --image-path "$work/file" t
	goes_on_counting
}

# as_nobody COMMAND... - ckrun as somebody who may nothing
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups build/ckrun --root "$work/state" "$@"
}

says_in_one_sentence_that_somebody_may_not() {
	local words

	counting
	chmod 755 "$work"
	for words in "state t" "checkpoint --image-path /tmp/nobody t" "restore -d -b $b --image-path $work/image t" \
		"kill t" "exec t true" "run -b $b t3" "delete t" "pause t"; do
		# shellcheck disable=SC2086 # words
		fails_with "ckrun: ${words%% *} " as_nobody $words
		# shellcheck disable=SC2086
		contains "$(as_nobody $words 2>&1)" "ermission"
		# shellcheck disable=SC2086
		same "$(as_nobody $words 2>&1 | wc -l)" 1
	done
	goes_on_counting
}

names_the_bundle_that_is_not_there() {
	counting
	checkpoint
	fails_with "/no/such/bundle" ckrun restore -d -b /no/such/bundle --image-path "$work/image" t
	nothing_left_of t
	mkdir -p "$work/bare"
	fails_with "config.json" ckrun restore -d -b "$work/bare" --image-path "$work/image" t
	fails_with "open directory /no/work" ckrun restore -d -b "$b" --image-path "$work/image" --work-path /no/work t
	nothing_left_of t
}

from_within() {
	local cgroup

	while read -r cgroup; do
		echo "$BASHPID" >"$cgroup/cgroup.procs"
	done < <(find /sys/fs/cgroup -type d -name t)
	checkpoint
}

never_freezes_itself() {
	counting
	fails_with "ckrun itself runs in it" from_within
	goes_on_counting
}

writes_one_image_at_a_time() {
	local i

	counting
	rm -rf "$work"/image.*
	for i in 1 2 3; do
		ckrun checkpoint --leave-running --image-path "$work/image.$i" t 2>"$work/errors.$i" &
	done
	ckrun checkpoint --leave-running --image-path "$work/image.3" t 2>"$work/errors.4" || true
	wait
	for i in 1 2 3; do
		[ -e "$work/image.$i/inventory.img" ] || [ -s "$work/errors.$i" ] ||
			fail "image $i is not there, and nothing was said"
		ckrun image validate "$work/image.$i" >/dev/null
	done
	same "$(cat "$work"/errors.*)" ""
	goes_on_counting
}

carries_a_container_with_the_pids_and_links_of_its_host() {
	counting "lin['namespaces'] = [n for n in lin['namespaces'] if n['type'] not in ('pid', 'network')]"
	ckrun exec -d t sleep 1013 </dev/null >/dev/null 2>&1
	checkpoint
	no_process "sleep 1013" || fail "it was left behind"
	restore
	same "$(field pid)" "$init"
	process "sleep 1013" || fail "it did not come back"
	goes_on_counting
	ckrun delete -f t
}

says_that_a_pid_is_taken() {
	local other=

	counting "lin['namespaces'] = [n for n in lin['namespaces'] if n['type'] != 'pid']"
	checkpoint
	until [ "$other" = "$init" ]; do
		echo $((init - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 1000 &
		other=$!
		[ "$other" = "$init" ] || kill "$other"
	done
	fails_with "pid $init is taken by another process" restore
	nothing_left_of t
	kill "$other"
	wait "$other" || true
	restore
	goes_on_counting
}

refuses_a_pid_that_the_fresh_bundle_cannot_give() {
	counting "lin['namespaces'] = [n for n in lin['namespaces'] if n['type'] != 'pid']"
	checkpoint
	bundle "mount('/out', '$work/carried', 'rbind', 'rw')" "$counts"
	fails_with "make a process with pid $init" restore
	nothing_left_of t
}

refuses_the_namespaces_that_it_cannot_carry() {
	local kind maps="lin['uidMappings'] = lin['gidMappings'] = [{'containerID': 0, 'hostID': 0, 'size': 65536}]"

	for kind in user time; do
		counting "ns('$kind'); $([ $kind = user ] && echo "$maps" || echo pass)"
		fails_with "a $kind namespace of its own, which cannot be carried yet" checkpoint
		[ ! -e "$work/image/inventory.img" ] || fail "an image is there"
		goes_on_counting
		ckrun delete -f t
		rm -rf "$b"
	done
}

joins_the_namespaces_of_the_fresh_bundle_again() {
	local kind edit=pass

	holder --net --ipc --uts
	for kind in network:net ipc:ipc uts:uts; do
		edit+="; ns('${kind%:*}', '/proc/$holder/ns/${kind#*:}')"
	done
	counting "$edit; c.pop('hostname', None)"
	checkpoint
	restore
	for kind in net ipc uts; do
		same "$(readlink "/proc/$(field pid)/ns/$kind")" "$(readlink "/proc/$holder/ns/$kind")"
	done
	goes_on_counting
	kill "$holder"
}

joins_the_pid_namespace_of_the_fresh_bundle_again() {
	local pod

	# its first process waits for orphans, which keep their pids until then
	unshare --pid --fork --kill-child sh -c 'while :; do sleep 0.1; done' &
	holder=$!
	until_true pgrep -P "$holder" >/dev/null
	pod=$(pgrep -P "$holder")
	counting "ns('pid', '/proc/$pod/ns/pid')"
	checkpoint
	sleep 0.3
	restore
	same "$(readlink "/proc/$(field pid)/ns/pid")" "$(readlink "/proc/$pod/ns/pid")"
	goes_on_counting
	ckrun delete -f t
	kill "$holder"
}

# limit NAME... - the first of these cgroup files of the container "t" that exists
limit() {
	local file path

	for file; do
		path=$(find /sys/fs/cgroup -path "*/${group:-t}/$file" | head -n 1)
		[ -z "$path" ] || { cat "$path" && return; }
	done
	fail "no cgroup file $*"
}

has_the_limits_of_the_fresh_bundle() {
	counting "lin['resources'].update(memory={'limit': 1 << 27}, pids={'limit': 50}, cpu={'shares': 512})"
	checkpoint
	bundle "mount('/out', '$work/carried', 'rbind', 'rw'); lin['cgroupsPath'] = '/fresh/t3'
lin['resources'].update(memory={'limit': 1 << 26}, pids={'limit': 20}, cpu={'quota': 50000, 'period': 100000})
p['capabilities']['bounding'].append('CAP_MKNOD')
for kind in 'effective', 'permitted': p['capabilities'][kind].append('CAP_MKNOD')" "$counts"
	restore
	group=t3
	same "$(limit memory.max memory.limit_in_bytes)" $((1 << 26))
	same "$(limit pids.max)" 20
	contains "$(limit cpu.max cpu.cfs_quota_us)" 50000
	contains "$(inside 'mknod /dev/loop b 7 0 && cat /dev/loop' 2>&1 || true)" "Operation not permitted"
	contains "$(inside 'cat /proc/self/cgroup')" :/
	goes_on_counting
}

lists_every_reason_at_once() {
	local said

	make -s build/tests/demo/uring
	counting "mount('/uring', '$PWD/build/tests/demo/uring', 'bind', 'ro')"
	ckrun exec -d t /uring /tmp/one </dev/null >/dev/null 2>&1
	ckrun exec -d t /uring /tmp/two </dev/null >/dev/null 2>&1
	until_true test -s "$b/rootfs/tmp/two"
	said=$(checkpoint 2>&1) && fail "succeeded"
	same "$(grep -o 'task [0-9]* (uring): fd [0-9]*: anon_inode:.io_uring' <<<"$said" | sort -u | wc -l)" 2
	[ ! -e "$work/image/inventory.img" ] || fail "an image is there"
	goes_on_counting
	until_true grows "$b/rootfs/tmp/one"
	until_true grows "$b/rootfs/tmp/two"
}

grows() {
	local was

	was=$(wc -c <"$1")
	sleep 0.1
	[ "$(wc -c <"$1")" -gt "$was" ]
}

restores_no_signal_that_its_caller_ignores() {
	local before

	counting
	ckrun exec -d t sleep 1014 </dev/null >/dev/null 2>&1
	before=$(cat /proc/"$init"/status /proc/"$(pid_of "sleep 1014")"/status | grep SigIgn)
	checkpoint
	(trap '' HUP USR1 TERM && restore)
	same "$(cat /proc/"$(field pid)"/status /proc/"$(pid_of "sleep 1014")"/status | grep SigIgn)" "$before"
}

pid_of() {
	grep -zlsx "${1#* }" /proc/[0-9]*/cmdline | head -n 1 | cut -d/ -f3
}

tests+=(
	crit_decodes_every_file_of_an_image
	refuses_an_image_of_which_a_byte_changed
	refuses_an_image_that_was_cut_off
	grants_no_capability_that_the_bundle_does_not
	lets_no_image_set_privileged_registers
	refuses_what_no_kernel_could_have_said
	leaves_the_container_alone_when_the_disk_is_full
	leaves_the_container_alone_when_the_directory_is_read_only
	says_in_one_sentence_that_somebody_may_not
	names_the_bundle_that_is_not_there
	never_freezes_itself
	writes_one_image_at_a_time
	carries_a_container_with_the_pids_and_links_of_its_host
	says_that_a_pid_is_taken
	refuses_a_pid_that_the_fresh_bundle_cannot_give
	refuses_the_namespaces_that_it_cannot_carry
	joins_the_namespaces_of_the_fresh_bundle_again
	joins_the_pid_namespace_of_the_fresh_bundle_again
	has_the_limits_of_the_fresh_bundle
	lists_every_reason_at_once
	restores_no_signal_that_its_caller_ignores
)
