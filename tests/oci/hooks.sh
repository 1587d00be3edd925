# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# hooks.sh - hooks at their places: order, namespaces, what they see, what their failure does

# $work/hook NAME: appends "NAME status pid mount-namespace" and more to $work/hooks
cat >"$work/hook" <<'END'
#!/usr/bin/env python3
import json, os, sys
state = json.load(sys.stdin)
name, log = sys.argv[1:3]
pid = state.get("pid", 0)
mounted = any(l.split()[4] == state["bundle"] + "/rootfs/proc" for l in open(f"/proc/{pid}/mountinfo")) \
    if pid and name != "poststart" else False
own = os.readlink("/proc/self/ns/mnt")
theirs = os.readlink(f"/proc/{pid}/ns/mnt") if pid else ""
print(name, state["status"], "container" if own == theirs else "host", "mounted" if mounted else "-",
      file=open(log, "a"))
END
chmod 755 "$work/hook"

all_hooks='
def hook(kind, *args, path=b + "/../hook"):
    c.setdefault("hooks", {}).setdefault(kind, []).append({"path": path, "args": [path.split("/")[-1], *args], "env": ["PATH=/usr/bin:/bin"]})
for kind in "prestart", "createRuntime", "createContainer", "poststart", "poststop":
    hook(kind, kind, b + "/../hooks")
hook("startContainer", "-c", "cat >/tmp/state; readlink /proc/self/ns/mnt >>/tmp/state; grep CapEff /proc/self/status >>/tmp/state", path="/bin/sh")'$'\n'

runs_every_hook_at_its_place() {
	rm -f "$work/hooks"
	bundle "$all_hooks" 'cat /tmp/state; readlink /proc/self/ns/mnt; exec sleep 1000'
	ckrun create -b "$b" t </dev/null >/dev/null
	same "$(cat "$work/hooks")" "prestart creating host mounted
createRuntime creating host mounted
createContainer creating container mounted"
	[ ! -e "$b/rootfs/tmp/state" ] || fail "startContainer ran before start"
	ckrun start t
	contains "$(cat "$b/rootfs/tmp/state")" '"status":"created"'
	contains "$(cat "$b/rootfs/tmp/state")" "\"pid\":$(field pid)"
	contains "$(cat "$b/rootfs/tmp/state")" "$(readlink "/proc/$(field pid)/ns/mnt")"
	contains "$(tail -n 1 "$work/hooks")" "poststart running host"
	ckrun delete -f t
	contains "$(tail -n 1 "$work/hooks")" "poststop stopped host"
}

a_failing_hook_before_start_leaves_nothing() {
	local kind

	for kind in prestart createRuntime createContainer; do
		bundle "${all_hooks}hook('$kind', '-c', 'echo broken >&2; exit 3', path='/bin/sh')" true
		fails_with "broken" ckrun create -b "$b" t
		if ckrun state t >/dev/null 2>&1; then
			fail "the container is there after a failing $kind hook"
		fi
		[ -z "$(find /sys/fs/cgroup -type d -name t)" ] || fail "a cgroup is left"
	done
}

a_failing_start_hook_keeps_the_program_from_running() {
	bundle "${all_hooks}hook('startContainer', '-c', 'echo broken >&2; exit 3', path='/bin/sh')" 'touch /tmp/ran; sleep 1000'
	ckrun create -b "$b" t </dev/null >/dev/null
	fails_with "broken" ckrun start t
	[ ! -e "$b/rootfs/tmp/ran" ] || fail "the program ran"
	same "$(field status)" stopped
}

lets_a_hook_add_a_mount() {
	bundle "${all_hooks}r = b + '/rootfs/added'; c['hooks'] = {}
hook('createContainer', '-c', f'mkdir -p {r} && mount -t tmpfs none {r} && touch {r}/file', path='/bin/sh')" 'ls /added'
	same "$(ckrun run -b "$b" t)" file
}

tests+=(
	runs_every_hook_at_its_place
	a_failing_hook_before_start_leaves_nothing
	a_failing_start_hook_keeps_the_program_from_running
	lets_a_hook_add_a_mount
)
