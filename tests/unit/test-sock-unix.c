/* test-sock-unix.c - pairs, names, connections and queues of unix(7) */
#include <linux/sockios.h>
#include <poll.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/unit/socks.h"

static socklen_t name_of(struct sockaddr_un *sun, const char *text)
{
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(sun->sun_path, text);
	if (text[0] == '@')
		sun->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) +
			   (text[0] != '@'));
}

static int bound(int type, const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = name_of(&sun, name);
	int fd = socket(AF_UNIX, type, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&sun, len) == 0);
	return fd;
}

static int listening(int type, const char *name)
{
	int fd = bound(type, name);

	check(listen(fd, 5) == 0);
	return fd;
}

static void go_to(int fd, const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = name_of(&sun, name);

	if (connect(fd, (struct sockaddr *)&sun, len) < 0)
		check(!strerror(errno));
}

static int client(int type, const char *name)
{
	int fd = socket(AF_UNIX, type, 0);

	check(fd >= 0);
	go_to(fd, name);
	return fd;
}

typedef int name_fn(int fd, struct sockaddr *sa, socklen_t *len);

static void is_called(int fd, name_fn *which, const char *name)
{
	struct sockaddr_un is = {0}, want;
	socklen_t len = sizeof(is), want_len = name_of(&want, name);

	check(which(fd, (struct sockaddr *)&is, &len) == 0);
	if (!*name)
		want_len = sizeof(sa_family_t);
	if (len != want_len || memcmp(&is, &want, len))
		printf("# called %s, not %s\n", is.sun_path, name);
	check(len == want_len && !memcmp(&is, &want, len));
}

static void keeps_a_pair_and_what_was_not_read(void)
{
	int end[2];
	struct world w;

	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end) == 0);
	put(end[0], "to the ");
	put(end[0], "second");
	put(end[1], "to the first");
	CARRY(&w, end[0], end[1]);
	int a = world_fd(&w, 1), b = world_fd(&w, 2);
	check(fcntl(a, F_GETFL) == (O_RDWR | O_NONBLOCK));
	holds(b, "to the second");
	holds(a, "to the first");
	put(a, "more");
	holds(b, "more");
	empty(a);
}

static void takes_nothing_out_when_it_looks(void)
{
	int end[2], offset = 0;
	socklen_t len = sizeof(offset);
	struct world w;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	put(end[0], "unread");
	SEE(&w, end[0], end[1]);
	world_ok(&w, dump_all(&w));
	check(getsockopt(end[1], SOL_SOCKET, SO_PEEK_OFF, &offset, &len) == 0 && offset == -1);
	check(getsockopt(end[1], SOL_SOCKET, SO_PASSCRED, &offset, &len) == 0 && offset == 0);
	holds(end[1], "unread");
	empty(end[1]);
}

static void keeps_megabytes_in_a_queue(void)
{
	enum { SIZE = 3 << 20 };
	static char sent[SIZE], got[SIZE];
	int end[2], room = 8 << 20;
	struct world w;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	need_sandbox();
	check(setsockopt(end[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) == 0);
	for (int i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 7 + i / 251);
	check(send(end[0], sent, SIZE, MSG_DONTWAIT) == SIZE);
	CARRY(&w, end[0], end[1]);
	check(recv(world_fd(&w, 2), got, SIZE, MSG_WAITALL) == SIZE &&
	      !memcmp(sent, got, SIZE));
	socklen_t len = sizeof(room);
	check(getsockopt(world_fd(&w, 1), SOL_SOCKET, SO_SNDBUF, &room, &len) == 0);
	check(room == 16 << 20);
}

static void keeps_the_bounds_of_packets_and_empty_ones(void)
{
	int end[2];
	struct world w;

	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end) == 0);
	put(end[0], "one");
	put(end[0], "");
	put(end[0], "three");
	CARRY(&w, end[0], end[1]);
	int b = world_fd(&w, 2);
	holds(b, "one");
	holds(b, "");
	holds(b, "three");
	empty(b);
}

