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

static void stop(int master)
{
	char path[64];

	check(ptsname_r(master, path, sizeof(path)) == 0 && close(master) == 0);
	for (int i = 0; access(path, F_OK) == 0 && i < 100; i++)
		usleep(1000);
	check(access(path, F_OK) < 0);
}

/* Others on this machine open terminals too. */
static void make(struct world *w)
{
	int fd;

	for (size_t i = 0; i < w->made.task[0]->n_fds; i++)
		if (fd_make_file(&w->make, w->made.task[0]->fd[i].file->id, &fd, &w->err) ==
		    -EBUSY)
			skip("somebody took the number");
	world_make(w);
}

/* The old terminal is gone before the new one is made, so it can have the same number. */
static void makes_a_pair_with_the_same_number_again(void)
{
	struct winsize size = {.ws_row = 7, .ws_col = 8}, got;
	struct termios t;
	struct world w;
	char path[64], again[64], text[8] = "";

	int low = terminal(path), master = terminal(path);
	int slave = open(path, O_RDWR | O_NOCTTY);
	check(ioctl(master, TIOCSWINSZ, &size) == 0 && tcgetattr(slave, &t) == 0);
	cfmakeraw(&t);
	check(tcsetattr(slave, TCSANOW, &t) == 0 && fchmod(slave, 0622) == 0);
	world_start(&w);
	struct open_file *s = world_see(&w, slave), *m = world_see(&w, master);
	world_dump(&w);
	world_load(&w);
	check(close(slave) == 0);
	stop(master);
	stop(low); /* the restored one must pass over this number */
	make(&w);
	master = world_fd(&w, m->id), slave = world_fd(&w, s->id);
	check(ptsname_r(master, again, sizeof(again)) == 0 && !strcmp(again, path));
	check(write(slave, "up", 2) == 2 && read(master, text, 8) == 2 && !strcmp(text, "up"));
	check(write(master, "dn", 2) == 2 && read(slave, text, 8) == 2 && !strcmp(text, "dn"));
	check(ioctl(slave, TIOCGWINSZ, &got) == 0 && got.ws_row == 7 && got.ws_col == 8);
	struct stat st;
	check(fstat(slave, &st) == 0 && (st.st_mode & 0777) == 0622);
}

static void keeps_that_the_other_end_was_closed(void)
{
	struct world w;
	char path[64], byte;

	int master = terminal(path), slave = open(path, O_RDWR | O_NOCTTY);
	check(close(slave) == 0);
	world_start(&w);
	struct open_file *m = world_see(&w, master);
	world_dump(&w);
	world_load(&w);
	stop(master);
	make(&w);
	master = world_fd(&w, m->id);
	check(read(master, &byte, 1) < 0 && errno == EIO);
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
    TEST(refuses_a_terminal_that_hung_up), TEST(makes_a_pair_with_the_same_number_again),
    TEST(keeps_that_the_other_end_was_closed),
    TEST(finds_what_stands_for_the_terminal_of_the_host))
