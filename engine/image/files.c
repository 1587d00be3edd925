#include <endian.h>
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
#include "engine/image/schema/stats.pb-c.h"
#include "engine/image/schema/tty.pb-c.h"

#define COMMON(prefix, base, name, magic, entry)                                            \
	{                                                                                   \
		prefix, base, ".img", name, magic, IMAGE_HEAD_COMMON, &entry##__descriptor, \
			NULL                                                                \
	}
#define FIRST(prefix, base, name, magic, first, entry)                                      \
	{                                                                                   \
		prefix, base, ".img", name, magic, IMAGE_HEAD_COMMON, &entry##__descriptor, \
			&first##__descriptor                                                \
	}
#define RAW(prefix, suffix)                                              \
	{                                                                \
		prefix, 10, suffix, NULL, 0, IMAGE_HEAD_NONE, NULL, NULL \
	}

/* Our magics are "CKR" and a number. */
static const struct image_file_type types[IMAGE_FILE_TYPES] = {
	[IMAGE_INVENTORY] = {"inventory", 0, ".img", "INVENTORY", 0x58313116, IMAGE_HEAD_OWN,
			     &inventory_entry__descriptor, NULL},
	[IMAGE_PSTREE] = COMMON("pstree", 0, "PSTREE", 0x50273030, pstree_entry),
	[IMAGE_FILES] = COMMON("files", 0, "FILES", 0x56303138, file_entry),
	[IMAGE_CGROUP] = COMMON("cgroup", 0, "CGROUP", 0x59383330, cgroup_entry),
	[IMAGE_SECCOMP] = COMMON("seccomp", 0, "SECCOMP", 0x64413049, seccomp_entry),
	[IMAGE_APPARMOR] = COMMON("apparmor", 0, "APPARMOR", 0x59423047, apparmor_entry),
	[IMAGE_CPUINFO] = COMMON("cpuinfo", 0, "CPUINFO", 0x61404013, cpuinfo_entry),
	[IMAGE_FILE_LOCKS] = COMMON("filelocks", 0, "FILE_LOCKS", 0x54323616, file_lock_entry),
	[IMAGE_PIPES_DATA] = COMMON("pipes-data", 0, "PIPES_DATA", 0x56453709, pipe_data_entry),
	[IMAGE_FIFO_DATA] = COMMON("fifo-data", 0, "FIFO_DATA", 0x59333054, pipe_data_entry),
	[IMAGE_SK_QUEUES] = COMMON("sk-queues", 0, "SK_QUEUES", 0x56264026, sk_packet_entry),
	[IMAGE_REMAP_FPATH] =
		COMMON("remap-fpath", 0, "REMAP_FPATH", 0x59133954, remap_file_path_entry),
	[IMAGE_TTY_INFO] = COMMON("tty-info", 0, "TTY_INFO", 0x59453036, tty_info_entry),
	[IMAGE_TTY_DATA] = COMMON("tty-data", 0, "TTY_DATA", 0x59413026, tty_data_entry),
	[IMAGE_MEMFD_INODE] = COMMON("memfd", 0, "MEMFD_INODE", 0x48453499, memfd_inode_entry),
	[IMAGE_BPFMAP_DATA] =
		COMMON("bpfmap-data", 0, "BPFMAP_DATA", 0x64324033, bpfmap_data_entry),
	[IMAGE_BINFMT_MISC] =
		COMMON("binfmt-misc", 0, "BINFMT_MISC", 0x67343323, binfmt_misc_entry),
	[IMAGE_CORE] = COMMON("core-", 10, "CORE", 0x55053847, core_entry),
	[IMAGE_IDS] = COMMON("ids-", 10, "IDS", 0x54432030, task_kobj_ids_entry),
	[IMAGE_MM] = COMMON("mm-", 10, "MM", 0x57492820, mm_entry),
	[IMAGE_FS] = COMMON("fs-", 10, "FS", 0x51403912, fs_entry),
	[IMAGE_FDINFO] = COMMON("fdinfo-", 10, "FDINFO", 0x56213732, fdinfo_entry),
	[IMAGE_PAGEMAP] =
		FIRST("pagemap-", 10, "PAGEMAP", 0x56084025, pagemap_head, pagemap_entry),
	[IMAGE_PAGEMAP_SHMEM] =
		FIRST("pagemap-shmem-", 10, "PAGEMAP", 0x56084025, pagemap_head, pagemap_entry),
	[IMAGE_PAGES] = RAW("pages-", ".img"),
	[IMAGE_GHOST_FILE] = FIRST("ghost-file-", 16, "GHOST_FILE", 0x52583605,
				   ghost_file_entry, ghost_chunk_entry),
	[IMAGE_TCP_STREAM] =
		COMMON("tcp-stream-", 16, "TCP_STREAM", 0x51465506, tcp_stream_entry),
	[IMAGE_UTSNS] = COMMON("utsns-", 10, "UTSNS", 0x54473203, utsns_entry),
	[IMAGE_USERNS] = COMMON("userns-", 10, "USERNS", 0x55474906, userns_entry),
	[IMAGE_TIMENS] = COMMON("timens-", 10, "TIMENS", 0x43114433, timens_entry),
	[IMAGE_PIDNS] = COMMON("pidns-", 10, "PIDNS", 0x61157326, pidns_entry),
	[IMAGE_IPC_VAR] = COMMON("ipcns-var-", 10, "IPC_VAR", 0x53115007, ipc_var_entry),
	[IMAGE_IPC_SHM] = COMMON("ipcns-shm-", 10, "IPCNS_SHM", 0x46283044, ipc_shm_entry),
	[IMAGE_IPC_MSG] = COMMON("ipcns-msg-", 10, "IPCNS_MSG", 0x55453737, ipc_msg_entry),
	[IMAGE_IPC_SEM] = COMMON("ipcns-sem-", 10, "IPCNS_SEM", 0x59573019, ipc_sem_entry),
	[IMAGE_MNTS] = COMMON("mountpoints-", 10, "MNTS", 0x55563928, mnt_entry),
	[IMAGE_NETNS] = COMMON("netns-", 10, "NETNS", 0x55933752, netns_entry),
	[IMAGE_NETDEV] = COMMON("netdev-", 10, "NETDEV", 0x57373951, net_device_entry),
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
	[IMAGE_AUTOFS] = COMMON("autofs-", 10, "AUTOFS", 0x49353943, autofs_entry),
	[IMAGE_CKRUN_ROOTS] =
		COMMON("ckrun-roots", 0, "CKRUN_ROOTS", 0x02524b43, ckrun_root_entry),
	[IMAGE_CKRUN_STDIO] =
		COMMON("ckrun-stdio", 0, "CKRUN_STDIO", 0x03524b43, ckrun_stdio_entry),
	[IMAGE_CKRUN_MANIFEST] =
		COMMON("ckrun-manifest", 0, "CKRUN_MANIFEST", 0x01524b43, ckrun_manifest_entry),
	[IMAGE_STATS] = {"stats", 0, "", "STATS", 0x57093306, IMAGE_HEAD_SERVICE,
			 &stats_entry__descriptor, NULL},
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

		if (types[file].head == IMAGE_HEAD_SERVICE ||
		    strncmp(name, types[file].prefix, prefix) != 0 ||
		    !id_parse(name + prefix, file, &id) ||
		    strcmp(name, image_name(file, id).text) != 0)
			continue;
		*ret = file;
		*ret_id = id;
		return true;
	}
	return false;
}

