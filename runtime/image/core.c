#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/core.h"
#include "runtime/image/core_parts.h"

/* The file: head, section (if there are too many segments for the head's counter), table of
 * segments, notes; then memory from the next page on. */
struct layout {
	uint64_t sections, table, notes, memory, end;
	size_t n; /* segments, that of the notes among them */
};

static uint64_t to_page(uint64_t at)
{
	return (at + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
}

static int lay_out(struct core_segments *segments, size_t notes_len, struct layout *ret,
		   struct err *err)
{
	struct layout l = {.n = segments->n + 1};
	uint64_t at = sizeof(Elf64_Ehdr);

	if (l.n >= PN_XNUM) {
		l.sections = at;
		at += sizeof(Elf64_Shdr);
	}
	l.table = at;
	l.notes = l.table + l.n * sizeof(Elf64_Phdr);
	l.memory = at = to_page(l.notes + notes_len);
	for (size_t i = 0; i < segments->n; i++) {
		struct core_segment *s = &segments->segment[i];

		s->offset = at;
		if (s->filled)
			at += s->end - s->start;
		if (at > INT64_MAX / 2)
			return fail(err, -EFBIG, "more memory than a file can hold");
	}
	l.end = at;
	*ret = l;
	return 0;
}

static int head_put(struct bytes_out *out, const struct layout *l, struct err *err)
{
	const bool many = l->sections;
	const Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT, ELFOSABI_NONE},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = l->table,
		.e_shoff = l->sections,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = many ? PN_XNUM : (Elf64_Half)l->n,
		.e_shentsize = many ? sizeof(Elf64_Shdr) : 0,
		.e_shnum = many,
	};
	const Elf64_Shdr section = {.sh_info = (Elf64_Word)l->n};

	if (out_put(out, &head, sizeof(head), err) < 0)
		return err->code;
	return many ? out_put(out, &section, sizeof(section), err) : 0;
}

static int table_put(struct bytes_out *out, const struct core_segments *segments,
		     const struct layout *l, size_t notes_len, struct err *err)
{
	const Elf64_Phdr notes = {
		.p_type = PT_NOTE, .p_offset = l->notes, .p_filesz = notes_len, .p_align = 4};

	if (out_put(out, &notes, sizeof(notes), err) < 0)
		return err->code;
	for (size_t i = 0; i < segments->n; i++) {
		const struct core_segment *s = &segments->segment[i];
		const uint32_t prot = s->vma->prot;
		const Elf64_Phdr load = {
			.p_type = PT_LOAD,
			.p_flags = (prot & PROT_READ ? PF_R : 0u) |
				   (prot & PROT_WRITE ? PF_W : 0u) |
				   (prot & PROT_EXEC ? PF_X : 0u),
			.p_offset = s->offset,
			.p_vaddr = s->start,
			.p_filesz = s->filled ? s->end - s->start : 0,
			.p_memsz = s->end - s->start,
			.p_align = IMAGE_PAGE,
		};

		if (out_put(out, &load, sizeof(load), err) < 0)
			return err->code;
	}
	return 0;
}

static int before_memory(struct bytes_out *out, const struct core_segments *segments,
			 const struct layout *l, const struct bytes_out *notes, struct err *err)
{
	if (head_put(out, l, err) < 0 || table_put(out, segments, l, notes->len, err) < 0)
		return err->code;
	return out_put(out, notes->data, notes->len, err);
}

static int write_start(int fd, const struct bytes_out *out, struct err *err)
{
	size_t at = 0;

	while (at < out->len) {
		ssize_t n = pwrite(fd, out->data + at, out->len - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, "write");
		at += (size_t)n;
	}
	return 0;
}

static int core_write(const struct image_view *view, const struct view_task *task, int rootfs,
		      int fd, struct err *err)
{
	scoped(out_free) struct bytes_out notes = {}, start = {};
	struct core_segments segments = {};
	struct layout l = {};

	if (core_notes(&notes, view, task, err) < 0 ||
	    core_segments(view, task->space, rootfs, &segments, err) < 0 ||
	    lay_out(&segments, notes.len, &l, err) < 0 ||
	    before_memory(&start, &segments, &l, &notes, err) < 0)
		return err->code;
	if (ftruncate(fd, (off_t)l.end) < 0)
		return fail_errno(err, "a core of %llu bytes", (unsigned long long)l.end);
	if (write_start(fd, &start, err) < 0)
		return err->code;
	return core_fill(view, task->space, &segments, rootfs, fd, err);
}

int image_core(const struct image_view *view, uint32_t pid, int rootfs, int out,
	       struct err *err)
{
	const struct view_task *task = view_task(view, pid);

	if (!task)
		return fail(err, -ESRCH, "the image has no task %u", pid);
	if (!task->space || !task->space->mm)
		return fail(err, -EINVAL, "task %u has no memory: it is a zombie", pid);
	if (core_write(view, task, rootfs, out, err) < 0)
		return fail_in(err, "task %u", pid);
	return 0;
}
