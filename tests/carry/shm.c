/* shm.c - System V shared memory */
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>

#include "tests/carry/carry.h"

enum { PAGE = 4096, KEY = 0x5432001, DEST = 01000, LOCKED = 02000 };

static int make(key_t key, size_t size)
{
	int id = shmget(key, size, IPC_CREAT | IPC_EXCL | 0640);

	check(id >= 0);
	return id;
}

static char *attach(int id, int flags)
{
	char *at = shmat(id, NULL, flags);

	check(at != (char *)-1);
	return at;
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	check(!shmctl(id, IPC_STAT, &ds));
	return ds;
}

static void keeps_an_attached_segment(void)
{
	int id = make(KEY, 5 * PAGE);
	char *at = attach(id, 0);

	strcpy(at, "first");
	strcpy(at + 4 * PAGE, "last");
	carried();
	check(!strcmp(at, "first") && !strcmp(at + 4 * PAGE, "last") && !at[PAGE]);
	check(shmget(KEY, 0, 0) == id);
	struct shmid_ds ds = stat_of(id);
	check(ds.shm_segsz == 5 * PAGE && ds.shm_nattch == 1);
	check((ds.shm_perm.mode & 0777) == 0640);
	check(!shmdt(at));
	check(stat_of(id).shm_nattch == 0);
	at = attach(id, 0);
	check(!strcmp(at, "first"));
}

static void keeps_a_segment_that_nobody_has_attached(void)
{
	int id = make(KEY, 3 * PAGE), empty = make(IPC_PRIVATE, PAGE);
	char *at = attach(id, 0);

	strcpy(at + 2 * PAGE, "kept");
	check(!shmdt(at));
	carried();
	check(shmget(KEY, 0, 0) == id && stat_of(id).shm_nattch == 0);
	at = attach(id, 0);
	check(!strcmp(at + 2 * PAGE, "kept") && !*at);
	check(!*attach(empty, 0));
}

static void keeps_ids_whatever_was_removed_before(void)
{
	int id[4];

	for (int i = 0; i < 4; i++)
		id[i] = make(IPC_PRIVATE, PAGE);
	check(!shmctl(id[0], IPC_RMID, NULL) && !shmctl(id[2], IPC_RMID, NULL));
	int again = make(IPC_PRIVATE, 2 * PAGE);
	strcpy(attach(again, 0), "again");
	carried();
	check(stat_of(again).shm_segsz == 2 * PAGE && !strcmp(attach(again, 0), "again"));
	check(stat_of(id[1]).shm_segsz == PAGE && stat_of(id[3]).shm_segsz == PAGE);
	struct shmid_ds ds;
	check(shmctl(id[0], IPC_STAT, &ds) < 0 && shmctl(id[2], IPC_STAT, &ds) < 0);
}

static void keeps_owner_creator_and_lock(void)
{
	struct shmid_ds ds;

	check(!setegid(7) && !seteuid(5));
	int id = make(KEY, PAGE);
	check(!seteuid(0) && !setegid(0));
	ds = stat_of(id);
	ds.shm_perm.uid = 11;
	ds.shm_perm.gid = 13;
	ds.shm_perm.mode = 0604;
	check(!shmctl(id, IPC_SET, &ds) && !shmctl(id, SHM_LOCK, NULL));
	carried();
	ds = stat_of(id);
	check(ds.shm_perm.uid == 11 && ds.shm_perm.gid == 13);
	check(ds.shm_perm.cuid == 5 && ds.shm_perm.cgid == 7);
	check(ds.shm_perm.mode == (0604 | LOCKED));
}

static void stays_marked_for_removal(void)
{
	int id = make(KEY, 2 * PAGE);
	char *at = attach(id, 0);
	struct shmid_ds ds;

	strcpy(at + PAGE, "going");
	check(!shmctl(id, IPC_RMID, NULL));
	carried();
	ds = stat_of(id);
	check(ds.shm_perm.mode & DEST && ds.shm_nattch == 1 && !ds.shm_perm.__key);
	check(shmget(KEY, 0, 0) < 0 && errno == ENOENT);
	check(!strcmp(at + PAGE, "going"));
	check(!shmdt(at));
	check(shmctl(id, IPC_STAT, &ds) < 0);
}

