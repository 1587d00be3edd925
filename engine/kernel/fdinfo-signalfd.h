/* fdinfo-signalfd.h - which signals a signalfd takes
 *
 * Kernel  fs/signalfd.c signalfd_show_fdinfo()                               since Linux 3.8
 */
#ifndef CKRUN_KERNEL_FDINFO_SIGNALFD_H
#define CKRUN_KERNEL_FDINFO_SIGNALFD_H

#include <stdint.h>

struct err;

/* fdinfo_signalfd_parse() - signal n is bit n - 1, as in the mask given to signalfd(2). */
int fdinfo_signalfd_parse(const char *text, uint64_t *ret_mask, struct err *err);

#endif
