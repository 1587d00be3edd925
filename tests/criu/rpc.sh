# shellcheck shell=bash disable=SC2154 # $criu, $work of run
# rpc.sh - requests over `criu swrk`

a_client_learns_the_version() {
	contains "$(rpc VERSION)" "VERSION success=1 version.major=4 version.minor=2 version.name=ckrun"
	contains "$(rpc VERSION)" "exit 0"
	# crun fills options that mean nothing here
	contains "$(rpc VERSION,o.images_dir_fd=0)" "success=1"
}

a_client_learns_which_features_are_there() {
	contains "$(rpc FEATURE_CHECK,mem_track=1,lazy_pages=1)" \
		"FEATURE_CHECK success=1 features.mem_track=0 features.lazy_pages=0"
	contains "$(rpc FEATURE_CHECK)" "cr_errno=22"
	contains "$(rpc CHECK)" "CHECK success=1"
}

a_connection_is_kept_for_as_long_as_the_client_asks() {
	local said

	said=$(rpc --keep-open VERSION CHECK VERSION)
	[ "$(grep -c success=1 <<<"$said")" = 3 ] || fail "$said"
	contains "$said" "exit 0"
	said=$(rpc --keep-open PRE_DUMP VERSION)
	contains "$said" "PRE_DUMP success=0 cr_errno=38"
	contains "$said" "VERSION success=1"
}

a_request_that_is_not_there_yet_gets_a_number_and_a_sentence() {
	local type said

	for type in PRE_DUMP SINGLE_PRE_DUMP PAGE_SERVER PAGE_SERVER_CHLD WAIT_PID; do
		said=$(rpc $type)
		contains "$said" "$type success=0 cr_errno=38 cr_errmsg=$type: "
		contains "$said" "is not supported yet"
		contains "$said" "exit 1"
	done
}

a_packet_that_is_no_request_is_told_so() {
	local said

	said=$(rpc raw:garbage 2>"$work/errors")
	contains "$said" "success=0 cr_errno=56"
	contains "$said" "that are no request"
	contains "$(rpc 99)" "a request of type"
	refused "descriptor 0: Socket operation on non-socket" "$criu" swrk 0 </dev/null
	refused "is no descriptor" "$criu" swrk x
}

tests+=(
	a_client_learns_the_version
	a_client_learns_which_features_are_there
	a_connection_is_kept_for_as_long_as_the_client_asks
	a_request_that_is_not_there_yet_gets_a_number_and_a_sentence
	a_packet_that_is_no_request_is_told_so
)
