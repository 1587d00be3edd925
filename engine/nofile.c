#include "engine/nofile.h"

struct rlimit nofile_raise(void)
{
	struct rlimit was = {0}, all;

	if (getrlimit(RLIMIT_NOFILE, &was) == 0) {
		all = was;
		all.rlim_cur = all.rlim_max;
		setrlimit(RLIMIT_NOFILE, &all);
	}
	return was;
}

void nofile_reset(const struct rlimit *was)
{
	if (was->rlim_max)
		setrlimit(RLIMIT_NOFILE, was);
}
