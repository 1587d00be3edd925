/* inside.h - what the rooms of this folder know of an open image; nobody else includes it */
#ifndef CKRUN_IMAGE_INSIDE_H
#define CKRUN_IMAGE_INSIDE_H

#include <dirent.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/manifest.h"

struct arena;
struct err;
struct image_reader;
struct image_writer;

struct image_member { /* a file as the manifest lists it */
	const char *name;
	uint64_t length;
	uint32_t crc;
};

struct image_dir {
	int target; /* the image directory */
	int fd;     /* where the files are: the partial directory while writing */
	bool writing;
	bool amending; /* what is written takes the place of a member */
	bool foreign;
	struct arena *arena;
	struct image_member *member; /* sorted by name when read */
	size_t n_members;
	struct image_about about;
	uint32_t pages_id; /* the last given */
};

int image_member_add(struct image_dir *dir, const char *name, uint64_t length, uint32_t crc,
		     struct err *err);
const struct image_member *image_member_find(const struct image_dir *dir, const char *name);

/* image_file_open() - a regular file of the directory, for reading; its size. */
int image_file_open(int dir, const char *name, int *ret_fd, uint64_t *ret_size,
		    struct err *err);

enum image_how {
	IMAGE_READ, /* contents checked against the manifest; large files are mapped */
	IMAGE_MAP,  /* page-aligned, contents not checked */
};

struct image_bytes {
	unsigned char *data;
	size_t size;
	bool mapped;
	bool borrowed; /* somebody else's */
	uint32_t crc;  /* as the manifest says */
};

int image_bytes_load(const struct image_dir *dir, const char *name, enum image_how how,
		     struct image_bytes *ret, struct err *err);
void image_bytes_free(struct image_bytes *bytes); /* for scoped() */

/* image_create_file() - in the directory being written, 0600. */
int image_create_file(const struct image_dir *dir, const char *name, int *ret_fd,
		      struct err *err);
int image_write_all(int fd, const void *data, size_t len, struct err *err);

/* image_writer_sum() - length and checksum so far, buffer flushed: what stands before the end
 * of the manifest. */
int image_writer_sum(struct image_writer *w, uint32_t *ret_crc, struct err *err);

/* image_unpack() - a message from bytes nobody vouches for: depth and memory are bounded. */
int image_unpack(const ProtobufCMessageDescriptor *descriptor, const unsigned char *data,
		 size_t len, struct arena *arena, void **ret, struct err *err);

/* image_open_as_is() - however broken: *why tells what image_open() would have said of the
 * manifest, and then the image is taken as if it had none. */
int image_open_as_is(int target, struct image_dir **ret, struct err *why, struct err *err);

/* image_dir_stream() - to list a directory; a stream of its own, as closedir(3) closes the
 * descriptor that it was given. */
DIR *image_dir_stream(int fd);
void image_dir_stream_drop(DIR **d); /* for scoped() */

int manifest_write(struct image_dir *dir, const struct image_about *about, struct err *err);
int manifest_read(struct image_dir *dir, struct err *err);

#endif
