#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/image/files.h"
#include "engine/image/schema/apparmor.pb-c.h"
#include "engine/image/schema/bpfmap.pb-c.h"
#include "engine/image/schema/cgroup.pb-c.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/cpuinfo.pb-c.h"
#include "engine/image/schema/fdinfo.pb-c.h"
#include "engine/image/schema/file.pb-c.h"
#include "engine/image/schema/filelock.pb-c.h"
#include "engine/image/schema/inet.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "engine/image/schema/ipc.pb-c.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "engine/image/schema/mm.pb-c.h"
#include "engine/image/schema/mnt.pb-c.h"
#include "engine/image/schema/netns.pb-c.h"
#include "engine/image/schema/ns.pb-c.h"
#include "engine/image/schema/pagemap.pb-c.h"
#include "engine/image/schema/pipe.pb-c.h"
#include "engine/image/schema/pstree.pb-c.h"
#include "engine/image/schema/seccomp.pb-c.h"
#include "engine/image/schema/sock.pb-c.h"
#include "engine/image/schema/tty.pb-c.h"

#define COMMON(prefix, base, magic, entry)                                                 \
	{                                                                                  \
		prefix, base, ".img", magic, IMAGE_HEAD_COMMON, &entry##__descriptor, NULL \
	}
#define FIRST(prefix, base, magic, first, entry)                                      \
	{                                                                             \
		prefix, base, ".img", magic, IMAGE_HEAD_COMMON, &entry##__descriptor, \
			&first##__descriptor                                          \
	}
#define RAW(prefix, suffix)                                        \
	{                                                          \
		prefix, 10, suffix, 0, IMAGE_HEAD_NONE, NULL, NULL \
	}

