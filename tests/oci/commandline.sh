# shellcheck shell=bash disable=SC2154 # $b, $work of bundle.sh
# commandline.sh - what engines ask of the command line before and after they use it

answers_the_questions_of_engines() {
	local command out

	out=$(ckrun --version)
	grep -qx 'ckrun version [0-9.]*' <<<"$out"
	grep -qx 'commit: [0-9a-f].*' <<<"$out"
	grep -qx 'spec: 1\.[0-9.]*' <<<"$out"
	for command in checkpoint restore create run start state kill delete list exec ps pause resume spec features; do
		contains "$(ckrun "$command" --help)" "Usage: ckrun $command "
		contains "$(ckrun --help)" "  $command "
	done
	fails_with "flag needs an argument: -lsm-mount-context" ckrun restore --lsm-mount-context
	ckrun features | python3 -c 'import json, sys; assert json.load(sys.stdin)["ociVersionMax"]'
}

names_what_it_does_not_know() {
	fails_with "unknown command frobnicate" ckrun frobnicate
	fails_with "create: unknown option --frobnicate" ckrun create --frobnicate t
	fails_with "unknown option --frobnicate" ckrun --frobnicate list
	fails_with "kill: too few arguments" ckrun kill
	fails_with "state: too many arguments" ckrun state a b
	fails_with "--log-format xml: it is text or json" ckrun --log-format xml list
}

refuses_by_name_what_it_cannot_do_yet() {
	local flag

	for flag in --pre-dump --lazy-pages "--parent-path ../x" "--page-server 1.2.3.4:5" "--status-fd 3"; do
		# shellcheck disable=SC2086 # flag and value
		fails_with "checkpoint: ${flag%% *} is not supported by this version" ckrun checkpoint $flag t
	done
	fails_with "restore: --lsm-profile is not supported" ckrun restore --lsm-profile apparmor:x t
	fails_with "create: --pidfd-socket is not supported" ckrun create --pidfd-socket x t
	fails_with "systemd-cgroup is not supported" ckrun --systemd-cgroup list
	fails_with "rootless true is not supported" ckrun --rootless true list
	ckrun --rootless auto --criu /usr/sbin/criu list
}

last_line_says() {
	tail -n 1 "$work/log" | python3 -c 'import json, sys
line = json.load(sys.stdin); print(line["level"], line["msg"], line["time"][:2])'
}

says_an_error_on_stderr_and_in_the_log() {
	rm -f "$work/log"
	fails_with 'ckrun: state nobody: container "nobody" does not exist' \
		ckrun --log "$work/log" --log-format json state nobody
	same "$(last_line_says)" 'error state nobody: container "nobody" does not exist 20'
	fails_with 'ckrun: state nobody: container "nobody" does not exist' ckrun --log "$work/log" state nobody
	grep -q '^time="20.*Z" level=error msg="state nobody: container \\"nobody\\" does not exist"$' "$work/log"
	ckrun --log-format=json state nobody 2>&1 | python3 -m json.tool >/dev/null
	fails_with "--log /nowhere/log: No such file" ckrun --log /nowhere/log list
}

logs_what_takes_how_long_when_debugging() {
	rm -f "$work/log"
	ckrun --debug --log "$work/log" list >/dev/null
	contains "$(<"$work/log")" 'level=debug msg="list : done in'
}

writes_a_config_that_it_can_run() {
	bundle pass true
	rm "$b/config.json"
	ckrun spec --bundle "$b"
	fails_with "spec: file config.json exists. Remove it first" ckrun spec --bundle "$b"
	sed -i 's/"terminal": true/"terminal": false/' "$b/config.json"
	same "$(echo 'echo from sh' | ckrun run -b "$b" t)" "from sh"
}

tests+=(
	answers_the_questions_of_engines
	names_what_it_does_not_know
	refuses_by_name_what_it_cannot_do_yet
	says_an_error_on_stderr_and_in_the_log
	logs_what_takes_how_long_when_debugging
	writes_a_config_that_it_can_run
)