static void keeps_packets_longer_than_it_thought(void)
{
	enum { SIZE = 300000 };
	static char sent[SIZE], got[SIZE];
	int end[2];
	struct world w;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, end) == 0);
	set_option(end[0], SOL_SOCKET, SO_SNDBUFFORCE, 4 * SIZE);
	for (int i = 0; i < SIZE; i++)
		sent[i] = (char)(i * 3 + i / 255);
	put(end[0], "");
	put(end[0], "short");
	put(end[0], "");
	check(send(end[0], sent, SIZE, 0) == SIZE);
	put(end[0], "last");
	CARRY(&w, end[0], end[1]);
	int b = world_fd(&w, 2);
	holds(b, "");
	holds(b, "short");
	holds(b, "");
	check(recv(b, got, SIZE, 0) == SIZE && !memcmp(sent, got, SIZE));
	holds(b, "last");
	empty(b);
}

static void keeps_what_is_shut_down(void)
{
	int end[2], done[2];
	struct world w;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, done) == 0);
	put(end[0], "last words");
	check(shutdown(end[0], SHUT_WR) == 0 && shutdown(done[1], SHUT_RDWR) == 0);
	CARRY(&w, end[0], end[1], done[0], done[1]);
	int a = world_fd(&w, 1), b = world_fd(&w, 2);
	holds(b, "last words");
	holds(b, "");
	put(b, "answer");
	holds(a, "answer");
	check(send(a, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
	holds(world_fd(&w, 3), "");
}

static void keeps_an_end_whose_other_end_was_closed(void)
{
	int end[2], reset[2];
	struct world w;
	char byte;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, reset) == 0);
	put(end[1], "testament");
	put(reset[0], "never read");
	put(reset[1], "heard");
	close(end[1]);
	close(reset[1]);
	CARRY(&w, end[0], reset[0]);
	holds(world_fd(&w, 1), "testament");
	holds(world_fd(&w, 1), "");
	holds(world_fd(&w, 2), "heard");
	check(recv(world_fd(&w, 2), &byte, 1, 0) < 0 && errno == ECONNRESET);
	holds(world_fd(&w, 2), "");
}

static void listens_on_a_path_with_its_owner_and_mode(void)
{
	const char *path = "/tmp/ckrun-unix-listens";
	struct stat st;
	struct world w;

	need_sandbox();
	unlink(path);
	int fd = listening(SOCK_STREAM, path);
	check(chown(path, 33, 44) == 0 && chmod(path, 0620) == 0);
	CARRY(&w, fd);
	int again = world_fd(&w, 1);
	is_called(again, getsockname, path);
	check(stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 07777) == 0620);
	check(st.st_uid == 33 && st.st_gid == 44);
	int c = client(SOCK_STREAM, path), s = accept(again, NULL, NULL);
	put(c, "hello");
	holds(s, "hello");
}

static void binds_a_relative_path_as_it_was_said(void)
{
	struct world w;

	need_sandbox();
	check(mkdir("/tmp/ckrun-unix-dir", 0700) == 0 && chdir("/tmp/ckrun-unix-dir") == 0);
	int fd = listening(SOCK_SEQPACKET, "./x.sock");
	check(chdir("/") == 0);
	CARRY(&w, fd);
	is_called(world_fd(&w, 1), getsockname, "./x.sock");
	client(SOCK_SEQPACKET, "/tmp/ckrun-unix-dir/x.sock");
}

