/* msg.c - System V message queues */
#include <pthread.h>
#include <sys/msg.h>

#include "tests/carry/carry.h"

enum { KEY = 0x5432003 };

struct message {
	long type;
	char text[8192];
};

static int make(key_t key)
{
	int id = msgget(key, IPC_CREAT | IPC_EXCL | 0620);

	check(id >= 0);
	return id;
}

static void put(int id, long type, const char *text, size_t size)
{
	struct message m = {.type = type};

	strncpy(m.text, text, sizeof(m.text) - 1);
	check(!msgsnd(id, &m, size, IPC_NOWAIT));
}

static ssize_t get(int id, long type, struct message *m)
{
	memset(m, 0, sizeof(*m));
	return msgrcv(id, m, sizeof(m->text), type, IPC_NOWAIT);
}

static void keeps_messages_in_order(void)
{
	int id = make(KEY);
	struct message m;

	put(id, 3, "one", 4);
	put(id, 1, "two", 4);
	put(id, 3, "", 0);
	put(id, 0x7fffffffffffff, "four", 8192);
	carried();
	check(msgget(KEY, 0) == id);
	check(get(id, 1, &m) == 4 && !strcmp(m.text, "two"));
	check(get(id, 0, &m) == 4 && m.type == 3 && !strcmp(m.text, "one"));
	check(get(id, 0, &m) == 0 && m.type == 3);
	check(get(id, 0, &m) == 8192 && m.type == 0x7fffffffffffff && !strcmp(m.text, "four"));
	check(get(id, 0, &m) < 0 && errno == ENOMSG);
}

static void keeps_ids_whatever_was_removed_before(void)
{
	int id[3];
	struct message m;

	for (int i = 0; i < 3; i++)
		id[i] = make(IPC_PRIVATE);
	check(!msgctl(id[0], IPC_RMID, NULL) && !msgctl(id[1], IPC_RMID, NULL));
	int again = make(IPC_PRIVATE);
	put(again, 1, "a", 2);
	put(id[2], 1, "b", 2);
	carried();
	check(get(again, 0, &m) == 2 && !strcmp(m.text, "a"));
	check(get(id[2], 0, &m) == 2 && !strcmp(m.text, "b"));
	check(get(id[0], 0, &m) < 0 && errno != ENOMSG);
}

static void keeps_a_queue_that_is_over_its_limit(void)
{
	int id = make(KEY);
	struct msqid_ds ds;
	struct message m = {.type = 5};

	for (int i = 0; i < 20; i++)
		put(id, 1 + i, "some text", 700);
	put(id, 30, "", 0);
	check(!msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 100;
	check(!msgctl(id, IPC_SET, &ds));
	carried();
	check(!msgctl(id, IPC_STAT, &ds));
	check(ds.msg_qbytes == 100 && ds.msg_qnum == 21 && ds.__msg_cbytes == 14000);
	check(msgsnd(id, &m, 10, IPC_NOWAIT) < 0 && errno == EAGAIN);
	for (int i = 0; i < 20; i++)
		check(get(id, 0, &m) == 700 && m.type == 1 + i);
}

static void keeps_owner_and_creator(void)
{
	struct msqid_ds ds;

	check(!setegid(7) && !seteuid(5));
	int id = make(KEY);
	check(!seteuid(0) && !setegid(0));
	check(!msgctl(id, IPC_STAT, &ds));
	ds.msg_perm.uid = 11;
	ds.msg_perm.gid = 13;
	ds.msg_perm.mode = 0604;
	check(!msgctl(id, IPC_SET, &ds));
	carried();
	check(!msgctl(id, IPC_STAT, &ds));
	check(ds.msg_perm.uid == 11 && ds.msg_perm.gid == 13 && ds.msg_perm.mode == 0604);
	check(ds.msg_perm.cuid == 5 && ds.msg_perm.cgid == 7);
}

static int waited_for, began;

static void *waiting(void *arg)
{
	struct message m;

	__atomic_store_n(&began, 1, __ATOMIC_SEQ_CST);
	check(msgrcv(waited_for, &m, sizeof(m.text), 9, 0) == 3 && !strcmp(m.text, "go"));
	return arg;
}

static void wakes_a_thread_that_waits(void)
{
	pthread_t thread;

	waited_for = make(IPC_PRIVATE);
	check(!pthread_create(&thread, NULL, waiting, NULL));
	while (!__atomic_load_n(&began, __ATOMIC_SEQ_CST))
		usleep(1000);
	usleep(2000);
	carried();
	put(waited_for, 8, "no", 3);
	put(waited_for, 9, "go", 3);
	check(!pthread_join(thread, NULL));
}

RUN(TEST(keeps_messages_in_order), TEST(keeps_ids_whatever_was_removed_before),
    TEST(keeps_a_queue_that_is_over_its_limit), TEST(keeps_owner_and_creator),
    TEST(wakes_a_thread_that_waits))
