# shellcheck shell=bash
# check.sh - check.h for suites in bash: source it, write functions, end with `check_run NAME...`
#
# Each function runs in a subshell with `set -e`: the first command that fails is the failure.
# `skip WHY` ends a test as skipped, `fail WHY` as failed.  What a test prints is shown after "# ".
skip() {
	echo "skipped: $*"
	exit 77
}

fail() {
	echo "$*"
	exit 1
}

check_run() {
	local name status number=0 passed=0 failed=0 skipped=0 out

	out=$(mktemp)
	for name; do
		number=$((number + 1))
		(set -e && "$name") >"$out" 2>&1
		status=$?
		sed 's/^/# /' "$out"
		case $status in
		0) passed=$((passed + 1)) ;;
		77) skipped=$((skipped + 1)) ;;
		*) failed=$((failed + 1)) ;;
		esac
		[ $status = 0 ] || [ $status = 77 ] && echo "ok $number - $name" || echo "not ok $number - $name"
	done
	rm -f "$out"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
