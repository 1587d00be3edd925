/* test-fdinfo-signalfd.c - which signals a signalfd takes */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/kernel/fdinfo-signalfd.h"
#include "engine/kernel/proc.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void reads_the_mask_that_was_given(void)
{
	scoped_free char *text = NULL;
	struct err err = {};
	uint64_t mask = 0;
	char name[32];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGRTMAX);
	snprintf(name, sizeof(name), "fdinfo/%d", signalfd(-1, &set, 0));
	check(!proc_text(getpid(), 0, name, &text, &err));
	check(!fdinfo_signalfd_parse(text, &mask, &err));
	check(mask == (1ULL << (SIGHUP - 1) | 1ULL << (SIGRTMAX - 1)));
}

static void refuses_text_without_a_mask(void)
{
	uint64_t mask = 3;
	struct err err = {};

	check(fdinfo_signalfd_parse("pos:\t0\n", &mask, &err) == -EPROTO);
	check(fdinfo_signalfd_parse("sigmask:\tx\n", &mask, &err) == -EPROTO && mask == 3);
}

RUN(TEST(reads_the_mask_that_was_given), TEST(refuses_text_without_a_mask))
