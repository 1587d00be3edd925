#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>

#include "engine/mem/vdso.h"
#include "runtime/base/err.h"

/* at() - n bytes of the image, or NULL if they are not all in it */
static const void *at(const void *elf, size_t size, uint64_t offset, uint64_t n)
{
	return offset <= size && n <= size - offset ? (const char *)elf + offset : NULL;
}

static int find_table(const void *elf, size_t size, Elf64_Shdr *ret_symbols,
		      Elf64_Shdr *ret_names, struct err *err)
{
	const Elf64_Ehdr *head = at(elf, size, 0, sizeof(*head));
	Elf64_Shdr section;

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(err, -EPROTO, "the vdso is no ELF image");
	for (uint64_t i = 0; i < head->e_shnum; i++) {
		const void *s =
			at(elf, size, head->e_shoff + i * sizeof(section), sizeof(section));
		if (!s)
			break;
		memcpy(&section, s, sizeof(section));
		if (section.sh_type != SHT_DYNSYM)
			continue;
		s = at(elf, size, head->e_shoff + section.sh_link * sizeof(section),
		       sizeof(section));
		if (!s)
			break;
		*ret_symbols = section;
		memcpy(ret_names, s, sizeof(*ret_names));
		return 0;
	}
	return fail(err, -EPROTO, "the vdso has no table of symbols");
}

static bool is_function(const Elf64_Sym *symbol, const char *name)
{
	return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF &&
	       !strncmp(name, "__vdso_", 7);
}

int vdso_read(const void *elf, size_t size, struct vdso_symbols *ret, struct err *err)
{
	Elf64_Shdr symbols = {0}, names = {0};
	Elf64_Sym symbol;

	int r = find_table(elf, size, &symbols, &names, err);
	if (r < 0)
		return r;
	ret->n = 0;
	for (uint64_t i = 0; i < symbols.sh_size / sizeof(symbol); i++) {
		const void *s =
			at(elf, size, symbols.sh_offset + i * sizeof(symbol), sizeof(symbol));
		if (!s)
			return fail(err, -EPROTO, "the vdso's table of symbols is cut off");
		memcpy(&symbol, s, sizeof(symbol));
		const char *name = at(elf, size, names.sh_offset + symbol.st_name, VDSO_NAME);
		if (!name || !is_function(&symbol, name))
			continue;
		if (ret->n == VDSO_SYMBOLS || memchr(name, '\0', VDSO_NAME) == NULL)
			return fail(err, -EPROTO,
				    "the vdso has too many functions, or too long names");
		memcpy(ret->symbol[ret->n].name, name, VDSO_NAME);
		ret->symbol[ret->n++].offset = symbol.st_value;
	}
	return 0;
}

static const struct {
	const char *name;
	uint32_t nr;
} fallback[] = {
	{"__vdso_clock_gettime", SYS_clock_gettime},
	{"__vdso_clock_getres", SYS_clock_getres},
	{"__vdso_gettimeofday", SYS_gettimeofday},
	{"__vdso_time", SYS_time},
	{"__vdso_getcpu", SYS_getcpu},
	{"__vdso_getrandom", SYS_getrandom},
	/* of enclaves, which cannot be carried: the call that no kernel has */
	{"__vdso_sgx_enter_enclave", UINT32_MAX},
};

enum { JUMP = 12, CALL = 8 }; /* bytes of what is written over the beginning of a function */

/* movabs $target, %rax; jmp *%rax: rax is nobody's at the first instruction of a function */
static void write_jump(unsigned char *code, uint64_t target)
{
	static const unsigned char load[] = {0x48, 0xb8}, jump[] = {0xff, 0xe0};

	memcpy(code, load, sizeof(load));
	memcpy(code + 2, &target, sizeof(target));
	memcpy(code + 10, jump, sizeof(jump));
}

/* mov $nr, %eax; syscall; ret: arguments are where the kernel wants the first three */
static void write_call(unsigned char *code, uint32_t nr)
{
	static const unsigned char rest[] = {0x0f, 0x05, 0xc3};

	code[0] = 0xb8;
	memcpy(code + 1, &nr, sizeof(nr));
	memcpy(code + 5, rest, sizeof(rest));
}

static int redirect_one(unsigned char *code, const char *name, const struct vdso_symbols *now,
			uint64_t at_now, struct err *err)
{
	for (size_t i = 0; i < now->n; i++)
		if (!strcmp(now->symbol[i].name, name)) {
			write_jump(code, at_now + now->symbol[i].offset);
			return 0;
		}
	for (size_t i = 0; i < sizeof(fallback) / sizeof(fallback[0]); i++)
		if (!strcmp(fallback[i].name, name)) {
			write_call(code, fallback[i].nr);
			return 0;
		}
	return refuse(err, "this kernel's vdso has no %s, and no system call does the same",
		      name);
}

int vdso_redirect(void *elf, size_t size, const struct vdso_symbols *now, uint64_t at_now,
		  struct err *err)
{
	struct vdso_symbols old;

	int r = vdso_read(elf, size, &old, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < old.n && r >= 0; i++) {
		if (!at(elf, size, old.symbol[i].offset, JUMP))
			return fail(err, -EPROTO, "%s is not in the vdso", old.symbol[i].name);
		r = redirect_one((unsigned char *)elf + old.symbol[i].offset,
				 old.symbol[i].name, now, at_now, err);
	}
	return r;
}
