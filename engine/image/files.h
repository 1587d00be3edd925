/* files.h - the files of an image: what each is called, starts with and holds
 *
 * Names, magics and messages are those of CRIU 4.x; ckrun-*.img are ours and have our magics.
 * The id in a name is a pid, tid, inode or namespace number, as the comments say.
 */
#ifndef CKRUN_IMAGE_FILES_H
#define CKRUN_IMAGE_FILES_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/limits.h"

enum image_file {
	/* of the whole image */
	IMAGE_INVENTORY,
	IMAGE_PSTREE,
	IMAGE_FILES,
	IMAGE_CGROUP,
	IMAGE_SECCOMP,
	IMAGE_APPARMOR,
	IMAGE_CPUINFO,
	IMAGE_FILE_LOCKS,
	IMAGE_PIPES_DATA,
	IMAGE_FIFO_DATA,
	IMAGE_SK_QUEUES,
	IMAGE_REMAP_FPATH,
	IMAGE_TTY_INFO,
	IMAGE_TTY_DATA,
	IMAGE_MEMFD_INODE,
	IMAGE_BPFMAP_DATA,
	IMAGE_BINFMT_MISC,
	/* of a task or thread */
	IMAGE_CORE,   /* tid */
	IMAGE_IDS,    /* pid */
	IMAGE_MM,     /* pid */
	IMAGE_FS,     /* pid */
	IMAGE_FDINFO, /* files_id of ids-PID */
	/* memory */
	IMAGE_PAGEMAP,       /* pid */
	IMAGE_PAGEMAP_SHMEM, /* shmid */
	IMAGE_PAGES,         /* pages_id of the page map; raw */
	/* of a file */
	IMAGE_GHOST_FILE, /* remap_id, hexadecimal */
	IMAGE_TCP_STREAM, /* ino, hexadecimal */
	/* of a namespace: its id in ids-PID */
	IMAGE_UTSNS,
	IMAGE_USERNS,
	IMAGE_TIMENS,
	IMAGE_PIDNS,
	IMAGE_IPC_VAR,
	IMAGE_IPC_SHM,
	IMAGE_IPC_MSG,
	IMAGE_IPC_SEM,
	IMAGE_MNTS,
	IMAGE_NETNS,
	IMAGE_NETDEV,
	IMAGE_IFADDR, /* raw from here: netlink dumps */
	IMAGE_ROUTE,
	IMAGE_ROUTE6,
	IMAGE_RULE,
	IMAGE_IPTABLES, /* text of the tools */
	IMAGE_IP6TABLES,
	IMAGE_NFTABLES,
	IMAGE_NETNS_CT,
	IMAGE_NETNS_EXP,
	IMAGE_TMPFS,     /* mnt_id; tar archives */
	IMAGE_TMPFS_DEV, /* st_dev */
	IMAGE_AUTOFS,    /* mnt_id */
	/* ours */
	IMAGE_CKRUN_ROOTS,
	IMAGE_CKRUN_STDIO,
	IMAGE_CKRUN_MANIFEST,
	/* stats-dump, stats-restore: in the work directory, no part of the image */
	IMAGE_STATS,
	IMAGE_FILE_TYPES, /* their number */
};

enum image_head {
	IMAGE_HEAD_OWN,     /* the type's magic alone */
	IMAGE_HEAD_COMMON,  /* IMAGE_COMMON_MAGIC, then the type's */
	IMAGE_HEAD_SERVICE, /* IMAGE_SERVICE_MAGIC, then the type's */
	IMAGE_HEAD_NONE,    /* raw contents without magic, length or records */
};

#define IMAGE_COMMON_MAGIC 0x54564319u
#define IMAGE_SERVICE_MAGIC 0x55105940u /* stats: not part of the image */

struct image_file_type {
	const char *prefix; /* "core-" */
	int base;           /* of the id behind it: 10, 16, or 0 if there is none */
	const char *suffix; /* ".img" */
	const char *name;   /* of the magic: "CORE", as crit has it; NULL if there is none */
	uint32_t magic;
	enum image_head head;
	const ProtobufCMessageDescriptor *message;
	const ProtobufCMessageDescriptor *first; /* of record 1 if that is another */
};

const struct image_file_type *image_file_type(enum image_file file);

struct image_name {
	char text[IMAGE_NAME_MAX];
};

/* image_name() - "core-7.img".  The id is left out where the type has none. */
struct image_name image_name(enum image_file file, uint64_t id);

/* image_name_parse() - false if that is no name of an image file. */
bool image_name_parse(const char *name, enum image_file *ret, uint64_t *ret_id);

/* image_head_magic() - what stands before the type's magic; 0 if nothing does. */
uint32_t image_head_magic(enum image_head head);

/* image_file_by_magic(), image_file_by_name() - the type of a file that starts with these
 * bytes, or of this name of a magic; false if there is none.  The two kinds of page maps
 * have one magic: it is IMAGE_PAGEMAP. */
bool image_file_by_magic(const void *head, size_t len, enum image_file *ret);
bool image_file_by_name(const char *name, enum image_file *ret);

#endif
