/* limits.h - what a reader accepts at most, whatever an image says
 *
 * An image may come from elsewhere: no length in it is believed before it is compared with
 * these and with what is left of the file.
 */
#ifndef CKRUN_IMAGE_LIMITS_H
#define CKRUN_IMAGE_LIMITS_H

enum {
	IMAGE_RECORD_MAX =
		32 << 20, /* bytes; 250,000 regions of one address space are 15 MiB */
	IMAGE_UNPACKED_MAX = 512 << 20, /* memory that one record may take */
	IMAGE_RECORDS_MAX = 1 << 24,    /* in one file; a terabyte in runs of 16 pages */
	IMAGE_DEPTH_MAX = 64,           /* messages inside messages (cgroup directories) */
	IMAGE_FILES_MAX = 1 << 20,      /* in one image */
	IMAGE_WHOLE_MAX = 64 << 20,     /* files up to here are read, larger ones are mapped */
	IMAGE_NAME_MAX = 64,            /* of a file, with the NUL */
};

#define IMAGE_FILE_MAX (1ull << 46) /* bytes; the user address space is 2^47 */

#endif
