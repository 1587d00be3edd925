/* stats.h - stats-dump and stats-restore: what engines show of a checkpoint or restore
 *
 * They lie in the work directory and are no part of the image.  podman and CRI-O read the
 * times (microseconds) and page counts from them.
 */
#ifndef CKRUN_IMAGE_STATS_H
#define CKRUN_IMAGE_STATS_H

#include "engine/image/schema/stats.pb-c.h"

struct arena;
struct err;

/* stats_write() - the one of the two that is set decides which file it is. */
int stats_write(int work_dir, const StatsEntry *stats, struct err *err);

/* stats_read() - name is "stats-dump" or "stats-restore". */
int stats_read(int work_dir, const char *name, struct arena *arena, StatsEntry **ret,
	       struct err *err);

#endif
