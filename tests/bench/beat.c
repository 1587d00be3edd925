/* beat.c - workload of the bench: beat FILE MIB CHILDREN THREADS PAGES_PER_S
 *
 * Fills MIB of private memory with numbers that follow from their place, starts CHILDREN and
 * THREADS that wait, then beats once a millisecond: FILE is a page shared with bench.py, which
 * reads there what the container feels and asks it to verify that nothing was lost.
 * PAGES_PER_S of the memory are rewritten between the beats.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };
enum verdict { VERDICT_NONE, VERDICT_WHOLE, VERDICT_BROKEN };

/* The shared page; bench.py knows the numbers of the words. */
struct shared {
	_Atomic uint64_t beats;
	_Atomic uint64_t longest_gap_ns; /* between two beats, since the last reset */
	_Atomic uint64_t reset;          /* asked for, 0 again when done */
	_Atomic uint64_t ready;          /* memory is filled, all children and threads run */
	_Atomic uint64_t verify;         /* asked for, 0 again when done */
	_Atomic uint64_t verdict;        /* of the last verify */
	_Atomic uint64_t rewritten;      /* pages */
	_Atomic uint64_t answers;        /* children and threads that were there to answer */
};

struct load {
	struct shared *shared;
	uint64_t *memory;
	uint64_t pages, children, threads, pages_per_s;
	pid_t *child;
	sem_t asked; /* one post wakes one thread */
};

static const struct timespec a_millisecond = {.tv_nsec = 1000 * 1000};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* What belongs at a place: neither zero nor the same as in another page. */
static uint64_t number_at(uint64_t place)
{
	uint64_t x = (place + 1) * 0x9e3779b97f4a7c15U;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	return x ^ (x >> 27);
}

/* The first word of a page counts how often it was rewritten. */
static void fill(const struct load *load)
{
	for (uint64_t i = 0; i < load->pages * WORDS; i++)
		load->memory[i] = i % WORDS ? number_at(i) : 0;
}

static void rewrite(const struct load *load, uint64_t pages)
{
	static uint64_t at;

	for (; pages; pages--, at++) {
		load->memory[(at % load->pages) * WORDS]++;
		load->shared->rewritten++;
	}
}

static enum verdict memory_whole(const struct load *load)
{
	uint64_t rewritten = 0;

	for (uint64_t i = 0; i < load->pages * WORDS; i++) {
		if (i % WORDS == 0)
			rewritten += load->memory[i];
		else if (load->memory[i] != number_at(i))
			return VERDICT_BROKEN;
	}
	return rewritten == load->shared->rewritten ? VERDICT_WHOLE : VERDICT_BROKEN;
}

static void child(const struct load *load, const sigset_t *asked)
{
	int signal_number;

	for (;;)
		if (sigwait(asked, &signal_number) == 0)
			load->shared->answers++;
}

static void *thread(void *arg)
{
	struct load *load = arg;

	for (;;)
		if (sem_wait(&load->asked) == 0)
			load->shared->answers++;
	return NULL;
}

static int start(struct load *load)
{
	sigset_t asked;

	sigemptyset(&asked);
	sigaddset(&asked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &asked, NULL);
	for (uint64_t i = 0; i < load->children; i++) {
		load->child[i] = fork();
		if (load->child[i] == 0)
			child(load, &asked);
		if (load->child[i] < 0)
			return -1;
	}
	sem_init(&load->asked, 0, 0);
	for (uint64_t i = 0; i < load->threads; i++) {
		pthread_t t;

		errno = pthread_create(&t, NULL, thread, load);
		if (errno)
			return -1;
	}
	return 0;
}

/* Every child and every thread answers within five seconds. */
static enum verdict all_answer(struct load *load)
{
	load->shared->answers = 0;
	for (uint64_t i = 0; i < load->children; i++)
		if (kill(load->child[i], SIGUSR1) < 0)
			return VERDICT_BROKEN;
	for (uint64_t i = 0; i < load->threads; i++)
		sem_post(&load->asked);
	for (int ms = 0; ms < 5000; ms++) {
		if (load->shared->answers == load->children + load->threads)
			return VERDICT_WHOLE;
		nanosleep(&a_millisecond, NULL);
	}
	return VERDICT_BROKEN;
}

static void beat(struct load *load)
{
	struct shared *s = load->shared;
	uint64_t last = now_ns(), owed = 0;

	for (;;) {
		uint64_t now = now_ns(), gap = now - last;

		last = now;
		if (s->reset) {
			s->longest_gap_ns = 0;
			s->reset = 0;
		} else if (gap > s->longest_gap_ns) {
			s->longest_gap_ns = gap;
		}
		s->beats++;
		owed += load->pages_per_s;
		rewrite(load, owed / 1000);
		owed %= 1000;
		if (s->verify) {
			s->verdict = memory_whole(load) == VERDICT_WHOLE ? all_answer(load)
									 : VERDICT_BROKEN;
			s->verify = 0;
			last = now_ns();
		}
		nanosleep(&a_millisecond, NULL);
	}
}

static void *map(size_t size, int flags, int fd)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at != MAP_FAILED)
		return at;
	perror("mmap");
	exit(1);
}

int main(int argc, char **argv)
{
	uint64_t number[4];
	struct load load = {};

	if (argc != 6)
		return 2;
	for (int i = 0; i < 4; i++)
		number[i] = strtoull(argv[i + 2], NULL, 10);
	int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	load.pages = number[0] << 20 >> 12;
	load.children = number[1];
	load.threads = number[2];
	load.pages_per_s = load.pages ? number[3] : 0;
	load.shared = map(PAGE, MAP_SHARED, fd);
	load.child = calloc(load.children + 1, sizeof(*load.child));
	if (!load.child || start(&load) < 0) {
		perror("children and threads");
		return 1;
	}
	if (load.pages) {
		load.memory = map(load.pages * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		fill(&load);
	}
	load.shared->ready = 1;
	beat(&load);
}
