/* test-fd-fifo.c - pipes with a path */
#include <poll.h>

#include "tests/unit/fds.h"

static char at[128];

static const char *in(const char *name)
{
	snprintf(at, sizeof(at), "%s/%s", scratch_path, name);
	return at;
}

static void put(int fd, const char *text)
{
	check(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void holds(int fd, const char *text)
{
	char got[256];
	ssize_t n = read(fd, got, sizeof(got));

	check(n == (ssize_t)strlen(text) && !memcmp(got, text, strlen(text)));
}

static short state(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	check(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void start(struct world *w)
{
	world_start(w);
	check(mkfifo(in("fifo"), 0600) == 0);
	w->seen.task[0]->parent = w->seen.task[0]; /* no root: no stdio */
}

static void keeps_what_is_in_it_and_how_each_end_was_opened(void)
{
	struct world w;

	start(&w);
	int r = open(in("fifo"), O_RDONLY | O_NONBLOCK), wr = open(in("fifo"), O_WRONLY);
	int both = open(in("fifo"), O_RDWR);
	check(fcntl(r, F_SETFL, 0) == 0);
	put(wr, "queued");
	struct open_file *a = world_see(&w, r), *b = world_see(&w, wr),
			 *c = world_see(&w, both);
	world_dump(&w);
	check(!strcmp(a->kind->name, "fifo"));
	world_restore(&w);
	check(fcntl(world_fd(&w, a->id), F_GETFL) == fcntl(r, F_GETFL));
	check(fcntl(world_fd(&w, b->id), F_GETFL) == fcntl(wr, F_GETFL));
	put(world_fd(&w, b->id), " and more");
	/* The same inode: the subject's own ends, still open, share the pipe with the new ones. */
	holds(world_fd(&w, c->id), "queuedqueued and more");
}

static void carry_reader(struct world *w, int r, int *ret)
{
	struct open_file *file = world_see(w, r);

	world_dump(w);
	close(r); /* so that the pipe behind the path is a new one */
	world_restore(w);
	*ret = world_fd(w, file->id);
}

static void still_waits_for_the_first_writer(void)
{
	struct world w;
	int after;

	start(&w);
	int r = open(in("fifo"), O_RDONLY | O_NONBLOCK);
	check(state(r) == 0);
	carry_reader(&w, r, &after);
	check(state(after) == 0);
	int wr = open(in("fifo"), O_WRONLY);
	put(wr, "first");
	holds(after, "first");
	close(wr);
	check(state(after) == POLLHUP);
}

static void stays_hung_up_with_its_last_bytes(void)
{
	struct world w;
	int after;

	start(&w);
	int r = open(in("fifo"), O_RDONLY | O_NONBLOCK), wr = open(in("fifo"), O_WRONLY);
	put(wr, "last");
	close(wr);
	check(state(r) == (POLLIN | POLLHUP));
	carry_reader(&w, r, &after);
	check(state(after) == (POLLIN | POLLHUP));
	holds(after, "last");
	check(state(after) == POLLHUP);
}

static void carries_a_deleted_one(void)
{
	struct world w;

	start(&w);
	int r = open(in("fifo"), O_RDONLY | O_NONBLOCK), wr = open(in("fifo"), O_WRONLY);
	put(wr, "below");
	check(unlink(in("fifo")) == 0);
	struct open_file *a = world_see(&w, r), *b = world_see(&w, wr);
	world_dump(&w);
	world_restore(&w);
	put(world_fd(&w, b->id), " ground");
	holds(world_fd(&w, a->id), "below ground");
}

static void refuses_one_with_a_peer_outside(void)
{
	struct world w;
	char want[256];

	start(&w);
	int r = open(in("fifo"), O_RDONLY | O_NONBLOCK), wr = open(in("fifo"), O_WRONLY);
	check(wr >= 0);
	world_see(&w, r);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: %s: its other end is outside of the container; close it "
		 "before the checkpoint",
		 r, in("fifo"));
	world_refused(&w, want);
}

static void finds_what_stands_for_the_fifo_of_a_shim(void)
{
	struct world w;
	int now[2];

	world_start(&w);
	check(mkdir(in("jail"), 0755) == 0 && mkfifo(in("out"), 0600) == 0 && pipe(now) == 0);
	w.dump.root = open(in("jail"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = open(in("out"), O_RDONLY | O_NONBLOCK), wr = open(in("out"), O_WRONLY);
	check(r >= 0 && dup2(wr, 1) == 1);
	struct open_file *file = world_see(&w, 1);
	world_dump(&w);
	check(w.dump.n_stdio == 1 && w.dump.stdio[0].num == 1);
	w.stdio_now[1] = now[1];
	world_restore(&w);
	put(world_fd(&w, file->id), "hello");
	holds(now[0], "hello");
}

RUN(TEST(keeps_what_is_in_it_and_how_each_end_was_opened),
    TEST(still_waits_for_the_first_writer), TEST(stays_hung_up_with_its_last_bytes),
    TEST(carries_a_deleted_one), TEST(refuses_one_with_a_peer_outside),
    TEST(finds_what_stands_for_the_fifo_of_a_shim))