static void keeps_a_part_that_is_left(void)
{
	int id = make(IPC_PRIVATE, 8 * PAGE);
	char *at = attach(id, 0), *hole = at + 3 * PAGE;

	for (int i = 0; i < 8; i++)
		at[i * PAGE] = (char)('a' + i);
	check(!munmap(hole, 2 * PAGE) && !munmap(at, PAGE));
	char *other = mmap(hole, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	check(other == hole);
	*other = 'o';
	carried();
	check(at[PAGE] == 'b' && at[2 * PAGE] == 'c' && *other == 'o');
	check(at[5 * PAGE] == 'f' && at[7 * PAGE] == 'h');
	check(stat_of(id).shm_nattch == 2);
	char *whole = attach(id, 0);
	check(*whole == 'a' && whole[3 * PAGE] == 'd' && whole[4 * PAGE] == 'e');
	at[6 * PAGE] = 'x';
	check(whole[6 * PAGE] == 'x' && *other == 'o');
}

static void keeps_attachments_of_all_kinds(void)
{
	int id = make(IPC_PRIVATE, 4 * PAGE);
	char *rw = attach(id, 0), *ro = attach(id, SHM_RDONLY);

	*rw = 'w';
	check(!mprotect(rw + PAGE, PAGE, PROT_READ));
	carried();
	check(*ro == 'w' && mprotect(ro, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES);
	check(!mprotect(rw + PAGE, PAGE, PROT_READ | PROT_WRITE));
	rw[PAGE] = 'p';
	check(ro[PAGE] == 'p');
	check(!shmdt(ro));
	check(!shmdt(rw) && stat_of(id).shm_nattch == 0);
}

/* Programs may use what is mapped behind the end. */
static void keeps_what_is_behind_the_end(void)
{
	int id = make(IPC_PRIVATE, PAGE + 10), lone = make(KEY, 100);
	char *at = attach(id, 0), *other = attach(lone, 0);

	strcpy(at + PAGE, "in it");
	strcpy(at + 2 * PAGE - 7, "beyond");
	strcpy(other + 200, "beyond");
	check(!shmdt(other));
	carried();
	check(!strcmp(at + PAGE, "in it") && !strcmp(at + 2 * PAGE - 7, "beyond"));
	check(stat_of(id).shm_segsz == PAGE + 10);
	check(!strcmp(attach(lone, 0) + 200, "beyond"));
}

static int shared_id;

static void an_attacher(void)
{
	char *at = attach(shared_id, 0);

	at[PAGE] = 'c';
	other_carried();
	check(*at == 'p');
	at[PAGE] = 'd';
}

static void stays_shared_between_processes(void)
{
	shared_id = make(IPC_PRIVATE, 2 * PAGE);
	char *at = attach(shared_id, 0);
	struct other child = other_start(an_attacher); /* inherits ours, has its own */

	check(stat_of(shared_id).shm_nattch == 3);
	carried();
	check(stat_of(shared_id).shm_nattch == 3);
	*at = 'p';
	other_ends_well(&child);
	check(at[PAGE] == 'd');
	check(stat_of(shared_id).shm_nattch == 1);
}

/* Segments and anonymous memory are counted apart by the kernel, and may have the same numbers. */
static void stays_apart_from_other_shared_memory(void)
{
	enum { N = 64 };
	char *segment[N], *memory[N];

	for (int i = 0; i < N; i++) {
		segment[i] = attach(make(IPC_PRIVATE, PAGE), 0);
		memory[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
				 -1, 0);
		check(memory[i] != MAP_FAILED);
		*segment[i] = (char)i;
		*memory[i] = (char)(i + N);
	}
	carried();
	for (int i = 0; i < N; i++)
		check(*segment[i] == (char)i && *memory[i] == (char)(i + N));
}

/* The container's /proc/sys is read-only: another one, seen by a child alone, is not. */
static void force_removal(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWNS) ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/tmp", "proc", 0, NULL))
			_exit(1);
		int fd = open("/tmp/sys/kernel/shm_rmid_forced", O_WRONLY);
		_exit(write(fd, "1", 1) != 1);
	}
	check(waitpid(pid, &status, 0) == pid);
	if (status)
		skip("sysctls cannot be written here");
}

static void keeps_a_segment_that_goes_with_its_last_user(void)
{
	int id = make(KEY, PAGE);
	char *at = attach(id, 0);
	struct shmid_ds ds;

	force_removal();
	strcpy(at, "with me");
	carried();
	check(!strcmp(at, "with me") && stat_of(id).shm_nattch == 1);
	check(!shmdt(at));
	check(shmctl(id, IPC_STAT, &ds) < 0);
}

RUN(TEST(keeps_an_attached_segment), TEST(keeps_a_segment_that_nobody_has_attached),
    TEST(keeps_ids_whatever_was_removed_before), TEST(keeps_owner_creator_and_lock),
    TEST(stays_marked_for_removal), TEST(keeps_a_part_that_is_left),
    TEST(keeps_attachments_of_all_kinds), TEST(keeps_what_is_behind_the_end),
    TEST(stays_shared_between_processes), TEST(stays_apart_from_other_shared_memory),
    TEST(keeps_a_segment_that_goes_with_its_last_user))
