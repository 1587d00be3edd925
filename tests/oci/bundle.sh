# shellcheck shell=bash
# bundle.sh - bundles of busybox for the tests of this folder, and ways to run them
#
#	bundle EDIT		$b is a new bundle: what `ckrun spec` writes, without a terminal,
#				changed by EDIT: python statements on the object c
#	container EDIT SCRIPT	a new bundle, run: its init is a shell with SCRIPT
#	started EDIT [SCRIPT]	the same, detached as container "t"; SCRIPT sleeps if not given
#	inside SCRIPT		SCRIPT in a shell executed beside the init of "t"
# A test has the container "t" for itself; it is gone when the test ends.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ckrun() {
	build/ckrun --root "$work/state" "$@"
}

base_rootfs() {
	local applet

	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,root}
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in $(busybox --list); do
		ln -s busybox "$1/bin/$applet" 2>/dev/null || true
	done
	printf '%s\n' root:x:0:0::/root:/bin/sh plain:x:1000:1000::/home/plain:/bin/sh >"$1/etc/passwd"
	chmod 1777 "$1/tmp"
}
base_rootfs "$work/base"
ckrun spec -b "$work"

edit() {
	SCRIPT=${2-} BUNDLE=$b python3 - "$1" "$work/config.json" <<-'END'
		import json, os, sys

		c = json.load(open(sys.argv[2]))
		p, lin = c["process"], c["linux"]
		b = os.environ["BUNDLE"]

		def ns(kind, path=None):
		    lin["namespaces"] = [n for n in lin["namespaces"] if n["type"] != kind]
		    lin["namespaces"].append({"type": kind, "path": path} if path else {"type": kind})

		def mount(destination, source, *options, type="bind"):
		    c["mounts"].append({"destination": destination, "type": type, "source": source,
		                        "options": list(options)})

		def no_mount(*prefixes):
		    c["mounts"] = [m for m in c["mounts"] if not m["destination"].startswith(prefixes)]

		p["terminal"] = False
		c["root"]["readonly"] = False
		if os.environ["SCRIPT"]:
		    p["args"] = ["/bin/sh", "-c", os.environ["SCRIPT"]]
		exec(sys.argv[1])
		json.dump(c, open(b + "/config.json", "w"))
	END
}

bundle() {
	b=$(mktemp -d "$work/bundle.XXXX")
	cp -a "$work/base" "$b/rootfs"
	edit "${1:-pass}" "${2-}"
	trap 'ckrun delete -f t >/dev/null 2>&1 || true; rm -rf "$b"' EXIT
}

container() {
	bundle "$1" "$2"
	ckrun run -b "$b" t
}

started() {
	bundle "$1" "${2:-exec sleep 1000}"
	ckrun run -d -b "$b" t </dev/null >/dev/null
	# shellcheck disable=SC2034 # for the tests
	init=$(field pid)
}

inside() {
	ckrun exec t /bin/sh -c "$1"
}

# A field of the state of "t".
field() {
	ckrun state t | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# same GOT WANT
same() {
	[ "$1" = "$2" ] || fail "\"$1\" instead of \"$2\""
}

# same_words GOT WANT - whatever white space is between them in GOT
same_words() {
	same "$(tr -s '[:space:]' ' ' <<<"$1" | sed 's/ $//')" "$2"
}

# contains TEXT PART
contains() {
	[[ $1 == *"$2"* ]] || fail "no \"$2\" in \"$1\""
}

# fails_with PART COMMAND... - the command fails, and PART is on the first line of its stderr
fails_with() {
	local part=$1 said

	shift
	if said=$("$@" 2>&1 >/dev/null); then
		fail "succeeded: $*"
	fi
	contains "$(head -n 1 <<<"$said")" "$part"
}
