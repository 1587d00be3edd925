#include <endian.h>
#include <errno.h>
#include <string.h>

#include "engine/image/files.h"
#include "engine/image/inside.h"
#include "engine/image/stats.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"

#define STATS_MAGIC 0x57093306u

enum { HEAD = 3 * sizeof(uint32_t), STATS_MAX = 4096 };

int stats_write(int work_dir, const StatsEntry *stats, struct err *err)
{
	const char *name = stats->dump ? "stats-dump" : "stats-restore";
	size_t size = protobuf_c_message_get_packed_size(&stats->base);
	unsigned char file[HEAD + STATS_MAX];
	const uint32_t head[3] = {
		htole32(IMAGE_SERVICE_MAGIC),
		htole32(STATS_MAGIC),
		htole32((uint32_t)size),
	};

	if (size > STATS_MAX || !stats->dump == !stats->restore)
		return fail(err, -EINVAL, "statistics of one checkpoint or one restore");
	memcpy(file, head, HEAD);
	protobuf_c_message_pack(&stats->base, file + HEAD);
	return file_replace(work_dir, name, file, HEAD + size, 0600, err);
}

static int stats_parse(const struct image_bytes *bytes, struct arena *arena, void **ret,
		       struct err *err)
{
	uint32_t head[3];

	if (bytes->size < HEAD)
		return fail(err, -EBADMSG, "%zu bytes are no statistics", bytes->size);
	memcpy(head, bytes->data, HEAD);
	if (le32toh(head[0]) != IMAGE_SERVICE_MAGIC || le32toh(head[1]) != STATS_MAGIC ||
	    le32toh(head[2]) != bytes->size - HEAD)
		return fail(err, -EBADMSG, "no statistics");
	return image_unpack(&stats_entry__descriptor, bytes->data + HEAD, bytes->size - HEAD,
			    arena, ret, err);
}

int stats_read(int work_dir, const char *name, struct arena *arena, StatsEntry **ret,
	       struct err *err)
{
	const struct image_dir dir = {.fd = work_dir, .foreign = true};
	scoped(image_bytes_free) struct image_bytes bytes = {};
	void *message;
	int r = image_bytes_load(&dir, name, IMAGE_READ, &bytes, err);

	if (r < 0)
		return r;
	r = stats_parse(&bytes, arena, &message, err);
	if (r < 0)
		return fail_in(err, "%s", name);
	*ret = message;
	return 0;
}
