# shellcheck shell=bash disable=SC2016,SC2154 # scripts for the container; $b, $work, $init of bundle.sh
# terminal.sh - a pseudoterminal of the container's own, its master sent over the console socket

# on_console COMMAND... - run with --console-socket; what the container writes to its terminal.
# $CONSOLE is typed.  The last argument is the container: the option goes before it.
on_console() {
	python3 - "$work/console" "$@" <<-'END'
		import array, os, socket, subprocess, sys

		path, command = sys.argv[1], sys.argv[2:]
		if os.path.exists(path):
		    os.unlink(path)
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(path)
		listener.listen(1)
		listener.settimeout(20)
		at = command.index("t")
		run = subprocess.Popen(command[:at] + ["--console-socket", path] + command[at:])
		conn, _ = listener.accept()
		text, control, _, _ = conn.recvmsg(4096, socket.CMSG_SPACE(4))
		print("sent as", text.decode(), flush=True)
		master = array.array("i", control[0][2])[0]
		os.write(master, os.environ.get("CONSOLE", "").encode())
		while True:
		    try:
		        data = os.read(master, 4096)
		    except OSError: # EIO: the last one has closed it
		        break
		    sys.stdout.buffer.write(data)
		    sys.stdout.flush()
		sys.exit(run.wait())
	END
}

ckrun_path=$PWD/build/ckrun
look='tty; stty size; ls -l /dev/console; stat -c "%t:%T" /dev/console /dev/pts/0; read -r line; echo "heard $line"; exec 3</dev/tty && echo controlling'

gives_the_init_a_terminal_of_its_own() {
	local got

	bundle 'p["terminal"] = True; p["consoleSize"] = {"height": 33, "width": 77}' "$look"
	got=$(CONSOLE=$'typed\n' on_console "$ckrun_path" --root "$work/state" run -d -b "$b" t)
	contains "$got" "sent as /dev/ptmx"
	contains "$got" "/dev/pts/0"
	contains "$got" "33 77"
	contains "$got" $'88:0\r\n88:0'
	contains "$got" "heard typed"
	contains "$got" controlling
}

gives_an_executed_process_a_terminal() {
	local got

	started pass
	got=$(CONSOLE=$'typed\n' on_console "$ckrun_path" --root "$work/state" exec -d -t t \
		/bin/sh -c 'tty; read -r line; echo "heard $line"; exec 3</dev/tty && echo controlling')
	contains "$got" /dev/pts/0
	contains "$got" "heard typed"
	contains "$got" controlling
}

gives_the_terminal_to_the_user() {
	local got

	bundle 'p["terminal"] = True; p["user"] = {"uid": 1000, "gid": 1000}' 'stat -c %u /dev/pts/0; echo again >/dev/tty; echo more >/dev/stdout'
	got=$(on_console "$ckrun_path" --root "$work/state" run -d -b "$b" t)
	contains "$got" 1000
	contains "$got" again
	contains "$got" more
}

wants_a_console_socket_for_a_detached_terminal() {
	bundle 'p["terminal"] = True' true
	fails_with "console" ckrun create -b "$b" t
}

tests+=(
	gives_the_init_a_terminal_of_its_own
	gives_an_executed_process_a_terminal
	gives_the_terminal_to_the_user
	wants_a_console_socket_for_a_detached_terminal
)
