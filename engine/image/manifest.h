/* manifest.h - ckrun-manifest.img: what belongs to an image and what it needs of a host
 *
 * A head, a record per file with length and CRC-32C, an end with the number of files and the
 * CRC-32C of everything before it.  Lengths and checksums were computed while the files were
 * written: nothing is read twice.  A reader refuses a feature that it does not know.
 */
#ifndef CKRUN_IMAGE_MANIFEST_H
#define CKRUN_IMAGE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { IMAGE_CPU_WORDS = 9, IMAGE_FEATURES_MAX = 16 };

/* Registers of cpuid that describe what programs may use, in this order; a word that a
 * processor does not have is 0. */
enum image_cpu_word {
	CPU_1_ECX,
	CPU_1_EDX,
	CPU_7_EBX,
	CPU_7_ECX,
	CPU_7_EDX,
	CPU_7_1_EAX,
	CPU_80000001_ECX,
	CPU_80000001_EDX,
	CPU_D_1_EAX, /* xsaveopt, xsavec, ... */
};

struct image_host {
	char kernel_release[64];
	char machine[64];
	uint32_t cpu_word[IMAGE_CPU_WORDS];
	uint64_t xfeatures;  /* XCR0 */
	uint32_t xsave_size; /* bytes, of the features in XCR0 */
};

struct image_about {
	const char *container;                   /* its id; NULL is none */
	const char *feature[IMAGE_FEATURES_MAX]; /* a reader must know, up to a NULL */
	struct image_host host;
};

/* image_host_read() - this machine. */
int image_host_read(struct image_host *ret, struct err *err);

/* image_host_fits() - may what ran on `from` run here?  Refuses with the names of what this
 * processor lacks.  A newer or older kernel is no reason to refuse. */
int image_host_fits(const struct image_host *from, const struct image_host *here,
		    struct err *err);

#endif
