# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# namespaces.sh - made, joined by path, entered by exec

links='for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'

makes_every_namespace_that_is_asked_for() {
	local kind got

	got=$(container 'ns("cgroup")' "$links")
	for kind in cgroup ipc mnt net pid uts; do
		contains "$got" "$kind:["
		[[ $got != *"$(readlink /proc/self/ns/$kind)"* ]] || fail "$kind is the host's"
	done
	for kind in time user; do
		contains "$got" "$(readlink /proc/self/ns/$kind)"
	done
}

shares_a_namespace_that_is_not_asked_for() {
	local got

	got=$(container 'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "ipc"]' \
		'readlink /proc/self/ns/ipc')
	same "$got" "$(readlink /proc/self/ns/ipc)"
}

refuses_a_container_without_a_mount_namespace() {
	fails_with "mount namespace" container \
		'lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "mount"]' true
}

# holder OPTION... - a process in new namespaces; $holder is its pid
holder() {
	unshare "$@" sh -c 'echo up; exec sleep 1000' >"$work/up" &
	holder=$!
	until [ -s "$work/up" ]; do sleep 0.01; done
	rm "$work/up"
}

joins_namespaces_by_path() {
	local kind got edit=

	holder --net --ipc --uts --cgroup
	for kind in network:net ipc:ipc uts:uts cgroup:cgroup; do
		edit+="ns('${kind%:*}', '/proc/$holder/ns/${kind#*:}');"
	done
	got=$(container "$edit lin.pop('hostname', None); c.pop('hostname', None)" "$links")
	for kind in net ipc uts cgroup; do
		contains "$got" "$(readlink "/proc/$holder/ns/$kind")"
	done
	kill "$holder"
}

joins_a_pid_namespace_by_path() {
	local got

	started pass
	bundle "ns('pid', '/proc/$init/ns/pid')" "readlink /proc/self/ns/pid; echo \$\$"
	got=$(ckrun run -b "$b" t2)
	contains "$got" "$(readlink "/proc/$init/ns/pid")"
	[ "${got##*$'\n'}" != 1 ] || fail "it is pid 1 of another namespace"
	ckrun delete -f t
}

joins_a_mount_namespace_by_path() {
	local got

	holder --mount
	got=$(container "ns('mount', '/proc/$holder/ns/mnt')" 'readlink /proc/self/ns/mnt; ls /bin')
	contains "$got" "$(readlink "/proc/$holder/ns/mnt")"
	contains "$got" busybox
	kill "$holder"
}

names_the_namespace_that_cannot_be_joined() {
	fails_with "join the network namespace /nowhere" container 'ns("network", "/nowhere")' true
	fails_with "join the ipc namespace /proc/self/ns/net" container \
		'ns("ipc", "/proc/self/ns/net")' true
}

sets_the_loopback_up() {
	contains "$(container pass 'ip addr show lo')" "UP,LOWER_UP"
}

executes_beside_the_init_with_a_parent_outside() {
	local got

	started 'ns("cgroup")'
	got=$(inside "$links; cut -d ' ' -f 4 /proc/self/stat; cut -d ' ' -f 6 /proc/self/stat; echo \$\$")
	for kind in cgroup ipc mnt net pid uts; do
		contains "$got" "$(readlink "/proc/$init/ns/$kind")"
	done
	got=$(inside 'read -r a b c parent d session e </proc/$$/stat; echo $parent $((session == $$))')
	same "$got" "0 1"
}

own_cgroups='cat /proc/self/cgroup'
show_cgroups='lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != "cgroup"]'

# Each hierarchy that is mounted has the cgroup of the container.
is_in_every_hierarchy() {
	same "$(grep -c ":/t$" <<<"$1")" "$(findmnt -rn -t cgroup,cgroup2 | wc -l)"
}

executes_in_the_cgroups_of_the_init() {
	started "$show_cgroups"
	same "$(inside "$own_cgroups")" "$(ckrun exec t cat /proc/1/cgroup)"
	is_in_every_hierarchy "$(inside "$own_cgroups")"
}

runs_in_its_own_cgroups() {
	is_in_every_hierarchy "$(container "$show_cgroups" "$own_cgroups")"
}

does_the_same_where_only_cgroup_v2_is() {
	unshare -m sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec tests/oci/run "$@"' sh \
		executes_in_the_cgroups_of_the_init runs_in_its_own_cgroups shows_a_container_its_own_cgroups \
		executes_beside_the_init_with_a_parent_outside makes_the_default_devices_and_links
}

does_the_same_where_only_cgroup_v1_is() {
	unshare -m sh -c 'umount -t cgroup2 -a && exec tests/oci/run "$@"' sh \
		executes_in_the_cgroups_of_the_init runs_in_its_own_cgroups shows_a_container_its_own_cgroups
}

tests+=(
	makes_every_namespace_that_is_asked_for
	shares_a_namespace_that_is_not_asked_for
	refuses_a_container_without_a_mount_namespace
	joins_namespaces_by_path
	joins_a_pid_namespace_by_path
	joins_a_mount_namespace_by_path
	names_the_namespace_that_cannot_be_joined
	sets_the_loopback_up
	executes_beside_the_init_with_a_parent_outside
	executes_in_the_cgroups_of_the_init
	runs_in_its_own_cgroups
	does_the_same_where_only_cgroup_v2_is
	does_the_same_where_only_cgroup_v1_is
)
