/* unix_name.c - unix sockets with names: who listens, who is connected, who sent */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/carry/carry.h"

static void put(int fd, const char *text)
{
	check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static void arrives(int fd, const char *text)
{
	char got[256];

	check(recv(fd, got, sizeof(got), 0) == (ssize_t)strlen(text));
	check(!memcmp(got, text, strlen(text)));
}

/* "@name" is abstract */
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

	check(fd >= 0 && !bind(fd, (struct sockaddr *)&sun, len));
	return fd;
}

static int listening(const char *name)
{
	int fd = bound(SOCK_STREAM, name);

	check(!listen(fd, 5));
	return fd;
}

static void go_to(int fd, const char *name)
{
	struct sockaddr_un sun;
	socklen_t len = name_of(&sun, name);

	check(!connect(fd, (struct sockaddr *)&sun, len));
}

static int client(const char *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	go_to(fd, name);
	return fd;
}

static void is_called(int fd, const char *name)
{
	struct sockaddr_un is = {0}, want;
	socklen_t len = sizeof(is), want_len = name_of(&want, name);

	check(!getsockname(fd, (struct sockaddr *)&is, &len));
	check(len == want_len && !memcmp(&is, &want, len));
}

static void accepts_clients_that_come_later(void)
{
	struct stat st;

	int l = listening("/tmp/server.sock");
	check(!chmod("/tmp/server.sock", 0622) && !chown("/tmp/server.sock", 33, 44));
	carried();
	is_called(l, "/tmp/server.sock");
	check(!stat("/tmp/server.sock", &st) && (st.st_mode & 07777) == 0622);
	check(S_ISSOCK(st.st_mode) && st.st_uid == 33 && st.st_gid == 44);
	int c = client("/tmp/server.sock"), s = accept(l, NULL, NULL);
	put(c, "hello");
	arrives(s, "hello");
}

static void finds_a_relative_name_again(void)
{
	check(!mkdir("/tmp/there", 0755) && !chdir("/tmp/there"));
	int l = listening("rel.sock");
	check(!chdir("/"));
	carried();
	is_called(l, "rel.sock");
	client("/tmp/there/rel.sock");
}

static void keeps_abstract_names_and_connections(void)
{
	int l = listening("@abstract"), c = client("@abstract"), s = accept(l, NULL, NULL);

	put(c, "unread");
	carried();
	is_called(l, "@abstract");
	is_called(s, "@abstract");
	arrives(s, "unread");
	put(s, "back");
	arrives(c, "back");
	int d = client("@abstract");
	put(d, "later");
	arrives(accept(l, NULL, NULL), "later");
}

static void keeps_a_connection_whose_server_is_gone(void)
{
	int l = listening("/tmp/gone.sock"), c = client("/tmp/gone.sock");
	int s = accept(l, NULL, NULL);

	close(l);
	check(!unlink("/tmp/gone.sock"));
	put(s, "unread");
	carried();
	arrives(c, "unread");
	is_called(s, "/tmp/gone.sock");
	check(access("/tmp/gone.sock", F_OK) < 0);
}

static void keeps_connections_that_wait(void)
{
	int l = listening("/tmp/waits.sock"), c = client("/tmp/waits.sock");

	carried();
	int s = accept(l, NULL, NULL);
	put(c, "accepted");
	arrives(s, "accepted");
}

static void keeps_datagrams_and_their_senders(void)
{
	struct sockaddr_un is = {0}, want;
	socklen_t len = sizeof(is), want_len = name_of(&want, "/tmp/from.sock");
	char got[16];

	int to = bound(SOCK_DGRAM, "/tmp/to.sock"), one = bound(SOCK_DGRAM, "/tmp/from.sock");
	int two = socket(AF_UNIX, SOCK_DGRAM, 0);
	go_to(one, "/tmp/to.sock");
	go_to(two, "/tmp/to.sock");
	put(one, "first");
	put(two, "second");
	close(two);
	carried();
	check(recvfrom(to, got, sizeof(got), 0, (struct sockaddr *)&is, &len) == 5);
	check(len == want_len && !memcmp(&is, &want, len));
	arrives(to, "second");
	put(one, "third");
	arrives(to, "third");
	check(sendto(to, "back", 4, 0, (struct sockaddr *)&want, want_len) == 4);
	arrives(one, "back");
}

static void is_by(int fd, pid_t pid, uid_t uid, gid_t gid)
{
	struct ucred creds = {0};
	socklen_t len = sizeof(creds);

	check(!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &len));
	check(creds.pid == pid && creds.uid == uid && creds.gid == gid);
}

static void a_client_of_somebody_else(void)
{
	check(!setresgid(1000, 1001, 0) && !setresuid(1000, 1002, 0));
	int fd = client("/tmp/creds.sock");
	other_carried();
	is_by(fd, getppid(), 0, 0);
	check(geteuid() == 1002 && getegid() == 1001);
}

static void shows_who_listens_and_who_connected(void)
{
	int l = listening("/tmp/creds.sock"), pair[2];

	check(!chmod("/tmp/creds.sock", 0777));
	struct other child = other_start(a_client_of_somebody_else);
	int s = accept(l, NULL, NULL);
	check(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	carried();
	is_by(s, child.pid, 1002, 1001);
	is_by(pair[0], getpid(), 0, 0);
	other_ends_well(&child);
}

RUN(TEST(accepts_clients_that_come_later), TEST(finds_a_relative_name_again),
    TEST(keeps_abstract_names_and_connections), TEST(keeps_a_connection_whose_server_is_gone),
    TEST(keeps_connections_that_wait), TEST(keeps_datagrams_and_their_senders),
    TEST(shows_who_listens_and_who_connected))
