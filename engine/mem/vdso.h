/* vdso.h - programs that were started under another kernel's vdso
 *
 * A program knows the addresses of the vdso's functions by heart.  Where the kernel that restores
 * has another vdso, the old one is put back as plain memory and every function of it begins with
 * a jump to the function of the same name in the new one; a function that the new one lacks makes
 * its system call.
 * Lost: a thread that was stopped inside a function of the old vdso goes on in it, and its data
 * (vvar) is gone: refused.
 */
#ifndef CKRUN_MEM_VDSO_H
#define CKRUN_MEM_VDSO_H

#include <stddef.h>
#include <stdint.h>

struct err;

enum { VDSO_SYMBOLS = 32, VDSO_NAME = 32 };

struct vdso_symbols {
	size_t n;
	struct vdso_symbol {
		char name[VDSO_NAME]; /* "__vdso_clock_gettime" */
		uint64_t offset;
	} symbol[VDSO_SYMBOLS];
};

/* vdso_read() - the functions of an ELF image of this size; it may come from anywhere. */
int vdso_read(const void *elf, size_t size, struct vdso_symbols *ret, struct err *err);

/* vdso_redirect() - change the old image, so that its functions lead to those of the new one,
 * which is mapped at `at`.  Refuses a function that has neither a namesake nor a system call. */
int vdso_redirect(void *elf, size_t size, const struct vdso_symbols *now, uint64_t at,
		  struct err *err);

#endif