/* Our magics are "CKR" and a number. */
static const struct image_file_type types[IMAGE_FILE_TYPES] = {
	[IMAGE_INVENTORY] = {"inventory", 0, ".img", 0x58313116, IMAGE_HEAD_OWN,
			     &inventory_entry__descriptor, NULL},
	[IMAGE_PSTREE] = COMMON("pstree", 0, 0x50273030, pstree_entry),
	[IMAGE_FILES] = COMMON("files", 0, 0x56303138, file_entry),
	[IMAGE_CGROUP] = COMMON("cgroup", 0, 0x59383330, cgroup_entry),
	[IMAGE_SECCOMP] = COMMON("seccomp", 0, 0x64413049, seccomp_entry),
	[IMAGE_APPARMOR] = COMMON("apparmor", 0, 0x59423047, apparmor_entry),
	[IMAGE_CPUINFO] = COMMON("cpuinfo", 0, 0x61404013, cpuinfo_entry),
	[IMAGE_FILE_LOCKS] = COMMON("filelocks", 0, 0x54323616, file_lock_entry),
	[IMAGE_PIPES_DATA] = COMMON("pipes-data", 0, 0x56453709, pipe_data_entry),
	[IMAGE_FIFO_DATA] = COMMON("fifo-data", 0, 0x59333054, pipe_data_entry),
	[IMAGE_SK_QUEUES] = COMMON("sk-queues", 0, 0x56264026, sk_packet_entry),
	[IMAGE_REMAP_FPATH] = COMMON("remap-fpath", 0, 0x59133954, remap_file_path_entry),
	[IMAGE_TTY_INFO] = COMMON("tty-info", 0, 0x59453036, tty_info_entry),
	[IMAGE_TTY_DATA] = COMMON("tty-data", 0, 0x59413026, tty_data_entry),
	[IMAGE_MEMFD_INODE] = COMMON("memfd", 0, 0x48453499, memfd_inode_entry),
	[IMAGE_BPFMAP_DATA] = COMMON("bpfmap-data", 0, 0x64324033, bpfmap_data_entry),
	[IMAGE_BINFMT_MISC] = COMMON("binfmt-misc", 0, 0x67343323, binfmt_misc_entry),
	[IMAGE_CORE] = COMMON("core-", 10, 0x55053847, core_entry),
	[IMAGE_IDS] = COMMON("ids-", 10, 0x54432030, task_kobj_ids_entry),
	[IMAGE_MM] = COMMON("mm-", 10, 0x57492820, mm_entry),
	[IMAGE_FS] = COMMON("fs-", 10, 0x51403912, fs_entry),
	[IMAGE_FDINFO] = COMMON("fdinfo-", 10, 0x56213732, fdinfo_entry),
	[IMAGE_PAGEMAP] = FIRST("pagemap-", 10, 0x56084025, pagemap_head, pagemap_entry),
	[IMAGE_PAGEMAP_SHMEM] =
		FIRST("pagemap-shmem-", 10, 0x56084025, pagemap_head, pagemap_entry),
	[IMAGE_PAGES] = RAW("pages-", ".img"),
	[IMAGE_GHOST_FILE] =
		FIRST("ghost-file-", 16, 0x52583605, ghost_file_entry, ghost_chunk_entry),
	[IMAGE_TCP_STREAM] = COMMON("tcp-stream-", 16, 0x51465506, tcp_stream_entry),
	[IMAGE_UTSNS] = COMMON("utsns-", 10, 0x54473203, utsns_entry),
	[IMAGE_USERNS] = COMMON("userns-", 10, 0x55474906, userns_entry),
	[IMAGE_TIMENS] = COMMON("timens-", 10, 0x43114433, timens_entry),
	[IMAGE_PIDNS] = COMMON("pidns-", 10, 0x61157326, pidns_entry),
	[IMAGE_IPC_VAR] = COMMON("ipcns-var-", 10, 0x53115007, ipc_var_entry),
	[IMAGE_IPC_SHM] = COMMON("ipcns-shm-", 10, 0x46283044, ipc_shm_entry),
	[IMAGE_IPC_MSG] = COMMON("ipcns-msg-", 10, 0x55453737, ipc_msg_entry),
	[IMAGE_IPC_SEM] = COMMON("ipcns-sem-", 10, 0x59573019, ipc_sem_entry),
	[IMAGE_MNTS] = COMMON("mountpoints-", 10, 0x55563928, mnt_entry),
	[IMAGE_NETNS] = COMMON("netns-", 10, 0x55933752, netns_entry),
	[IMAGE_NETDEV] = COMMON("netdev-", 10, 0x57373951, net_device_entry),
	[IMAGE_IFADDR] = RAW("ifaddr-", ".img"),
	[IMAGE_ROUTE] = RAW("route-", ".img"),
	[IMAGE_ROUTE6] = RAW("route6-", ".img"),
	[IMAGE_RULE] = RAW("rule-", ".img"),
	[IMAGE_IPTABLES] = RAW("iptables-", ".img"),
	[IMAGE_IP6TABLES] = RAW("ip6tables-", ".img"),
	[IMAGE_NFTABLES] = RAW("nftables-", ".img"),
	[IMAGE_NETNS_CT] = RAW("netns-ct-", ".img"),
	[IMAGE_NETNS_EXP] = RAW("netns-exp-", ".img"),
	[IMAGE_TMPFS] = RAW("tmpfs-", ".tar.gz.img"),
	[IMAGE_TMPFS_DEV] = RAW("tmpfs-dev-", ".tar.gz.img"),
	[IMAGE_AUTOFS] = COMMON("autofs-", 10, 0x49353943, autofs_entry),
	[IMAGE_CKRUN_ROOTS] = COMMON("ckrun-roots", 0, 0x02524b43, ckrun_root_entry),
	[IMAGE_CKRUN_STDIO] = COMMON("ckrun-stdio", 0, 0x03524b43, ckrun_stdio_entry),
	[IMAGE_CKRUN_MANIFEST] = COMMON("ckrun-manifest", 0, 0x01524b43, ckrun_manifest_entry),
};

const struct image_file_type *image_file_type(enum image_file file)
{
	return &types[file];
}

struct image_name image_name(enum image_file file, uint64_t id)
{
	const struct image_file_type *type = &types[file];
	struct image_name name;

	if (type->base == 16)
		snprintf(name.text, sizeof(name.text), "%s%" PRIx64 "%s", type->prefix, id,
			 type->suffix);
	else if (type->base == 10)
		snprintf(name.text, sizeof(name.text), "%s%" PRIu64 "%s", type->prefix, id,
			 type->suffix);
	else
		snprintf(name.text, sizeof(name.text), "%s%s", type->prefix, type->suffix);
	return name;
}

/* The digits as image_name() writes them, so that a name means one file. */
static bool id_parse(const char *text, enum image_file file, uint64_t *ret)
{
	unsigned long long id = 0;
	int base = types[file].base;

	if (base && sscanf(text, base == 16 ? "%llx" : "%llu", &id) != 1)
		return false;
	*ret = id;
	return true;
}

bool image_name_parse(const char *name, enum image_file *ret, uint64_t *ret_id)
{
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++) {
		size_t prefix = strlen(types[file].prefix);
		uint64_t id;

		if (strncmp(name, types[file].prefix, prefix) != 0 ||
		    !id_parse(name + prefix, file, &id) ||
		    strcmp(name, image_name(file, id).text) != 0)
			continue;
		*ret = file;
		*ret_id = id;
		return true;
	}
	return false;
}
