/* tty.h - between our terminal and that of a process
 *
 * Our terminal, if stdin is one, becomes raw until tty_close(): what is typed, ^C included, is
 * the process' to interpret.
 */
#ifndef CKRUN_CLI_TTY_H
#define CKRUN_CLI_TTY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct err;

struct tty {
	int master; /* -1: no terminal; all functions then do nothing */
	bool in_open, raw;
	bool hung; /* nobody in the container has it open any more: poll(2) would not wait */
	struct termios saved;
	char typed[4096]; /* read from stdin, not yet taken by the terminal */
	size_t typed_len;
};

#define TTY_NONE ((struct tty){.master = -1})

int tty_open(struct tty *tty, int master_taken, struct err *err);
void tty_close(struct tty *tty); /* for scoped() */
bool tty_is_open(const struct tty *tty);

void tty_resize(const struct tty *tty); /* to the size of ours */

enum { TTY_POLL_FDS = 2 };
void tty_poll(const struct tty *tty, struct pollfd *fd); /* what to wait for */
void tty_copy(struct tty *tty, const struct pollfd *fd); /* what has come */
void tty_drain(struct tty *tty); /* the last words of a process that has ended */

#endif
