/* tty.c - a pseudoterminal that a program made for another, as terminal
 * multiplexers do */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "tests/carry/carry.h"

static void keeps_a_program_on_its_terminal(void)
{
	struct winsize size = {.ws_row = 12, .ws_col = 34};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), up[2];
	char path[64], byte;

	check(master >= 0 && unlockpt(master) == 0 && !ptsname_r(master, path, sizeof(path)));
	check(ioctl(master, TIOCSWINSZ, &size) == 0 && !pipe(up));
	pid_t child = fork();
	if (!child) {
		char line[32];

		check(setsid() == getpid());
		int slave = open(path, O_RDWR); /* becomes its controlling terminal */
		check(slave >= 0 && tcgetsid(slave) == getpid());
		check(write(up[1], "", 1) == 1);
		ssize_t n = read(slave, line, sizeof(line));
		check(n == 6 && !memcmp(line, "hello\n", 6));
		check(ioctl(slave, TIOCGWINSZ, &size) == 0 && size.ws_col == 34);
		check(tcgetsid(slave) == getpid() && tcgetpgrp(slave) == getpid());
		check(open("/dev/tty", O_RDWR) >= 0);
		check(write(slave, "bye", 3) == 3);
		pause(); /* until the interrupt key */
		_exit(9);
	}
	check(read(up[0], &byte, 1) == 1);
	usleep(20000);
	carried();
	char got[64] = "";
	size_t n = 0;
	check(write(master, "hello\n", 6) == 6);
	while (!strstr(got, "bye")) {
		ssize_t more = read(master, got + n, sizeof(got) - 1 - n);
		check(more > 0);
		n += (size_t)more;
	}
	check(!strcmp(got, "hello\r\nbye"));
	check(write(master, "\003", 1) == 1);
	int status;
	check(waitpid(child, &status, 0) == child);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

RUN(TEST(keeps_a_program_on_its_terminal))
