/* test-fd-epoll.c - watches by file and number */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "tests/unit/fds.h"

static void add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

/* Does a file watch exactly what another one does? Addresses differ, so the order may. */
static void same_watches(struct world *w, const struct open_file *before, int after)
{
	struct open_file *again = world_see(w, after);
	const char *line = before->fdinfo;
	size_t n = 0, m = 0;

	while ((line = strstr(line, "tfd:"))) {
		char text[128];

		snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
		*strstr(text, "pos:") = '\0';
		check(strstr(again->fdinfo, text));
		line += 4;
		n++;
	}
	for (line = again->fdinfo; (line = strstr(line, "tfd:")); line += 4)
		m++;
	check(n == m);
}

static void watches_the_same_numbers_for_the_same_events(void)
{
	int epoll = epoll_create1(0), a = eventfd(0, 0), b = eventfd(1, 0);
	struct epoll_event got;
	struct world w;

	add(epoll, a, EPOLLIN | EPOLLET, 0xfedcba9876543210);
	add(epoll, b, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLONESHOT, 2);
	world_start(&w);
	struct open_file *file = world_see(&w, epoll);
	world_see(&w, a);
	world_see(&w, b);
	world_dump(&w);
	world_restore(&w);
	int after = world_fd(&w, file->id);
	same_watches(&w, file, after);
	check(epoll_wait(after, &got, 1, 0) == 1 && got.data.u64 == 2);
	check(epoll_wait(after, &got, 1, 0) == 0);
	uint64_t one = 1;
	check(write(world_fd(&w, 2), &one, sizeof(one)) == sizeof(one));
	check(epoll_wait(after, &got, 1, 0) == 1 && got.data.u64 == 0xfedcba9876543210);
}

/* The numbers are free for the task to delete a watch by. */
static void finds_a_watch_whose_number_was_closed_or_taken(void)
{
	int epoll = epoll_create1(0), a = eventfd(0, 0), closed = dup(a), taken = dup(a);
	struct world w;

	add(epoll, closed, EPOLLIN, 1);
	add(epoll, taken, EPOLLIN, 2);
	close(closed);
	int other = eventfd(0, 0);
	check(other == closed && dup2(other, taken) == taken);
	add(epoll, taken, EPOLLOUT, 3);
	world_start(&w);
	struct open_file *file = world_see(&w, epoll);
	struct open_file *target = world_see(&w, a);
	world_see(&w, other);
	world_dump(&w);
	check(file->entry->epfd->n_tfd == 3);
	unsigned int of_a = 0;
	for (int i = 0; i < 3; i++)
		of_a += file->entry->epfd->tfd[i]->file_id == target->id;
	check(of_a == 2);
	world_restore(&w);
	same_watches(&w, file, world_fd(&w, file->id));
}

static void watches_another_epoll(void)
{
	int outer = epoll_create1(0), inner = epoll_create1(0), a = eventfd(1, 0);
	struct epoll_event got;
	struct world w;

	add(outer, inner, EPOLLIN, 1);
	add(inner, a, EPOLLIN, 2);
	world_start(&w);
	struct open_file *file = world_see(&w, outer);
	world_see(&w, inner);
	world_see(&w, a);
	world_dump(&w);
	world_restore(&w);
	check(epoll_wait(world_fd(&w, file->id), &got, 1, 0) == 1 && got.data.u64 == 1);
}

/* Neither readiness nor a hang-up may be reported before EPOLL_CTL_MOD. */
static void keeps_a_fired_one_shot_watch_silent(void)
{
	int epoll = epoll_create1(0), a = eventfd(1, 0), b = eventfd(1, 0);
	struct epoll_event got;
	struct world w;

	add(epoll, a, EPOLLIN | EPOLLONESHOT, 1);
	check(epoll_wait(epoll, &got, 1, 0) == 1);
	add(epoll, b, EPOLLIN, 2);
	world_start(&w);
	struct open_file *file = world_see(&w, epoll);
	world_see(&w, a);
	world_see(&w, b);
	world_dump(&w);
	world_restore(&w);
	int after = world_fd(&w, file->id);
	same_watches(&w, file, after);
	for (int i = 0; i < 2; i++)
		check(epoll_wait(after, &got, 1, 0) == 1 && got.data.u64 == 2);
}

static void refuses_a_fired_one_shot_watch_that_could_not_fire(void)
{
	int epoll = epoll_create1(0), a = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec soon = {.it_value.tv_nsec = 1};
	struct epoll_event got;
	struct world w;
	uint64_t ticks;

	check(timerfd_settime(a, 0, &soon, NULL) == 0);
	add(epoll, a, EPOLLIN | EPOLLONESHOT, 1);
	check(epoll_wait(epoll, &got, 1, 1000) == 1);
	check(read(a, &ticks, sizeof(ticks)) == sizeof(ticks));
	world_start(&w);
	world_see(&w, epoll);
	world_see(&w, a);
	int r = fd_dump_file(&w.dump, w.seen.file[0], &w.err);
	check(r == REFUSED && strstr(world_why(&w), "has fired"));
}

static void refuses_a_watch_on_a_file_nobody_has_open(void)
{
	int epoll = epoll_create1(0), a = eventfd(1, 0);
	struct world w;

	add(epoll, a, EPOLLIN, 1);
	world_start(&w);
	world_see(&w, epoll);
	int r = fd_dump_file(&w.dump, w.seen.file[0], &w.err);
	check(r == REFUSED && strstr(world_why(&w), "which no task has open any more"));
}

/* The number of a watch may be one that we use ourselves: the epoll's own, or our log. */
static void lends_a_number_and_takes_it_back(void)
{
	int epoll = epoll_create1(0), a = eventfd(1, 0), pipe_fd[2];
	struct epoll_event got;
	struct stat st, now;
	struct world w;

	check(pipe(pipe_fd) == 0);
	int high = fcntl(a, F_DUPFD, 800);
	add(epoll, high, EPOLLIN, 5);
	close(high);
	world_start(&w);
	struct open_file *file = world_see(&w, epoll);
	world_see(&w, a);
	world_dump(&w);
	check(dup2(pipe_fd[0], high) == high && fstat(high, &st) == 0);
	world_restore(&w);
	check(fstat(high, &now) == 0 && now.st_ino == st.st_ino);
	check(fcntl(high, F_GETFD) == 0);
	check(epoll_wait(world_fd(&w, file->id), &got, 1, 0) == 1 && got.data.u64 == 5);
}

RUN(TEST(watches_the_same_numbers_for_the_same_events),
    TEST(finds_a_watch_whose_number_was_closed_or_taken), TEST(watches_another_epoll),
    TEST(keeps_a_fired_one_shot_watch_silent),
    TEST(refuses_a_fired_one_shot_watch_that_could_not_fire),
    TEST(refuses_a_watch_on_a_file_nobody_has_open), TEST(lends_a_number_and_takes_it_back))
