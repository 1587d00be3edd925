/* flag_words.c - words.h: how a file was opened */
#include <fcntl.h>
#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/image/words.h"

/* Every kind of file but fifo has its flags in a field of that name. */
static uint32_t flags_of(const struct image_view *view, const FileEntry *file)
{
	const ProtobufCMessageDescriptor *d = &file_entry__descriptor;

	if (file->fifo && file->fifo->has_regf_id && view_file(view, file->fifo->regf_id))
		file = view_file(view, file->fifo->regf_id);
	for (unsigned int i = 0; i < d->n_fields; i++) {
		const char *at = (const char *)file + d->fields[i].offset;
		const ProtobufCFieldDescriptor *flags;
		const char *kind;

		if (d->fields[i].type != PROTOBUF_C_TYPE_MESSAGE || !*(const char *const *)at)
			continue;
		kind = *(const char *const *)at;
		flags = protobuf_c_message_descriptor_get_field_by_name(d->fields[i].descriptor,
									"flags");
		if (flags)
			return *(const uint32_t *)(kind + flags->offset);
	}
	return 0;
}

static const struct {
	uint32_t bits;
	const char *word;
} words[] = {
	{O_APPEND, "append"},   {O_NONBLOCK, "nonblock"}, {O_DIRECTORY, "directory"},
	{O_DIRECT, "direct"},   {O_SYNC, "sync"},         {O_ASYNC, "async"},
	{O_NOATIME, "noatime"},
};

const char *file_access(const struct image_view *view, const FileEntry *file)
{
	static const char *const access[] = {"r", "w", "rw", "?"};
	const uint32_t flags = flags_of(view, file);
	const char *text = flags & O_PATH ? "path" : access[flags & O_ACCMODE];

	for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
		if ((flags & words[i].bits) == words[i].bits)
			text = arena_printf(view->arena, "%s %s", text, words[i].word);
	return text;
}
