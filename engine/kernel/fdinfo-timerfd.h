/* fdinfo-timerfd.h - what a timerfd is set to
 *
 * Kernel  fs/timerfd.c timerfd_show()                                        since
 *           all lines                                                        Linux 3.17
 *         it_value is the time to go when the text was made, whatever the flags; 0: disarmed or
 *         expired for good.  ticks: expirations that nobody has read, TFD_IOC_SET_TICKS puts them
 *         back (Linux 3.17).
 */
#ifndef CKRUN_KERNEL_FDINFO_TIMERFD_H
#define CKRUN_KERNEL_FDINFO_TIMERFD_H

#include <stdint.h>
#include <time.h>

struct err;

struct timerfd_state {
	int32_t clock; /* clockid_t */
	uint64_t ticks;
	uint32_t flags; /* TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET */
	struct timespec value, interval;
};

int fdinfo_timerfd_parse(const char *text, struct timerfd_state *ret, struct err *err);

#endif