static void finds_a_file_that_was_renamed(void)
{
	struct world w;

	need_sandbox();
	int fd = listening(SOCK_STREAM, "/tmp/ckrun-unix-new~");
	check(rename("/tmp/ckrun-unix-new~", "/tmp/ckrun-unix-now") == 0);
	int other = listening(SOCK_STREAM, "/tmp/ckrun-unix-new~");
	CARRY(&w, fd, other);
	is_called(world_fd(&w, 1), getsockname, "/tmp/ckrun-unix-new~");
	int c = client(SOCK_STREAM, "/tmp/ckrun-unix-now");
	put(c, "hello");
	holds(accept(world_fd(&w, 1), NULL, NULL), "hello");
	int d = client(SOCK_STREAM, "/tmp/ckrun-unix-new~");
	put(d, "other");
	holds(accept(world_fd(&w, 2), NULL, NULL), "other");
}

static void leaves_a_removed_name_removed(void)
{
	const char *path = "/tmp/ckrun-unix-gone/deep/sock";
	struct world w;

	need_sandbox();
	check(mkdir("/tmp/ckrun-unix-gone", 0700) == 0 &&
	      mkdir("/tmp/ckrun-unix-gone/deep", 0700) == 0);
	int fd = listening(SOCK_STREAM, path), c = client(SOCK_STREAM, path);
	int s = accept(fd, NULL, NULL);
	check(unlink(path) == 0 && rmdir("/tmp/ckrun-unix-gone/deep") == 0);
	put(s, "still here");
	CARRY(&w, fd, c, s);
	check(access(path, F_OK) < 0 && errno == ENOENT);
	is_called(world_fd(&w, 1), getsockname, path);
	is_called(world_fd(&w, 2), getpeername, path);
	is_called(world_fd(&w, 3), getsockname, path);
	holds(world_fd(&w, 2), "still here");
}

static void does_not_remove_what_is_no_socket(void)
{
	const char *path = "/tmp/ckrun-unix-file";
	struct world w;

	need_sandbox();
	int fd = listening(SOCK_STREAM, path);
	SEE(&w, fd);
	world_ok(&w, dump_all(&w));
	world_load(&w);
	check(unlink(path) == 0 && close(open(path, O_CREAT | O_WRONLY, 0600)) == 0);
	check(fd_make_file(&w.make, 1, &fd, &w.err) == -EEXIST);
	check(strstr(world_why(&w), "/tmp/ckrun-unix-file is there and is no socket"));
}

static void keeps_connections_to_a_listener_by_name(void)
{
	struct world w;

	need_sandbox();
	int l = listening(SOCK_STREAM, "@ckrun abstract");
	int c1 = client(SOCK_STREAM, "@ckrun abstract"), s1 = accept(l, NULL, NULL);
	int c2 = bound(SOCK_STREAM, "@ckrun client");
	go_to(c2, "@ckrun abstract");
	int s2 = accept(l, NULL, NULL);
	put(c1, "from the first");
	put(s2, "to the second");
	CARRY(&w, s1, l, c1, c2, s2);
	holds(world_fd(&w, 1), "from the first");
	holds(world_fd(&w, 4), "to the second");
	is_called(world_fd(&w, 1), getsockname, "@ckrun abstract");
	is_called(world_fd(&w, 3), getpeername, "@ckrun abstract");
	is_called(world_fd(&w, 3), getsockname, "");
	is_called(world_fd(&w, 5), getpeername, "@ckrun client");
	int c3 = client(SOCK_STREAM, "@ckrun abstract");
	put(c3, "a third");
	holds(accept(world_fd(&w, 2), NULL, NULL), "a third");
}

static void keeps_a_connection_whose_listener_is_gone(void)
{
	struct world w;

	need_sandbox();
	int l = listening(SOCK_STREAM, "@ckrun gone");
	int c = client(SOCK_STREAM, "@ckrun gone"), s = accept(l, NULL, NULL);
	int alone = client(SOCK_STREAM, "@ckrun gone"), closed = accept(l, NULL, NULL);
	put(closed, "bye");
	close(closed);
	close(l);
	CARRY(&w, c, s, alone);
	is_called(world_fd(&w, 1), getpeername, "@ckrun gone");
	put(world_fd(&w, 1), "on");
	holds(world_fd(&w, 2), "on");
	is_called(world_fd(&w, 3), getpeername, "@ckrun gone");
	holds(world_fd(&w, 3), "bye");
	holds(world_fd(&w, 3), "");
	check(bound(SOCK_STREAM, "@ckrun gone") >= 0); /* the name is free again */
}

