/* test-fd-signalfd.c - the mask, from signal 1 to 64 */
#include <signal.h>
#include <sys/signalfd.h>

#include "tests/unit/fds.h"

static void reads_the_signals_of_its_mask_and_no_others(void)
{
	struct signalfd_siginfo info;
	sigset_t want, all;
	struct world w;

	sigfillset(&all);
	check(sigprocmask(SIG_BLOCK, &all, NULL) == 0);
	sigemptyset(&want);
	sigaddset(&want, SIGHUP);
	sigaddset(&want, 64);
	int before = signalfd(-1, &want, SFD_NONBLOCK);
	int after = carry(&w, before, "signalfd");

	raise(SIGUSR2);
	check(read(after, &info, sizeof(info)) < 0 && errno == EAGAIN);
	raise(64);
	raise(SIGHUP);
	check(read(after, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGHUP);
	check(read(after, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == 64);
}

RUN(TEST(reads_the_signals_of_its_mask_and_no_others))
