/* test-fd-tty.c - the terminal of a container, with the master outside */
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/unit/fds.h"

/* A pseudoterminal: the path of its end for programs. */
static int terminal(char path[64])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	if (master < 0)
		skip("no pseudoterminals here");
	check(unlockpt(master) == 0 && ptsname_r(master, path, 64) == 0);
	return master;
}

static void gets_its_settings_and_size_again(void)
{
	struct winsize size = {.ws_row = 33, .ws_col = 101}, other = {.ws_row = 1}, got;
	struct termios t, was;
	struct world w;
	char path[64];

	int master = terminal(path), slave = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	check(master >= 0 && ioctl(slave, TIOCSWINSZ, &size) == 0);
	check(tcgetattr(slave, &was) == 0);
	was.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	was.c_cc[VMIN] = 3;
	check(tcsetattr(slave, TCSANOW, &was) == 0);
	world_start(&w);
	struct open_file *file = world_see(&w, slave);
	world_dump(&w);
	check(!strcmp(file->kind->name, "terminal"));
	check(ioctl(slave, TIOCSWINSZ, &other) == 0); /* as a new one would be */
	t = was;
	cfmakeraw(&t);
	check(tcsetattr(slave, TCSANOW, &t) == 0);
	world_restore(&w);
	int after = world_fd(&w, file->id);
	check(isatty(after) && fcntl(after, F_GETFL) == fcntl(slave, F_GETFL));
	check(ioctl(after, TIOCGWINSZ, &got) == 0 && got.ws_row == 33 && got.ws_col == 101);
	check(tcgetattr(after, &t) == 0 && t.c_lflag == was.c_lflag && t.c_cc[VMIN] == 3);
	check(t.c_oflag == was.c_oflag && t.c_iflag == was.c_iflag);
}

static void refuses_what_was_typed_and_not_read(void)
{
	struct world w;
	char path[64], want[256];

	int master = terminal(path), slave = open(path, O_RDWR | O_NOCTTY);
	struct pollfd typed = {.fd = slave, .events = POLLIN};

	check(write(master, "ls\n", 3) == 3);
	check(poll(&typed, 1, 5000) == 1); /* a kernel thread carries it to the slave */
	world_start(&w);
	world_see(&w, slave);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: %s: 3 bytes were typed and are not read yet; try again "
		 "when they are",
		 slave, path);
	world_refused(&w, want);
}

static void refuses_a_terminal_that_hung_up(void)
{
	struct world w;
	char path[64];

	int master = terminal(path), slave = open(path, O_RDWR | O_NOCTTY);
	close(master);
	world_start(&w);
	world_see(&w, slave);
	check(fd_dump_file(&w.dump, w.seen.file[0], &w.err) == REFUSED);
}

static void refuses_the_master_by_name(void)
{
	struct world w;
	char path[64], want[256];

	int master = terminal(path);
	world_start(&w);
	struct open_file *file = world_see(&w, master);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: %s: the master of a terminal cannot be carried yet; close "
		 "it before the checkpoint",
		 master, file->link);
	world_refused(&w, want);
}

/* Below the container's root there is no such terminal: it is the user's. */
static void finds_what_stands_for_the_terminal_of_the_host(void)
{
	struct world w;
	char path[64], jail[128];
	int now[2];

	int master = terminal(path), slave = open(path, O_RDWR | O_NOCTTY);
	check(master >= 0 && dup2(slave, 0) == 0 && pipe(now) == 0);
	world_start(&w);
	snprintf(jail, sizeof(jail), "%s/jail", scratch_path);
	check(mkdir(jail, 0755) == 0);
	w.dump.root = open(jail, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_file *file = world_see(&w, 0);
	world_dump(&w);
	check(w.dump.n_stdio == 1 && w.dump.stdio[0].num == 0);
	w.stdio_now[0] = now[0];
	world_restore(&w);
	char got[4] = "";
	check(write(now[1], "hi", 2) == 2);
	check(read(world_fd(&w, file->id), got, 2) == 2 && !strcmp(got, "hi"));
}

RUN(TEST(gets_its_settings_and_size_again), TEST(refuses_what_was_typed_and_not_read),
    TEST(refuses_a_terminal_that_hung_up), TEST(refuses_the_master_by_name),
    TEST(finds_what_stands_for_the_terminal_of_the_host))
