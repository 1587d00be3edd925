# shellcheck shell=bash disable=SC2154 # $criu, $work of run
# command.sh - verbs, options, features

the_version_is_where_scripts_look_for_it() {
	local option

	for option in --version -V; do
		"$criu" $option >"$work/version"
		[ "$(sed -n 1p "$work/version")" = "Version: 4.2" ]
		[[ $(sed -n 2p "$work/version") == "ckrun "* ]]
	done
	# as bats, LXC and others cut it
	[ "$("$criu" --version | awk '/Version/ { print $2 }')" = 4.2 ]
}

a_kernel_that_can_restore_looks_good() {
	[ "$("$criu" check)" = "Looks good." ]
	[ "$("$criu" -v4 check -o -)" = "Looks good." ]
}

features_are_there_only_if_kernel_and_engine_have_them() {
	local name

	for name in timerfd fdinfo_lock seccomp_filters seccomp_suspend kcmp_epoll clone3_set_tid; do
		"$criu" check --feature $name || fail "$name is missing"
	done
	refused "there is no pre-dump yet" "$criu" check --feature mem_dirty_track
	refused "not restored lazily yet" "$criu" check --feature uffd-noncoop
	refused "time namespaces are not carried yet" "$criu" check --feature timens
	refused "no such feature" "$criu" check --feature warp_drive
	contains "$("$criu" check --feature list)" "userns"
}

checking_all_features_names_those_that_are_missing() {
	refused "userns: user namespaces are not carried yet" "$criu" check --all
	contains "$(<"$work/said")" "Looks good but some features are missing."
	refused "uffd" "$criu" check --extra
	refused "compat_cr" "$criu" check --experimental
}

what_is_not_there_yet_is_refused_by_name() {
	refused "criu pre-dump is not supported yet" "$criu" pre-dump -t 1
	refused "criu lazy-pages is not supported yet" "$criu" lazy-pages
	refused "--page-server is not supported yet" "$criu" dump -t 1 --page-server
	refused "--track-mem is not supported yet" "$criu" dump -t 1 --track-mem
	refused "--join-ns is not supported yet" "$criu" restore -J net:/x
	refused "option --warp is not known" "$criu" dump --warp
	refused "option -t needs an argument" "$criu" dump -t
	refused "unknown verb fly" "$criu" fly
	refused "no verb is given" "$criu"
}

the_help_lists_options_and_verbs() {
	contains "$("$criu" --help)" "--images-dir"
	contains "$("$criu" -h)" "swrk"
}

the_processor_is_described_and_compared() {
	mkdir -p "$work/cpu"
	"$criu" cpuinfo dump -D "$work/cpu"
	contains "$(crit show "$work/cpu/cpuinfo.img")" '"capability_ver": 2'
	"$criu" cpuinfo check -D "$work/cpu"
	contains "$(rpc "CPUINFO_DUMP,o.images_dir_fd=fd:$work/cpu")" "CPUINFO_DUMP success=1"
	contains "$(rpc "CPUINFO_CHECK,o.images_dir_fd=fd:$work/cpu")" "CPUINFO_CHECK success=1"
	# a processor that has all instructions there are
	crit show "$work/cpu/cpuinfo.img" >"$work/cpu.json"
	python3 - "$work/cpu.json" <<-END
		import json, sys
		image = json.load(open(sys.argv[1]))
		words = image["entries"][0]["x86_entry"][0]["capability"]
		words[9] = 0xffffffff
		words[4] = 0xffffffff
		words[6] = 0xffffffff
		json.dump(image, open(sys.argv[1], "w"))
	END
	crit encode -i "$work/cpu.json" -o "$work/cpu/cpuinfo.img"
	refused "this processor lacks" "$criu" cpuinfo check -D "$work/cpu"
	contains "$(rpc "CPUINFO_CHECK,o.images_dir_fd=fd:$work/cpu")" "cr_errno=95"
	echo short >"$work/cpu/cpuinfo.img"
	refused "is damaged" "$criu" cpuinfo check -D "$work/cpu"
	refused "usage: criu cpuinfo" "$criu" cpuinfo
}

make_install_makes_the_link() {
	make -s install DESTDIR="$work/root" PREFIX=/usr BUILD="$PWD/build" >"$work/make" 2>&1
	contains "$("$work/root/usr/sbin/criu" -V)" "Version: 4.2"
}

tests+=(
	the_version_is_where_scripts_look_for_it
	a_kernel_that_can_restore_looks_good
	features_are_there_only_if_kernel_and_engine_have_them
	checking_all_features_names_those_that_are_missing
	what_is_not_there_yet_is_refused_by_name
	the_help_lists_options_and_verbs
	the_processor_is_described_and_compared
	make_install_makes_the_link
)
