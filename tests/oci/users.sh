# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# users.sh - user and time namespaces, scheduling, personality, labels

mapped='ns("user"); lin["uidMappings"] = lin["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}];'

maps_ids_in_a_user_namespace() {
	local got

	started "$mapped"
	same "$(stat -c %u:%g "/proc/$init")" 100000:100000
	same_words "$(inside 'cat /proc/self/uid_map /proc/1/gid_map; id -u')" " 0 100000 65536 0 100000 65536 0"
	[ "$(inside 'readlink /proc/self/ns/user')" != "$(readlink /proc/self/ns/user)" ] || fail "the host's"
	same "$(inside 'readlink /proc/self/ns/user')" "$(readlink "/proc/$init/ns/user")"
}

binds_the_hosts_devices_where_it_may_not_make_them() {
	local got

	got=$(container "$mapped" 'echo x >/dev/null; head -c 4 /dev/zero | wc -c; stat -c %t:%T /dev/full; grep -c " /dev/.* devtmpfs" /proc/self/mountinfo')
	same_words "$got" "4 1:7 6"
}

opens_sources_that_only_the_host_may() {
	mkdir -p "$work/src/inner" && chmod 700 "$work/src" && echo seen >"$work/src/inner/file"
	bundle "$mapped"'mount("/m", b + "/../src/inner", "bind")' 'cat /m/file'
	mkdir "$b/rootfs/m"
	same "$(ckrun run -b "$b" t)" seen
	rm -r "$work/src"
}

joins_a_user_namespace_by_path() {
	local got

	started "$mapped"
	bundle "ns('user', '/proc/$init/ns/user')" 'readlink /proc/self/ns/user; cat /proc/self/uid_map; echo $$ $PPID; ls /'
	got=$(ckrun run -b "$b" t2)
	contains "$got" "$(readlink "/proc/$init/ns/user")"
	contains "$got" $'\n1 0'
	ckrun delete -f t
}

gives_a_terminal_in_a_user_namespace() {
	local got

	bundle "$mapped p['terminal'] = True" 'tty; stat -c %u /dev/console; echo out >/dev/tty'
	got=$(on_console "$ckrun_path" --root "$work/state" run -d -b "$b" t)
	contains "$got" /dev/pts/0
	contains "$got" out
}

wants_mappings_for_a_user_namespace() {
	fails_with "uidMappings" container 'ns("user")' true
}

sets_the_clocks_of_a_time_namespace() {
	local got

	got=$(container 'ns("time"); lin["timeOffsets"] = {"boottime": {"secs": 1000000, "nanosecs": 0}, "monotonic": {"secs": 5}}' \
		'cut -d . -f 1 /proc/uptime; cat /proc/self/timens_offsets')
	[ "${got%%$'\n'*}" -ge 1000000 ] || fail "$got"
	contains "$(tr -s ' ' <<<"$got")" "monotonic 5 0"
}

schedules_as_it_is_told() {
	local got

	started 'p["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}; p["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}'
	same "$(python3 -c "import os; print(os.sched_getscheduler($init) == os.SCHED_BATCH, os.getpriority(os.PRIO_PROCESS, $init))")" "True 7"
	same "$(ionice -p "$init")" "best-effort: prio 6"
}

shows_the_personality() {
	same "$(container 'lin["personality"] = {"domain": "LINUX32"}' 'uname -m')" i686
}

refuses_labels_of_a_module_that_is_not_there() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || skip "this host has AppArmor"
	fails_with "apparmor not supported" container 'p["apparmorProfile"] = "docker-default"' true
	fails_with "SELinux is not in use" container 'p["selinuxLabel"] = "system_u:system_r:container_t:s0"' true
	container 'p["apparmorProfile"] = "unconfined"' true
}

tests+=(
	maps_ids_in_a_user_namespace
	binds_the_hosts_devices_where_it_may_not_make_them
	opens_sources_that_only_the_host_may
	joins_a_user_namespace_by_path
	gives_a_terminal_in_a_user_namespace
	wants_mappings_for_a_user_namespace
	sets_the_clocks_of_a_time_namespace
	schedules_as_it_is_told
	shows_the_personality
	refuses_labels_of_a_module_that_is_not_there
)