static void keeps_connections_that_wait_for_accept(void)
{
	struct world w;

	need_sandbox();
	int l = listening(SOCK_STREAM, "@ckrun waits");
	int c1 = client(SOCK_STREAM, "@ckrun waits");
	int c2 = bound(SOCK_STREAM, "@ckrun second");
	go_to(c2, "@ckrun waits");
	CARRY(&w, c2, c1, l);
	int s1 = accept(world_fd(&w, 3), NULL, NULL), s2 = accept(world_fd(&w, 3), NULL, NULL);
	put(world_fd(&w, 2), "first");
	put(world_fd(&w, 1), "second");
	holds(s1, "first");
	holds(s2, "second");
	is_called(s2, getpeername, "@ckrun second");
}

static void refuses_what_was_sent_before_accept(void)
{
	struct world w;
	char want[256];

	need_sandbox();
	int l = listening(SOCK_STREAM, "@ckrun early");
	int c = client(SOCK_STREAM, "@ckrun early");
	put(c, "early");
	SEE(&w, l, c);
	snprintf(want, sizeof(want),
		 "%s: its connection has sent data and is not accepted yet; try again when it "
		 "is",
		 w.seen.file[1]->link);
	refused(&w, want);
}

static void keeps_datagrams_and_who_sent_them(void)
{
	char got[64];
	struct world w;
	static const char *const text[] = {"from nobody", "from a", "from a path",
					   "from one gone"};
	static const char *const from[] = {"", "@ckrun a", "/tmp/ckrun-dgram", "@ckrun gone"};

	need_sandbox();
	int to = bound(SOCK_DGRAM, "@ckrun to"), nobody = socket(AF_UNIX, SOCK_DGRAM, 0);
	int a = bound(SOCK_DGRAM, "@ckrun a"), path = bound(SOCK_DGRAM, "/tmp/ckrun-dgram");
	int gone = bound(SOCK_DGRAM, "@ckrun gone");
	int fd[] = {nobody, a, path, gone};
	for (int i = 0; i < 4; i++) {
		go_to(fd[i], "@ckrun to");
		put(fd[i], text[i]);
	}
	close(gone);
	CARRY(&w, to, nobody, a, path);
	for (int i = 0; i < 4; i++) {
		struct sockaddr_un is = {0}, want;
		socklen_t len = sizeof(is), want_len = name_of(&want, from[i]);
		ssize_t n = recvfrom(world_fd(&w, 1), got, sizeof(got), MSG_DONTWAIT,
				     (struct sockaddr *)&is, &len);

		check(n == (ssize_t)strlen(text[i]) && !memcmp(got, text[i], (size_t)n));
		check(*from[i] ? len == want_len && !memcmp(&is, &want, len) : len == 0);
	}
	put(world_fd(&w, 3), "connected still");
	holds(world_fd(&w, 1), "connected still");
	is_called(world_fd(&w, 4), getsockname, "/tmp/ckrun-dgram");
}

static void keeps_a_datagram_pair_of_which_one_has_a_name(void)
{
	struct sockaddr_un sun;
	int end[2];
	struct world w;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, end) == 0);
	put(end[0], "without a name");
	check(bind(end[0], (struct sockaddr *)&sun, name_of(&sun, "@ckrun half")) == 0);
	put(end[0], "with a name");
	put(end[0], "");
	put(end[1], "back");
	CARRY(&w, end[0], end[1]);
	holds(world_fd(&w, 1), "back");
	holds(world_fd(&w, 2), "without a name");
	holds(world_fd(&w, 2), "with a name");
	holds(world_fd(&w, 2), "");
	empty(world_fd(&w, 2));
	is_called(world_fd(&w, 2), getpeername, "@ckrun half");
}

