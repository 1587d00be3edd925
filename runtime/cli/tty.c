#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/cli/tty.h"

bool tty_is_open(const struct tty *tty)
{
	return tty->master >= 0;
}

int tty_open(struct tty *tty, int master_taken, struct err *err)
{
	*tty = (struct tty){.master = master_taken, .in_open = true};
	if (fcntl(tty->master, F_SETFL, O_NONBLOCK) < 0)
		return fail_errno(err, "terminal");
	if (tcgetattr(STDIN_FILENO, &tty->saved) < 0)
		return 0; /* stdin is no terminal: nothing to make raw */
	struct termios raw = tty->saved;
	cfmakeraw(&raw);
	/* blocked SIGTTOU: also works in the background */
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return fail_errno(err, "make the terminal raw");
	tty->raw = true;
	tty_resize(tty);
	return 0;
}

void tty_close(struct tty *tty)
{
	if (tty->raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &tty->saved);
	scope_close(&tty->master);
	*tty = TTY_NONE;
}

void tty_resize(const struct tty *tty)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(tty->master, TIOCSWINSZ, &size);
}

void tty_poll(const struct tty *tty, struct pollfd *fd)
{
	bool room = tty->in_open && !tty->typed_len;

	fd[0] = (struct pollfd){.fd = tty->hung ? -1 : tty->master, .events = POLLIN};
	if (tty->typed_len)
		fd[0].events |= POLLOUT;
	fd[1] = (struct pollfd){.fd = room && tty_is_open(tty) ? STDIN_FILENO : -1,
				.events = POLLIN};
}

static void write_out(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return; /* our reader is gone: the process goes on without */
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

/* false: nothing more now.  EIO: every slave is closed, but another may be opened. */
static bool from_process(struct tty *tty)
{
	char buf[4096];
	ssize_t n = read(tty->master, buf, sizeof(buf));

	if (n > 0)
		write_out(buf, (size_t)n);
	return n > 0;
}

static void to_process(struct tty *tty)
{
	ssize_t n = write(tty->master, tty->typed, tty->typed_len);

	if (n <= 0)
		return;
	tty->typed_len -= (size_t)n;
	memmove(tty->typed, tty->typed + n, tty->typed_len);
}

void tty_copy(struct tty *tty, const struct pollfd *fd)
{
	if (!tty_is_open(tty))
		return;
	if (fd[0].revents & (POLLIN | POLLHUP)) {
		tty->hung = !from_process(tty) && (fd[0].revents & POLLHUP);
	}
	if (fd[1].revents) {
		ssize_t n = read(STDIN_FILENO, tty->typed, sizeof(tty->typed));
		tty->in_open = n > 0 || (n < 0 && errno == EAGAIN);
		tty->typed_len = n > 0 ? (size_t)n : 0;
	}
	if (tty->typed_len && tty_is_open(tty))
		to_process(tty);
}

void tty_drain(struct tty *tty)
{
	while (tty_is_open(tty) && from_process(tty))
		;
}
