/* threads.c - threads with names, ids, storage of their own, and what they wait for */
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/rseq.h>

#include "tests/carry/carry.h"

enum { N = 4 };

static pthread_barrier_t set_up, go_on;
static _Atomic int right;

static pthread_t thread_of(void *(*body)(void *), void *arg)
{
	pthread_t thread;

	check(!pthread_create(&thread, NULL, body, arg));
	return thread;
}

static pid_t my_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* --- who they are */

static void *named(void *arg)
{
	pid_t tid = my_tid();
	char name[16];

	pthread_setname_np(pthread_self(), arg);
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(my_tid() == tid);
	check(!prctl(PR_GET_NAME, name) && !strcmp(name, arg));
	right++;
	return NULL;
}

static void keeps_ids_and_names(void)
{
	char name[N][16];
	pthread_t thread[N];

	pthread_barrier_init(&set_up, NULL, N + 1);
	pthread_barrier_init(&go_on, NULL, N + 1);
	for (int i = 0; i < N; i++) {
		snprintf(name[i], sizeof(name[i]), "worker %d", i);
		thread[i] = thread_of(named, name[i]);
	}
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	for (int i = 0; i < N; i++)
		check(!pthread_join(thread[i], NULL));
	check(right == N);
}

static _Thread_local int own = 7;

static void *with_storage(void *arg)
{
	own = *(int *)arg;
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(own == *(int *)arg);
	return NULL;
}

static void keeps_storage_of_each_thread(void)
{
	int value[2] = {100, 200};

	pthread_barrier_init(&set_up, NULL, 3);
	pthread_barrier_init(&go_on, NULL, 3);
	own = 300;
	pthread_t a = thread_of(with_storage, &value[0]),
		  b = thread_of(with_storage, &value[1]);
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(a, NULL) && !pthread_join(b, NULL));
	check(own == 300);
}

static void *counting(void *arg)
{
	_Atomic long *n = arg;

	while (*n >= 0)
		if (atomic_fetch_add(n, 1) < 0)
			break;
	return NULL;
}

static void lets_a_busy_thread_count_on(void)
{
	_Atomic long n = 0;
	pthread_t thread = thread_of(counting, &n);

	while (n < 1000)
		;
	carried();
	const long now = atomic_load(&n);
	while (atomic_load(&n) == now)
		;
	atomic_store(&n, -1000000000L);
	check(!pthread_join(thread, NULL));
}

static void *ending(void *arg)
{
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	return arg;
}

/* The kernel clears the thread's id and wakes who waits for that: set_tid_address(2). */
static void a_join_sees_the_end(void)
{
	int token;
	void *got;

	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	pthread_t thread = thread_of(ending, &token);
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, &got) && got == &token);
	thread = thread_of(ending, &token);
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, &got) && got == &token);
}

/* --- what they wait for */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int state;

static void *waiting(void *arg)
{
	pthread_mutex_lock(&mutex);
	state = 1;
	while (state != 2)
		pthread_cond_wait(&changed, &mutex);
	state = 3;
	pthread_mutex_unlock(&mutex);
	return arg;
}

static int state_now(void)
{
	pthread_mutex_lock(&mutex);
	int now = state;
	pthread_mutex_unlock(&mutex);
	return now;
}

static void wakes_who_waits_for_a_condition(void)
{
	pthread_t thread = thread_of(waiting, NULL);

	while (state_now() != 1)
		usleep(100);
	carried();
	check(state_now() == 1);
	pthread_mutex_lock(&mutex);
	state = 2;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
	check(!pthread_join(thread, NULL) && state == 3);
}

static void *locking(void *arg)
{
	right++;
	pthread_mutex_lock(arg);
	right++;
	pthread_mutex_unlock(arg);
	return NULL;
}

