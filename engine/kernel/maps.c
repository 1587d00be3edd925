#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "engine/kernel/maps.h"
#include "engine/kernel/proc.h"
#include "engine/kernel/scan.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char words[][3] = {
	[MAPS_RD] = "rd", [MAPS_WR] = "wr", [MAPS_EX] = "ex", [MAPS_SH] = "sh",
	[MAPS_MR] = "mr", [MAPS_MW] = "mw", [MAPS_ME] = "me", [MAPS_MS] = "ms",
	[MAPS_GD] = "gd", [MAPS_PF] = "pf", [MAPS_IO] = "io", [MAPS_MM] = "mm",
	[MAPS_LO] = "lo", [MAPS_LF] = "lf", [MAPS_SR] = "sr", [MAPS_RR] = "rr",
	[MAPS_DC] = "dc", [MAPS_DE] = "de", [MAPS_AC] = "ac", [MAPS_NR] = "nr",
	[MAPS_HT] = "ht", [MAPS_SF] = "sf", [MAPS_AR] = "ar", [MAPS_WF] = "wf",
	[MAPS_DD] = "dd", [MAPS_SD] = "sd", [MAPS_HG] = "hg", [MAPS_NH] = "nh",
	[MAPS_MG] = "mg", [MAPS_UM] = "um", [MAPS_UW] = "uw", [MAPS_UI] = "ui",
	[MAPS_SS] = "ss", [MAPS_DP] = "dp", [MAPS_SL] = "sl", [MAPS_GU] = "gu",
};

/* Names whose kind is in their beginning; `inner`: the path is what stands between : and ]. */
static const struct name {
	const char *start;
	enum maps_kind kind;
	bool deleted; /* only where " (deleted)" follows */
	bool inner;
} names[] = {
	{"[heap]", MAPS_HEAP, false, false},
	{"[stack]", MAPS_STACK, false, false},
	{"[vdso]", MAPS_VDSO, false, false},
	{"[vvar]", MAPS_VVAR, false, false},
	{"[vvar_vclock]", MAPS_VVAR_VCLOCK, false, false},
	{"[vsyscall]", MAPS_VSYSCALL, false, false},
	{"[anon:", MAPS_ANON_NAMED, false, true},
	{"[anon_shmem:", MAPS_SHARED_NAMED, false, true},
	{"/dev/zero", MAPS_SHARED, true, false},
	{"/SYSV", MAPS_SYSV, true, false},
	{"/memfd:", MAPS_MEMFD, true, false},
	{"anon_inode:", MAPS_ANON_INODE, false, false},
	{"/", MAPS_FILE, false, false},
};

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(text + len - n, end, n);
}

static int take_name(const char *at, struct arena *arena, struct maps_region *r,
		     struct err *err)
{
	static const char deleted[] = " (deleted)";
	size_t len, skip = 0;

	r->path = "";
	r->kind = MAPS_ANON;
	scan_rest(&at, &len);
	at -= len;
	if (!len)
		return 0;
	r->kind = MAPS_OTHER;
	r->deleted = ends_with(at, len, deleted);
	len -= r->deleted ? sizeof(deleted) - 1 : 0;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct name *name = &names[i];

		if (strncmp(at, name->start, strlen(name->start)) || name->deleted > r->deleted)
			continue;
		r->kind = name->kind;
		if (name->inner && ends_with(at, len, "]")) {
			skip = strlen(name->start);
			len -= 1 + skip;
		}
		break;
	}
	r->path = scan_decode(arena, at + skip, len, "\n");
	return r->path ? 0 : fail(err, -ENOMEM, "maps: no memory for a path");
}

static bool take_perms(const char **at, struct maps_region *r)
{
	static const struct {
		char set;
		uint32_t prot;
	} perm[] = {{'r', PROT_READ}, {'w', PROT_WRITE}, {'x', PROT_EXEC}};
	const char *p = *at;

	for (size_t i = 0; i < COUNT(perm); i++, p++) {
		if (*p != perm[i].set && *p != '-')
			return false;
		r->prot |= *p == perm[i].set ? perm[i].prot : 0;
	}
	if (*p != 's' && *p != 'p')
		return false;
	r->shared = *p == 's';
	*at = p + 1;
	return true;
}

/* "start-end rwxp pgoff major:minor ino   name" */
static int take_head(const char *at, struct arena *arena, struct maps_region *r,
		     struct err *err)
{
	const char *line = at;
	uint32_t major, minor;