static void refuses_a_peer_outside_by_name(void)
{
	struct world w;
	char want[256];

	need_sandbox();
	int l = listening(SOCK_STREAM, "/tmp/ckrun-host.sock");
	int c = client(SOCK_STREAM, "/tmp/ckrun-host.sock"), s = accept(l, NULL, NULL);
	check(s >= 0);
	see_all(&w, &c, 1);
	snprintf(
		want, sizeof(want),
		"task 7 (?): fd %d: %s: unix socket is connected to one outside the container, "
		"/tmp/ckrun-host.sock; close it",
		c, w.seen.file[0]->link);
	world_refused(&w, want);
}

static void finds_what_stands_for_stdio_now(void)
{
	int end[2], now[2];
	struct world w;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, now) == 0 && dup2(end[1], 0) == 0);
	world_start(&w);
	world_see(&w, 0);
	world_dump(&w);
	check(w.dump.n_stdio == 1 && w.dump.stdio[0].num == 0);
	w.stdio_now[0] = now[1];
	world_restore(&w);
	put(now[0], "typed");
	holds(world_fd(&w, 1), "typed");
}

static void keeps_credentials_of_messages(void)
{
	int end[2], on = 1;
	char got[16], control[256];
	struct iovec iov = {got, sizeof(got)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct ucred creds;
	struct world w;

	need_sandbox();
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	check(setsockopt(end[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0);
	check(setegid(44) == 0 && seteuid(33) == 0);
	put(end[0], "as 33");
	check(seteuid(0) == 0 && setegid(0) == 0);
	CARRY(&w, end[0], end[1]);
	check(recvmsg(world_fd(&w, 2), &msg, 0) == 5);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	check(c && c->cmsg_type == SCM_CREDENTIALS);
	memcpy(&creds, CMSG_DATA(c), sizeof(creds));
	check(creds.pid == getpid());
}

static void shows_whose_ids_made_the_other_end(void)
{
	struct ucred creds;
	socklen_t len = sizeof(creds);
	int end[2];
	struct world w;

	need_sandbox();
	check(setegid(44) == 0 && seteuid(33) == 0);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0);
	check(seteuid(0) == 0 && setegid(0) == 0);
	CARRY(&w, end[0], end[1]);
	check(getsockopt(world_fd(&w, 1), SOL_SOCKET, SO_PEERCRED, &creds, &len) == 0);
	check(creds.uid == 33 && creds.gid == 44);
	check(geteuid() == 0 && getegid() == 0 && access("/root", R_OK) == 0);
}

RUN(TEST(keeps_a_pair_and_what_was_not_read), TEST(takes_nothing_out_when_it_looks),
    TEST(keeps_megabytes_in_a_queue), TEST(keeps_the_bounds_of_packets_and_empty_ones),
    TEST(keeps_packets_longer_than_it_thought), TEST(keeps_what_is_shut_down),
    TEST(keeps_an_end_whose_other_end_was_closed),
    TEST(listens_on_a_path_with_its_owner_and_mode), TEST(binds_a_relative_path_as_it_was_said),
    TEST(finds_a_file_that_was_renamed), TEST(leaves_a_removed_name_removed),
    TEST(does_not_remove_what_is_no_socket), TEST(keeps_connections_to_a_listener_by_name),
    TEST(keeps_a_connection_whose_listener_is_gone),
    TEST(keeps_connections_that_wait_for_accept), TEST(refuses_what_was_sent_before_accept),
    TEST(keeps_datagrams_and_who_sent_them),
    TEST(keeps_a_datagram_pair_of_which_one_has_a_name), TEST(refuses_a_peer_outside_by_name),
    TEST(finds_what_stands_for_stdio_now), TEST(keeps_credentials_of_messages),
    TEST(shows_whose_ids_made_the_other_end))