static void keeps_a_mutex_locked(void)
{
	pthread_mutex_lock(&mutex);
	pthread_t thread = thread_of(locking, &mutex);

	while (right < 1)
		usleep(100);
	usleep(2000);
	carried();
	usleep(2000);
	check(right == 1);
	pthread_mutex_unlock(&mutex);
	check(!pthread_join(thread, NULL) && right == 2);
}

static void *owning(void *arg)
{
	check(!pthread_mutex_lock(arg));
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	return NULL; /* with the mutex locked */
}

static void tells_that_the_owner_of_a_robust_mutex_died(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t robust;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attr);
	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	pthread_t thread = thread_of(owning, &robust);
	pthread_barrier_wait(&set_up);
	carried();
	check(pthread_mutex_trylock(&robust) == EBUSY);
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
	check(pthread_mutex_lock(&robust) == EOWNERDEAD);
}

static void *inheriting(void *arg)
{
	right++;
	check(!pthread_mutex_lock(arg));
	pthread_mutex_unlock(arg);
	return NULL;
}

/* The kernel keeps who owns it, by thread id. */
static void keeps_a_mutex_with_priority_inheritance(void)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t pi;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&pi, &attr);
	check(!pthread_mutex_lock(&pi));
	pthread_t thread = thread_of(inheriting, &pi);
	while (right < 1)
		usleep(100);
	usleep(2000);
	carried();
	check(!pthread_mutex_unlock(&pi));
	check(!pthread_join(thread, NULL));
}

/* --- what they registered with the kernel */

static void *registered(void *arg)
{
	struct rseq *rseq = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);

	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	/* the kernel writes the number of the CPU at each return to user mode */
	rseq->cpu_id_start = 12345;
	rseq->cpu_id = 12345;
	for (int i = 0; i < 100 && rseq->cpu_id == 12345; i++)
		usleep(1000);
	check(rseq->cpu_id < 1024);
	/* it is registered already, as it was */
	check(syscall(SYS_rseq, rseq, __rseq_size < 32 ? 32 : __rseq_size, 0, RSEQ_SIG) < 0 &&
	      errno == EBUSY);
	return arg;
}

static void keeps_restartable_sequences_registered(void)
{
	if (!__rseq_size)
		skip("this libc registers none");
	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	pthread_t thread = thread_of(registered, NULL);
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL));
}

static void keeps_the_robust_list_of_each_thread(void)
{
	void *before, *after;
	size_t len;

	check(!syscall(SYS_get_robust_list, 0, &before, &len) && len == 24);
	carried();
	check(!syscall(SYS_get_robust_list, 0, &after, &len) && len == 24);
	check(after == before);
}

static void keeps_membarrier_registered(void)
{
	check(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	carried();
	check(!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	check(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) < 0 &&
	      errno == EPERM);
}

/* --- how many */

static void *many(void *arg)
{
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	right++;
	return arg;
}

static void keeps_two_hundred_threads(void)
{
	enum { MANY = 200 };
	static pthread_t thread[MANY];

	pthread_barrier_init(&set_up, NULL, MANY + 1);
	pthread_barrier_init(&go_on, NULL, MANY + 1);
	for (int i = 0; i < MANY; i++)
		thread[i] = thread_of(many, NULL);
	pthread_barrier_wait(&set_up);
	carried();
	pthread_barrier_wait(&go_on);
	for (int i = 0; i < MANY; i++)
		check(!pthread_join(thread[i], NULL));
	check(right == MANY);
}

RUN(TEST(keeps_ids_and_names), TEST(keeps_storage_of_each_thread),
    TEST(lets_a_busy_thread_count_on), TEST(a_join_sees_the_end),
    TEST(wakes_who_waits_for_a_condition), TEST(keeps_a_mutex_locked),
    TEST(tells_that_the_owner_of_a_robust_mutex_died),
    TEST(keeps_a_mutex_with_priority_inheritance), TEST(keeps_restartable_sequences_registered),
    TEST(keeps_the_robust_list_of_each_thread), TEST(keeps_membarrier_registered),
    TEST(keeps_two_hundred_threads))
