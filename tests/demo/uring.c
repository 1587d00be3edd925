/* uring.c - holds an io_uring, which no image can say, and counts: uring FILE
 *
 * io_uring_setup(2), Linux 5.1.  A number is added to FILE every 20 ms, so that whoever tried to
 * carry this process can see whether it goes on.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	struct io_uring_params params = {};

	if (argc != 2)
		return 2;
	if (syscall(SYS_io_uring_setup, 8, &params) < 0) {
		perror("io_uring_setup");
		return 1;
	}
	int file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (file < 0) {
		perror(argv[1]);
		return 1;
	}
	for (unsigned long n = 1;; n++) {
		if (dprintf(file, "%lu\n", n) < 0)
			return 1;
		nanosleep(&pause, NULL);
	}
}
