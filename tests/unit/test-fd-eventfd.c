/* test-fd-eventfd.c - counters and semaphores */
#include <stdint.h>
#include <sys/eventfd.h>

#include "runtime/base/scope.h"
#include "tests/unit/fds.h"

/* The start value of eventfd2(2) is 32 bits wide; the counter is not. */
static void keeps_a_counter_beyond_32_bits(void)
{
	int before = eventfd(0, EFD_CLOEXEC);
	uint64_t sent = (1ULL << 40) + 7, got = 0;
	struct world w;

	check(write(before, &sent, sizeof(sent)) == sizeof(sent));
	int after = carry(&w, before, "eventfd");
	check(read(after, &got, sizeof(got)) == sizeof(got));
	check(got == sent);
}

static void keeps_semaphore_mode(void)
{
	int before = eventfd(3, EFD_CLOEXEC | EFD_SEMAPHORE);
	uint64_t got = 0;
	struct world w;

	int after = carry(&w, before, "eventfd");
	for (int i = 0; i < 3; i++)
		check(read(after, &got, sizeof(got)) == sizeof(got) && got == 1);
}

static void keeps_an_empty_one_that_does_not_block(void)
{
	int before = eventfd(0, EFD_NONBLOCK);
	uint64_t got;
	struct world w;

	int after = carry(&w, before, "eventfd");
	check(read(after, &got, sizeof(got)) < 0 && errno == EAGAIN);
}

/* Before Linux 6.5 fdinfo does not tell; the counter must come out of the trial unchanged. */
static void finds_the_mode_by_trial_on_an_old_kernel(void)
{
	static const struct {
		unsigned int count;
		int flags;
	} row[] = {{0, 0}, {1, 0}, {2, 0}, {9, 0}, {0, 1}, {1, 1}, {2, 1}, {9, 1}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int fd = eventfd(row[i].count, row[i].flags);
		struct world w;
		char hex[64];

		world_start(&w);
		struct open_file *file = world_see(&w, fd);
		snprintf(hex, sizeof(hex), "eventfd-count: %16x\n", row[i].count);
		file->fdinfo = hex;
		world_dump(&w);
		check(file->entry->efd->semaphore == (row[i].flags != 0));
		check(file->entry->efd->counter == row[i].count);
		file->fdinfo = "";
		struct open_file *again = world_see(&w, fd);
		check(strstr(again->fdinfo, hex));
	}
}

static void refuses_the_overflow_mark(void)
{
	int fd = eventfd(0, 0);
	struct world w;

	world_start(&w);
	world_see(&w, fd)->fdinfo = "eventfd-count: ffffffffffffffff\neventfd-semaphore: 0\n";
	char want[128];
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: its counter has overflowed; read it before the checkpoint",
		 fd);
	world_refused(&w, want);
}

static void keeps_who_is_signalled(void)
{
	int before = eventfd(0, 0);
	struct f_owner_ex own = {.type = F_OWNER_PID, .pid = getpid()}, got;
	struct world w;

	check(fcntl(before, F_SETOWN_EX, &own) == 0 && fcntl(before, F_SETSIG, 34) == 0);
	world_start(&w);
	struct open_file *file = world_see(&w, before);
	world_dump(&w);
	check(file->entry->efd->fown->pid == 7); /* the container's name for us */
	world_restore(&w);
	int after = world_fd(&w, file->id);
	check(fcntl(after, F_GETOWN_EX, &got) == 0);
	check(got.type == F_OWNER_PID && got.pid == getpid());
	check(fcntl(after, F_GETSIG) == 34);
}

static void keeps_the_ids_of_who_set_the_owner(void)
{
	int before = eventfd(0, 0);
	struct f_owner_ex own = {.type = F_OWNER_PGRP, .pid = getpgrp()};
	uint32_t uid[2];
	struct world w;

	if (getuid())
		skip("needs root");
	check(setresuid(1000, 1001, 0) == 0 && fcntl(before, F_SETOWN_EX, &own) == 0);
	check(setresuid(0, 0, 0) == 0);
	int after = carry(&w, before, "eventfd");
	check(fcntl(after, 17 /* F_GETOWNER_UIDS */, uid) == 0);
	check(uid[0] == 1000 && uid[1] == 1001);
	check(getuid() == 0 && geteuid() == 0);
}

static void refuses_an_owner_outside(void)
{
	int fd = eventfd(0, 0);
	struct f_owner_ex own = {.type = F_OWNER_PID, .pid = getppid()};
	struct world w;
	char want[192];

	check(fcntl(fd, F_SETOWN_EX, &own) == 0);
	world_start(&w);
	world_see(&w, fd);
	snprintf(want, sizeof(want),
		 "task 7 (?): fd %d: its signals go to process %d outside of the container; "
		 "take them back with F_SETOWN",
		 fd, getppid());
	world_refused(&w, want);
}

RUN(TEST(keeps_a_counter_beyond_32_bits), TEST(keeps_semaphore_mode),
    TEST(keeps_an_empty_one_that_does_not_block),
    TEST(finds_the_mode_by_trial_on_an_old_kernel), TEST(refuses_the_overflow_mark),
    TEST(keeps_who_is_signalled), TEST(keeps_the_ids_of_who_set_the_owner),
    TEST(refuses_an_owner_outside))