uint32_t image_head_magic(enum image_head head)
{
	switch (head) {
	case IMAGE_HEAD_COMMON:
		return IMAGE_COMMON_MAGIC;
	case IMAGE_HEAD_SERVICE:
		return IMAGE_SERVICE_MAGIC;
	case IMAGE_HEAD_OWN:
	case IMAGE_HEAD_NONE:
		break;
	}
	return 0;
}

static uint32_t word_at(const unsigned char *head, size_t i)
{
	uint32_t le;

	memcpy(&le, head + i * sizeof(le), sizeof(le));
	return le32toh(le);
}

bool image_file_by_magic(const void *head, size_t len, enum image_file *ret)
{
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++) {
		const uint32_t before = image_head_magic(types[file].head);
		const size_t words = before ? 2 : 1;

		if (types[file].head == IMAGE_HEAD_NONE || len < words * sizeof(before) ||
		    (before && word_at(head, 0) != before) ||
		    word_at(head, words - 1) != types[file].magic)
			continue;
		*ret = file;
		return true;
	}
	return false;
}

bool image_file_by_name(const char *name, enum image_file *ret)
{
	for (enum image_file file = 0; file < IMAGE_FILE_TYPES; file++)
		if (types[file].name && strcmp(types[file].name, name) == 0) {
			*ret = file;
			return true;
		}
	return false;
}