	if (!scan_u64(&at, 16, &r->start) || !scan_lit(&at, "-") ||
	    !scan_u64(&at, 16, &r->end) || !scan_lit(&at, " ") || !take_perms(&at, r) ||
	    !scan_lit(&at, " ") || !scan_u64(&at, 16, &r->pgoff) || !scan_lit(&at, " ") ||
	    !scan_u32(&at, 16, &major) || !scan_lit(&at, ":") || !scan_u32(&at, 16, &minor) ||
	    !scan_lit(&at, " ") || !scan_u64(&at, 10, &r->ino) || r->end <= r->start)
		return fail(err, -EPROTO, "maps: \"%.40s\" is no region", line);
	r->dev = makedev(major, minor);
	scan_blanks(&at);
	return take_name(at, arena, r, err);
}

static bool take_kb(const char **at, void *to)
{
	uint64_t kb;

	if (!scan_u64(at, 10, &kb) || !scan_lit(at, " kB") || kb > UINT64_MAX / 1024)
		return false;
	*(uint64_t *)to = kb * 1024;
	return true;
}

static bool take_dec(const char **at, void *to)
{
	return scan_u32(at, 10, to);
}

static bool take_flags(const char **at, void *to)
{
	uint64_t flags = 0;
	size_t len;

	for (const char *word; word = scan_word(at, &len), len; scan_blanks(at)) {
		unsigned int i = 0;

		while (i < COUNT(words) && (len != 2 || memcmp(word, words[i], 2) != 0))
			i++;
		flags |= i < COUNT(words) ? MAPS_BIT(i) : MAPS_BIT(MAPS_UNKNOWN);
	}
	*(uint64_t *)to = flags;
	return true;
}

/* In the order of smaps; what stands between them is not ours. */
static const struct detail {
	const char *key;
	bool (*take)(const char **at, void *to);
	size_t offset;
} details[] = {
	{"KernelPageSize:", take_kb, offsetof(struct maps_region, page_size)},
	{"Rss:", take_kb, offsetof(struct maps_region, rss)},
	{"Private_Dirty:", take_kb, offsetof(struct maps_region, private_dirty)},
	{"Anonymous:", take_kb, offsetof(struct maps_region, anonymous)},
	{"Swap:", take_kb, offsetof(struct maps_region, swap)},
	{"Locked:", take_kb, offsetof(struct maps_region, locked)},
	{"ProtectionKey:", take_dec, offsetof(struct maps_region, pkey)},
	{"VmFlags:", take_flags, offsetof(struct maps_region, flags)},
};

/* Whether at is a line of numbers about the region before, and if so take it. */
static int take_detail(const char *at, struct maps_region *r, struct err *err)
{
	for (size_t i = 0; i < COUNT(details); i++) {
		if (!scan_lit(&at, details[i].key))
			continue;
		scan_blanks(&at);
		if (!details[i].take(&at, (char *)r + details[i].offset))
			return fail(err, -EPROTO, "smaps: %s \"%.20s\" is malformed",
				    details[i].key, at);
		r->detailed = true;
		return 0;
	}
	return 0;
}

/* A capital letter starts a line of smaps; a region starts with a small hexadecimal number. */
static bool is_head(const char *at)
{
	return !(*at >= 'A' && *at <= 'Z');
}

int maps_parse(const char *text, struct arena *arena, struct maps *ret, struct err *err)
{
	struct maps maps = {};

	for (const char *at = text; *at; scan_line(&at)) {
		if (!is_head(at) && maps.n) {
			if (take_detail(at, &maps.region[maps.n - 1], err) < 0)
				return err->code;
			continue;
		}
		maps.region = arena_grow(arena, maps.region, maps.n, sizeof(*maps.region));
		if (!maps.region)
			return fail(err, -ENOMEM, "maps: no memory for region %zu", maps.n);
		if (take_head(at, arena, &maps.region[maps.n], err) < 0)
			return err->code;
		maps.n++;
	}
	*ret = maps;
	return 0;
}

static int read_text(pid_t pid, const char *name, struct arena *arena, struct maps *ret,
		     struct err *err)
{
	scoped_free char *text = NULL;

	if (proc_text(pid, 0, name, &text, err) < 0)
		return err->code;
	return maps_parse(text, arena, ret, err) < 0 ? fail_in(err, "process %d", pid) : 0;
}

int maps_read(pid_t pid, struct arena *arena, struct maps *ret, struct err *err)
{
	return read_text(pid, "maps", arena, ret, err);
}

int smaps_read(pid_t pid, struct arena *arena, struct maps *ret, struct err *err)
{
	return read_text(pid, "smaps", arena, ret, err);
}

int maps_file_open(pid_t pid, const struct maps_region *region, int flags, struct err *err)
{
	char path[PROC_PATH_MAX], name[48];

	snprintf(name, sizeof(name), "map_files/%llx-%llx", (unsigned long long)region->start,
		 (unsigned long long)region->end);
	int fd = open(proc_path(path, pid, 0, name), flags | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, "open %s (%s)", path, region->path) : fd;
}

const struct maps_region *maps_find(const struct maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct maps_region *r = &maps->region[mid];

		if (address >= r->start && address < r->end)
			return r;
		if (address < r->start)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
