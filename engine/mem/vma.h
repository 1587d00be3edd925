/* vma.h - the words of the image format for a region of memory
 *
 * VmaEntry.status and .madv as CRIU has them; .prot and .flags are PROT_ and MAP_ bits of mmap(2).
 */
#ifndef CKRUN_MEM_VMA_H
#define CKRUN_MEM_VMA_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/image/schema/mm.pb-c.h"

enum vma_status {
	VMA_REGULAR = 1 << 0,
	VMA_STACK = 1 << 1,
	VMA_VSYSCALL = 1 << 2,
	VMA_VDSO = 1 << 3,
	VMA_HEAP = 1 << 5,
	VMA_FILE_PRIVATE = 1 << 6,
	VMA_FILE_SHARED = 1 << 7,
	VMA_ANON_SHARED = 1 << 8,
	VMA_ANON_PRIVATE = 1 << 9,
	VMA_SYSV = 1 << 10, /* beside VMA_ANON_SHARED: .shmid is the id of shmget(2) */
	VMA_VVAR = 1 << 12,
	VMA_MEMFD = 1 << 14, /* beside a VMA_FILE_* */
};

/* Of other shared memory .shmid is the number of its inode, from here up: the numbers of segments
 * are the inode numbers of their memory too, and less than this. */
#define VMA_SHMID_ANON (UINT64_C(1) << 32)

/* vma_is_vdso() - the vdso: its contents are stored, for a kernel that has another. */
static inline bool vma_is_vdso(const VmaEntry *vma)
{
	return vma->status & VMA_VDSO;
}

/* vma_is_kernels() - the kernel makes it and its contents: vdso, vvar. */
static inline bool vma_is_kernels(const VmaEntry *vma)
{
	return vma->status & (VMA_VDSO | VMA_VVAR | VMA_VSYSCALL);
}

/* vma_has_pages() - its private pages are in the page map of the task. */
static inline bool vma_has_pages(const VmaEntry *vma)
{
	return !vma_is_kernels(vma) && vma->status & (VMA_FILE_PRIVATE | VMA_ANON_PRIVATE);
}

static inline bool vma_is_file(const VmaEntry *vma)
{
	return vma->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED);
}

#endif
