/* out.h - bytes of a file that is being made, in memory */
#ifndef CKRUN_RUNTIME_IMAGE_OUT_H
#define CKRUN_RUNTIME_IMAGE_OUT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum { OUT_MAX = 1 << 30 };

struct bytes_out {
	unsigned char *data;
	size_t len, room;
};

void out_free(struct bytes_out *out); /* for scoped() */
int out_put(struct bytes_out *out, const void *data, size_t len, struct err *err);
int out_zeros(struct bytes_out *out, size_t len, struct err *err);
int out_word(struct bytes_out *out, uint32_t word, struct err *err); /* little-endian */

/* out_record() - length and message */
int out_record(struct bytes_out *out, const ProtobufCMessage *message, struct err *err);

#endif
