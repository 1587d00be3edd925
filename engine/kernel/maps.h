/* maps.h - the regions of an address space, from /proc/PID/maps or smaps
 *
 * Kernel  fs/proc/task_mmu.c, proc_pid_maps(5), proc_pid_smaps(5)            since
 *           VmFlags                                                          Linux 3.8
 *           [stack] of the first thread only                                 Linux 4.5
 *           ProtectionKey, where the CPU has them                            Linux 4.9
 *           [anon:NAME] prctl(PR_SET_VMA_ANON_NAME)                          Linux 5.17
 *           [anon_shmem:NAME], of shared anonymous memory                    Linux 6.2
 *           ss shadow stack                                                  Linux 6.6
 *           dp MAP_DROPPABLE, sl mseal(2)                                    Linux 6.11
 *           [vvar_vclock] beside [vvar]                                      Linux 6.13
 *           gu MADV_GUARD_INSTALL was used                                   Linux 6.19
 *         smaps walks the page tables of every region: maps is far cheaper, but has neither flags
 *         nor numbers.
 * Lost    The kernel escapes newlines in paths as \012 and nothing else: a file whose name holds
 *         the four characters \012 reads as one with a newline.  It appends " (deleted)" to the
 *         path of an unlinked file, which another file may have for a name.  /proc/PID/map_files
 *         tells (dev and ino are right).
 */
#ifndef CKRUN_KERNEL_MAPS_H
#define CKRUN_KERNEL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

enum maps_kind {
	MAPS_ANON,  /* no name: private anonymous memory */
	MAPS_FILE,  /* path, dev, ino */
	MAPS_HEAP,  /* anonymous, overlaps what brk(2) moves */
	MAPS_STACK, /* anonymous, of the first thread */
	MAPS_VDSO,
	MAPS_VVAR,
	MAPS_VVAR_VCLOCK,
	MAPS_VSYSCALL,     /* outside of user memory */
	MAPS_ANON_NAMED,   /* anonymous; path is the NAME of [anon:NAME] */
	MAPS_SHARED,       /* shared anonymous memory, "/dev/zero (deleted)": dev, ino */
	MAPS_SHARED_NAMED, /* the same; path is the NAME of [anon_shmem:NAME] */
	MAPS_SYSV,         /* shmat(2), "/SYSVxxxxxxxx (deleted)": ino is the shmid */
	MAPS_MEMFD,        /* path is "/memfd:NAME" */
	MAPS_ANON_INODE,   /* "anon_inode:[io_uring]" and others */
	MAPS_OTHER,        /* "[uprobes]", "socket:[7]": no path of a file */
};

/* VmFlags, one bit a word.  The numbers are ours: those of VM_* are not of the kernel's ABI. */
enum maps_flag {
	MAPS_RD, /* readable */
	MAPS_WR,
	MAPS_EX,
	MAPS_SH, /* shared */
	MAPS_MR, /* may become readable */
	MAPS_MW,
	MAPS_ME,
	MAPS_MS,
	MAPS_GD,      /* MAP_GROWSDOWN */
	MAPS_PF,      /* page frames of a device */
	MAPS_IO,      /* the same, I/O space */
	MAPS_MM,      /* the same, mixed with pages */
	MAPS_LO,      /* mlock(2) */
	MAPS_LF,      /* MLOCK_ONFAULT */
	MAPS_SR,      /* MADV_SEQUENTIAL */
	MAPS_RR,      /* MADV_RANDOM */
	MAPS_DC,      /* MADV_DONTFORK */
	MAPS_DE,      /* does not grow by mremap(2) */
	MAPS_AC,      /* accounted */
	MAPS_NR,      /* MAP_NORESERVE */
	MAPS_HT,      /* MAP_HUGETLB */
	MAPS_SF,      /* MAP_SYNC */
	MAPS_AR,      /* of the architecture */
	MAPS_WF,      /* MADV_WIPEONFORK */
	MAPS_DD,      /* MADV_DONTDUMP */
	MAPS_SD,      /* soft-dirty */
	MAPS_HG,      /* MADV_HUGEPAGE */
	MAPS_NH,      /* MADV_NOHUGEPAGE */
	MAPS_MG,      /* MADV_MERGEABLE */
	MAPS_UM,      /* userfaultfd: missing */
	MAPS_UW,      /* userfaultfd: write-protect */
	MAPS_UI,      /* userfaultfd: minor */
	MAPS_SS,      /* shadow stack */
	MAPS_DP,      /* MAP_DROPPABLE */
	MAPS_SL,      /* mseal(2) */
	MAPS_GU,      /* may have guard pages */
	MAPS_UNKNOWN, /* a word that is not in this list */
};
#define MAPS_BIT(flag) (1ULL << (flag))

struct maps_region {
	uint64_t start, end;
	uint64_t pgoff; /* bytes */
	uint32_t prot;  /* PROT_* */
	bool shared;
	bool deleted;  /* the path ended in " (deleted)", which is not part of `path` */
	bool detailed; /* came from smaps: flags and numbers are known */
	enum maps_kind kind;
	dev_t dev;
	uint64_t ino;
	const char *path;                                     /* "" of MAPS_ANON */
	uint64_t flags;                                       /* MAPS_BIT() */
	uint64_t rss, anonymous, private_dirty, swap, locked; /* bytes */
	uint64_t page_size;                                   /* KernelPageSize: hugetlb */
	uint32_t pkey;
};

struct maps {
	size_t n;
	struct maps_region *region; /* ascending */
};

/* maps_parse() - text of maps or of smaps.  -EPROTO, -ENOMEM. */
int maps_parse(const char *text, struct arena *arena, struct maps *ret, struct err *err);

int maps_read(pid_t pid, struct arena *arena, struct maps *ret, struct err *err);
int smaps_read(pid_t pid, struct arena *arena, struct maps *ret, struct err *err);

/* maps_file_open() - the file or shared memory object that a region maps, by
 * /proc/PID/map_files: also if it was unlinked or is hidden by a mount.  flags as of open(2).
 * Needs CAP_CHECKPOINT_RESTORE (Linux 5.9) or CAP_SYS_ADMIN in the first user namespace. */
int maps_file_open(pid_t pid, const struct maps_region *region, int flags, struct err *err);

/* maps_find() - the region that holds the address, or NULL. */
const struct maps_region *maps_find(const struct maps *maps, uint64_t address);

#endif
