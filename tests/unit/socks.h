/* socks.h - carry sockets of this process, and close the old ones before the new are made
 *
 * Inside tests/sandbox only: its network namespace has nobody else's sockets.
 */
#ifndef CKRUN_TESTS_SOCKS_H
#define CKRUN_TESTS_SOCKS_H

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/unit/fds.h"
#include "tests/unit/sandboxed.h"

static inline void put(int fd, const char *text)
{
	check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static inline void holds(int fd, const char *text)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof(got), MSG_DONTWAIT);

	if (n != (ssize_t)strlen(text) || memcmp(got, text, (size_t)n))
		printf("# %zd bytes: %.*s\n", n, n > 0 ? (int)n : 0, got);
	check(n == (ssize_t)strlen(text) && !memcmp(got, text, strlen(text)));
}

static inline void empty(int fd)
{
	char byte;

	check(recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
}

/* Packets of loopback may take a moment. */
static inline void arrives(int fd, const char *text)
{
	char got[256];
	size_t n = 0, want = strlen(text);
	struct timeval limit = {.tv_sec = 5};

	check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0);
	int flags = fcntl(fd, F_GETFL);
	check(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
	while (n < want) {
		ssize_t r = recv(fd, got + n, sizeof(got) - n, 0);

		check(r > 0);
		n += (size_t)r;
	}
	check(n == want && !memcmp(got, text, n));
	check(fcntl(fd, F_SETFL, flags) == 0);
}

static inline void ends(int fd)
{
	char byte;
	int flags = fcntl(fd, F_GETFL);

	check(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
	check(recv(fd, &byte, 1, 0) == 0);
	check(fcntl(fd, F_SETFL, flags) == 0);
}

static inline int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	check(getsockopt(fd, level, name, &value, &len) == 0);
	return value;
}

static inline void set_option(int fd, int level, int name, int value)
{
	check(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

static inline void loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	need_sandbox();
	check(ioctl(fd, SIOCSIFFLAGS, &ifr) == 0);
	close(fd);
}

static inline void see_all(struct world *w, const int *fd, size_t n)
{
	need_sandbox();
	world_start(w);
	for (size_t i = 0; i < n; i++) {
		struct open_file *file = world_see(w, fd[i]);

		file->kind = fd_kind_of(file);
		file->entry = arena_new_struct(w->arena, FileEntry);
		file_entry__init(file->entry);
		file->entry->type = file->kind->type;
		file->entry->id = file->id;
	}
	w->seen.task[0]->parent = w->seen.task[0]; /* no root: no stdio */
}

/* As a checkpoint does it: everything is still before anything is described. */
static inline int dump_all(struct world *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->seen.n_files; i++)
		if (w->seen.file[i]->kind->prepare)
			r = w->seen.file[i]->kind->prepare(&w->dump, w->seen.file[i], &w->err);
	for (size_t i = 0; r == 0 && i < w->seen.n_files; i++)
		r = w->seen.file[i]->kind->dump(&w->dump, w->seen.file[i], &w->err);
	return r == 0 ? fd_dump_finish(&w->dump, &w->err) : r;
}

static inline void undo_all(struct world *w, bool tasks_die)
{
	for (size_t i = 0; i < w->seen.n_files; i++)
		if (w->seen.file[i]->kind->unprepare)
			w->seen.file[i]->kind->unprepare(w->seen.file[i], tasks_die);
}

static inline void refused(struct world *w, const char *part)
{
	check(dump_all(w) == REFUSED);
	if (!strstr(world_why(w), part))
		printf("# %s\n", world_why(w));
	check(strstr(world_why(w), part));
	undo_all(w, false);
}

/* What was seen and described, n descriptors of it in this process, is made again. */
static inline void carry_seen(struct world *w, const int *fd, size_t n)
{
	undo_all(w, true);
	for (size_t i = 0; i < n; i++) {
		close(fd[i]);
		close(w->seen.file[i]->fd);
		w->seen.file[i]->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	check(unshare(CLONE_NEWNET) == 0); /* where nothing of the old one is left */
	loopback_up();
	world_restore(w);
}

static inline void carry_all(struct world *w, const int *fd, size_t n)
{
	see_all(w, fd, n);
	world_ok(w, dump_all(w));
	carry_seen(w, fd, n);
}

#define CARRY(w, ...)                            \
	carry_all(w, (const int[]){__VA_ARGS__}, \
		  sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
#define SEE(w, ...) \
	see_all(w, (const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

#endif
