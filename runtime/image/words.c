#include <stdio.h>
#include <string.h>

#include "engine/image/one.h"
#include "engine/image/schema/memfd.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/image/vma.h"
#include "runtime/image/words.h"

const char *plain_bytes(struct arena *arena, const void *data, size_t len)
{
	const unsigned char *from = data;
	char *text = arena_alloc(arena, len * 4 + 1), *to = text;

	for (size_t i = 0; text && i < len; i++) {
		if (from[i] >= ' ' && from[i] != 0x7f) {
			*to++ = (char)from[i];
			continue;
		}
		*to++ = '\\';
		*to++ = (char)('0' + (from[i] >> 6));
		*to++ = (char)('0' + (from[i] >> 3 & 7));
		*to++ = (char)('0' + (from[i] & 7));
	}
	return text;
}

const char *plain_text(struct arena *arena, const char *text)
{
	return text ? plain_bytes(arena, text, strlen(text)) : "";
}

const char *size_text(struct arena *arena, uint64_t bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double size = (double)bytes;
	size_t i = 0;

	for (; size >= 1024 && i < 6; i++)
		size /= 1024;
	return arena_printf(arena, i && size < 10 ? "%.1f %s" : "%.0f %s", size, unit[i]);
}

const char *state_text(const struct view_task *task)
{
	static const char *const state[] = {"?",      "alive",  "dead",  "stopped",
					    "helper", "thread", "zombie"};
	const CoreEntry *core = task->thread[0].core;
	const uint32_t number = core && core->tc ? core->tc->task_state : 0;

	return state[number < sizeof(state) / sizeof(state[0]) ? number : 0];
}

static const struct {
	uint32_t bits;
	const char *kind;
} region_kinds[] = {
	{VMA_VDSO, "vdso"},
	{VMA_VVAR, "vvar"},
	{VMA_VSYSCALL, "vsyscall"},
	{VMA_HEAP, "heap"},
	{VMA_STACK, "stack"},
	{VMA_SYSVIPC, "sysv"},
	{VMA_SOCKET, "socket"},
	{VMA_AIORING, "aio"},
	{VMA_MEMFD, "memfd"},
	{VMA_FILE_PRIVATE, "file"},
	{VMA_FILE_SHARED, "file"},
	{VMA_ANON_SHARED, "shared"},
	{VMA_ANON_PRIVATE, "private"},
};

const char *region_kind(const VmaEntry *vma)
{
	for (size_t i = 0; i < sizeof(region_kinds) / sizeof(region_kinds[0]); i++)
		if (vma->status & region_kinds[i].bits)
			return region_kinds[i].kind;
	return "?";
}

const FileEntry *file_of_region(const struct image_view *view, const VmaEntry *vma)
{
	return vma->status & (VMA_FILE_PRIVATE | VMA_FILE_SHARED)
		       ? view_file(view, (uint32_t)vma->shmid)
		       : NULL;
}

const char *region_text(const struct image_view *view, const VmaEntry *vma)
{
	const FileEntry *file = file_of_region(view, vma);
	const char *text = file ? file_text(view, file) : plain_text(view->arena, vma->name);

	if (!text || !file || !vma->pgoff)
		return text;
	return arena_printf(view->arena, "%s +0x%llx", text, (unsigned long long)vma->pgoff);
}
