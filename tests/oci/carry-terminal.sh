# shellcheck shell=bash disable=SC2154 # $b, $work of bundle.sh
# carry-terminal.sh - a shell on a terminal: carried to another terminal it has jobs and size

carries_a_shell_with_its_terminal_session_and_jobs() {
	bundle 'p["terminal"] = True; p["args"] = ["/bin/sh", "-i"]'
	mkdir -p "$work/image"
	python3 - "$PWD/build/ckrun" "$work" "$b" <<-'END'
		import array, fcntl, os, select, socket, struct, subprocess, sys, termios, time

		ckrun, work, bundle = sys.argv[1:]
		image = work + "/image"

		def run(*words):
		    subprocess.check_call([ckrun, "--root", work + "/state", *words])

		def master(*words):
		    path = work + "/console"
		    if os.path.exists(path):
		        os.unlink(path)
		    listener = socket.socket(socket.AF_UNIX)
		    listener.bind(path)
		    listener.listen(1)
		    listener.settimeout(20)
		    command = subprocess.Popen([ckrun, "--root", work + "/state", *words, "-d", "-b", bundle,
		                                "--console-socket", path, "t"])
		    control = listener.accept()[0].recvmsg(4096, socket.CMSG_SPACE(4))[1]
		    assert command.wait() == 0
		    return array.array("i", control[0][2])[0]

		def say(text, want):
		    got, end = b"", time.time() + 10
		    os.write(fd, text.encode() + b"\n")
		    while want.encode() not in got:
		        if time.time() > end:
		            sys.exit(f"{text!r} gave {got!r}, not {want!r}")
		        if select.select([fd], [], [], 0.1)[0]:
		            got += os.read(fd, 4096)

		def quiet():
		    while select.select([fd], [], [], 0.3)[0]:
		        os.read(fd, 4096)

		fd = master("run")
		fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
		say("word=kept; sleep 100 & echo b''egun", "begun")
		quiet()
		run("checkpoint", "--image-path", image, "t")
		os.close(fd)

		fd = master("restore", "--image-path", image)
		say("echo $word; stty size", "kept\r\n44 111")
		say("jobs", "Running")
		say("exec 3</dev/tty && echo con''trolling", "controlling")
		say("fg", "sleep 100")
		say("\x03", "# ")  # ends the foreground job, not the shell
		say("echo al''ive", "alive")
	END
	ckrun delete -f t
}

tests+=(carries_a_shell_with_its_terminal_session_and_jobs)
