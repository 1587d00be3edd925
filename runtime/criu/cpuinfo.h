/* cpuinfo.h - what the processor offers to programs, as cpuinfo.img
 *
 * Words of `capability` are those of Linux (arch/x86/include/asm/cpufeatures.h), 19 of them; those
 * that only a kernel uses are 0 in what ckrun writes.
 */
#ifndef CKRUN_CRIU_CPUINFO_H
#define CKRUN_CRIU_CPUINFO_H

struct criu_options;
struct err;

int cpuinfo_dump(int images_dir, struct err *err);
/* cpuinfo_check() - may what ran on that processor run on this one?  REFUSED names what lacks. */
int cpuinfo_check(int images_dir, struct err *err);

/* cpuinfo_run() - `criu cpuinfo dump|check` */
int cpuinfo_run(const struct criu_options *options, struct err *err);

#endif
