/* sem.c - System V semaphore sets */
#include <sys/sem.h>

#include "tests/carry/carry.h"

enum { KEY = 0x5432002 };

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static int make(key_t key, int n)
{
	int id = semget(key, n, IPC_CREAT | IPC_EXCL | 0620);

	check(id >= 0);
	return id;
}

static void set(int id, int sem, int value)
{
	check(!semctl(id, sem, SETVAL, (union semun){.val = value}));
}

static int get(int id, int sem)
{
	return semctl(id, sem, GETVAL);
}

static int change(int id, unsigned short sem, short by, short flags)
{
	struct sembuf op = {sem, by, flags};

	return semop(id, &op, 1);
}

static void keeps_values(void)
{
	int id = make(KEY, 5);

	set(id, 0, 7);
	set(id, 3, 32767);
	carried();
	check(semget(KEY, 5, 0) == id);
	check(get(id, 0) == 7 && !get(id, 1) && !get(id, 2) && get(id, 3) == 32767);
	check(!change(id, 0, -7, IPC_NOWAIT));
	check(change(id, 0, -1, IPC_NOWAIT) < 0 && errno == EAGAIN);
}

static void keeps_ids_whatever_was_removed_before(void)
{
	int id[4];

	for (int i = 0; i < 4; i++)
		id[i] = make(IPC_PRIVATE, 1 + i);
	check(!semctl(id[0], 0, IPC_RMID) && !semctl(id[2], 0, IPC_RMID));
	int again = make(IPC_PRIVATE, 100);
	set(again, 99, 12);
	set(id[3], 3, 13);
	carried();
	check(get(again, 99) == 12 && get(id[3], 3) == 13 && get(id[1], 1) == 0);
	check(get(id[0], 0) < 0 && get(id[2], 0) < 0);
}

static void keeps_owner_and_creator(void)
{
	struct semid_ds ds;

	check(!setegid(7) && !seteuid(5));
	int id = make(KEY, 2);
	check(!seteuid(0) && !setegid(0));
	check(!semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
	ds.sem_perm.uid = 11;
	ds.sem_perm.gid = 13;
	ds.sem_perm.mode = 0604;
	check(!semctl(id, 0, IPC_SET, (union semun){.buf = &ds}));
	carried();
	check(!semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
	check(ds.sem_perm.uid == 11 && ds.sem_perm.gid == 13 && ds.sem_perm.mode == 0604);
	check(ds.sem_perm.cuid == 5 && ds.sem_perm.cgid == 7 && ds.sem_nsems == 2);
}

static int waited_for;

static void a_waiter(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(change(waited_for, 0, -2, 0) || change(waited_for, 1, 1, 0));
	while (semctl(waited_for, 0, GETNCNT) != 1)
		usleep(1000);
	other_carried();
	check(waitpid(child, &status, 0) == child && !status);
}

static void wakes_a_process_that_waits(void)
{
	waited_for = make(IPC_PRIVATE, 2);
	set(waited_for, 0, 1);
	struct other other = other_start(a_waiter);
	carried();
	check(get(waited_for, 0) == 1 && get(waited_for, 1) == 0);
	check(!change(waited_for, 0, 1, 0));
	check(!change(waited_for, 1, -1, 0));
	check(!get(waited_for, 0));
	other_ends_well(&other);
}

RUN(TEST(keeps_values), TEST(keeps_ids_whatever_was_removed_before),
    TEST(keeps_owner_and_creator), TEST(wakes_a_process_that_waits))
