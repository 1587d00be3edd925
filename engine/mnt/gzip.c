#include <errno.h>
#include <zlib.h>

#include "engine/image/record.h"
#include "engine/mnt/gzip.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

/* Without compression nothing is looked up: the smallest tables there are, and no page faults. */
enum {
	WINDOW_OUT = 9 + 16,
	MEMORY_OUT = 1,
	WINDOW_IN = 15 + 16,
	BUFFER = 128 << 10,
	CHUNK = 1 << 20,
};

struct gzip_out {
	struct image_writer *writer;
	z_stream z;
	unsigned char buffer[BUFFER];
};

struct gzip_in {
	struct image_reader *reader;
	z_stream z;
};

static int failed(struct err *err, int r, const char *what)
{
	return fail(err, r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG, "%s: %s", what, zError(r));
}

/* --- writing */

int gzip_out_open(struct image_dir *image, enum image_file file, uint64_t id,
		  struct gzip_out **ret, struct err *err)
{
	struct gzip_out *out = calloc(1, sizeof(*out));

	if (!out)
		return fail(err, -ENOMEM, "out of memory");
	int r = deflateInit2(&out->z, Z_NO_COMPRESSION, Z_DEFLATED, WINDOW_OUT, MEMORY_OUT,
			     Z_DEFAULT_STRATEGY);
	if (r != Z_OK) {
		free(out);
		return failed(err, r, "compression");
	}
	r = image_writer_open(image, file, id, &out->writer, err);
	if (r < 0)
		gzip_out_drop(&out);
	else
		*ret = out;
	return r;
}

static int pump(struct gzip_out *out, int flush, struct err *err)
{
	int r;

	do {
		out->z.next_out = out->buffer;
		out->z.avail_out = BUFFER;
		r = deflate(&out->z, flush);
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return failed(err, r, "compress");
		int w = record_put_raw(out->writer, out->buffer, BUFFER - out->z.avail_out,
				       err);
		if (w < 0)
			return w;
	} while (!out->z.avail_out || (flush == Z_FINISH && r != Z_STREAM_END));
	return 0;
}

int gzip_write(void *gzip_out, const void *data, size_t len, struct err *err)
{
	struct gzip_out *out = gzip_out;
	const unsigned char *at = data;
	int r = 0;

	for (size_t n = 0; len && r >= 0; at += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		out->z.next_in = (unsigned char *)(uintptr_t)at;
		out->z.avail_in = (uInt)n;
		r = pump(out, Z_NO_FLUSH, err);
	}
	return r;
}

int gzip_out_close(struct gzip_out **gzip_out, struct err *err)
{
	scoped(gzip_out_drop) struct gzip_out *out = take_ptr(*gzip_out);

	out->z.avail_in = 0;
	int r = pump(out, Z_FINISH, err);
	return r < 0 ? r : image_writer_close(&out->writer, err);
}

void gzip_out_drop(struct gzip_out **out)
{
	if (!*out)
		return;
	deflateEnd(&(*out)->z);
	image_writer_drop(&(*out)->writer);
	free(*out);
	*out = NULL;
}

/* --- reading */

int gzip_in_open(const struct image_dir *image, enum image_file file, uint64_t id,
		 struct gzip_in **ret, struct err *err)
{
	struct gzip_in *in = calloc(1, sizeof(*in));

	if (!in)
		return fail(err, -ENOMEM, "out of memory");
	int r = inflateInit2(&in->z, WINDOW_IN);
	if (r != Z_OK) {
		free(in);
		return failed(err, r, "decompression");
	}
	r = image_reader_open(image, file, id, &in->reader, err);
	if (r < 0)
		gzip_in_drop(&in);
	else
		*ret = in;
	return r;
}

static int refill(struct gzip_in *in, struct err *err)
{
	uint64_t left = record_left(in->reader);
	uint64_t n = left < CHUNK ? left : CHUNK;
	const void *data;

	if (!n)
		return fail(err, -EBADMSG, "it ends in the middle");
	int r = record_get_raw(in->reader, n, &data, err);
	if (r < 0)
		return r;
	in->z.next_in = (unsigned char *)(uintptr_t)data;
	in->z.avail_in = (uInt)n;
	return 0;
}

static int read_chunk(struct gzip_in *in, void *data, size_t len, struct err *err)
{
	in->z.next_out = data;
	in->z.avail_out = (uInt)len;
	while (in->z.avail_out) {
		int r = in->z.avail_in ? 0 : refill(in, err);
		if (r < 0)
			return r;
		r = inflate(&in->z, Z_NO_FLUSH);
		if (r == Z_STREAM_END && in->z.avail_out)
			return fail(err, -EBADMSG, "it ends in the middle");
		if (r != Z_OK && r != Z_STREAM_END)
			return failed(err, r, "decompress");
	}
	return 0;
}

int gzip_read(void *gzip_in, void *data, size_t len, struct err *err)
{
	char *at = data;
	int r = 0;

	for (size_t n = 0; len && r >= 0; at += n, len -= n) {
		n = len < CHUNK ? len : CHUNK;
		r = read_chunk(gzip_in, at, n, err);
	}
	return r;
}

void gzip_in_drop(struct gzip_in **in)
{
	if (!*in)
		return;
	inflateEnd(&(*in)->z);
	image_reader_drop(&(*in)->reader);
	free(*in);
	*in = NULL;
}
