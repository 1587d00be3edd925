/* waits.c - threads that stand still, each in its own way: what a debugger sees must not change
 *
 * It listens on TCP, has a unix socket and a pair of pipes, and prints "ready" when all stand.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static pthread_barrier_t standing;
static volatile int go_on = 1;
static char *shared_text; /* in memory that is shared, with nobody */
static volatile double shown[4] = {1.5, 2.5, 3.5, 4.5};

__attribute__((noinline)) static int deepest(int depth, const char *why)
{
	pthread_barrier_wait(&standing);
	pause();
	return depth + (int)strlen(why);
}

__attribute__((noinline)) static int deeper(int depth)
{
	return depth > 2 ? deepest(depth, "at the bottom") : deeper(depth + 1) + 1;
}

static void *in_pause(void *arg)
{
	return (void *)(long)deeper((int)(long)arg);
}

static void *in_read(void *arg)
{
	char byte;

	pthread_barrier_wait(&standing);
	return read(*(int *)arg, &byte, 1) == 1 ? arg : NULL;
}

static void *in_lock(void *arg)
{
	pthread_barrier_wait(&standing);
	pthread_mutex_lock(arg);
	return NULL;
}

static void *in_user_mode(void *arg)
{
	pthread_barrier_wait(&standing);
	while (go_on) {
	}
	return arg;
}

static void listen_somewhere(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4242)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/tmp/waits"};
	int tcp = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	unlink(un.sun_path);
	if (bind(tcp, (struct sockaddr *)&in, sizeof(in)) || listen(tcp, 1) ||
	    bind(local, (struct sockaddr *)&un, sizeof(un)) || listen(local, 1))
		perror("listen");
}

int main(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread[4];
	int ends[2];
	char *shared =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	listen_somewhere();
	if (pipe(ends) || shared == MAP_FAILED)
		return 1;
	shared_text = strcpy(shared + 4096, "shared with nobody");
	shown[0] += 0.25;
	pthread_mutex_lock(&lock);
	pthread_barrier_init(&standing, NULL, 5);
	pthread_create(&thread[0], NULL, in_pause, (void *)1L);
	pthread_create(&thread[1], NULL, in_read, ends);
	pthread_create(&thread[2], NULL, in_lock, &lock);
	pthread_create(&thread[3], NULL, in_user_mode, NULL);
	pthread_barrier_wait(&standing);
	usleep(100000);
	puts("ready");
	fflush(stdout);
	pthread_join(thread[0], NULL);
	return 0;
}
