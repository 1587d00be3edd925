/* core_regs.c - core.h: registers of a thread */
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/image/core_parts.h"

enum {
	SYSCALL_INSN = 2,
	ST_BYTES = 128,
	XMM_BYTES = 256,
	YMM_BYTES = 256,
	XCR0_AT = 464, /* in the part of the legacy area that is left to programs */
	HEADER_AT = 512,
	YMM_AT = 576,
	AVX512_BITS = 0xe0,      /* of XCR0 */
	INTEL_AVX512_END = 2688, /* where PKRU begins */
	INTEL_END = 2696,
};

void core_regs(const CoreEntry *core, struct user_regs_struct *r)
{
	const UserX86RegsEntry *e = core->thread_info->gpregs;

	r->r15 = e->r15, r->r14 = e->r14, r->r13 = e->r13, r->r12 = e->r12;
	r->r11 = e->r11, r->r10 = e->r10, r->r9 = e->r9, r->r8 = e->r8;
	r->rbp = e->bp, r->rbx = e->bx, r->rax = e->ax, r->rcx = e->cx;
	r->rdx = e->dx, r->rsi = e->si, r->rdi = e->di, r->rsp = e->sp;
	r->orig_rax = e->orig_ax, r->rip = e->ip, r->eflags = e->flags;
	r->cs = e->cs, r->ss = e->ss, r->ds = e->ds, r->es = e->es, r->fs = e->fs;
	r->gs = e->gs, r->fs_base = e->fs_base, r->gs_base = e->gs_base;
	if (core->thread_core && core->thread_core->has_syscall_result &&
	    core->thread_core->syscall_result) {
		r->rip += SYSCALL_INSN;
		r->rax = (uint64_t)core->thread_core->syscall_result;
	}
}

/* The XSAVE area in standard form, as far as images of CRIU have it in fields: x87, SSE, AVX. */
struct area {
	union {
		struct {
			uint16_t cwd, swd, twd, fop;
			uint64_t rip, rdp;
			uint32_t mxcsr, mxcsr_mask;
		};
		unsigned char bytes[YMM_AT + YMM_BYTES];
	};
};

static void words_put(unsigned char *to, const uint32_t *word, size_t n, size_t max)
{
	if (n)
		memcpy(to, word, n * sizeof(*word) < max ? n * sizeof(*word) : max);
}

static void area_from_fields(const UserX86FpregsEntry *e, struct area *ret)
{
	uint64_t xcr0 = 3, used = 3;

	*ret = (struct area){};
	ret->cwd = (uint16_t)e->cwd;
	ret->swd = (uint16_t)e->swd;
	ret->twd = (uint16_t)e->twd;
	ret->fop = (uint16_t)e->fop;
	ret->rip = e->rip;
	ret->rdp = e->rdp;
	ret->mxcsr = e->mxcsr;
	ret->mxcsr_mask = e->mxcsr_mask;
	words_put(ret->bytes + 32, e->st_space, e->n_st_space, ST_BYTES);
	words_put(ret->bytes + 32 + ST_BYTES, e->xmm_space, e->n_xmm_space, XMM_BYTES);
	if (e->xsave && e->xsave->n_ymmh_space) {
		xcr0 = 7;
		used = e->xsave->xstate_bv & 7;
		words_put(ret->bytes + YMM_AT, e->xsave->ymmh_space, e->xsave->n_ymmh_space,
			  YMM_BYTES);
	}
	memcpy(ret->bytes + XCR0_AT, &xcr0, sizeof(xcr0));
	memcpy(ret->bytes + HEADER_AT, &used, sizeof(used));
}

/* AMD's processors leave no room for MPX: what follows AVX stands 256 bytes earlier than on
 * Intel's.  A core does not say which it is, and gdb takes it for Intel's. */
static const struct {
	size_t from, to, len;
} amd_parts[] = {
	{832, 1088, 64},    /* opmask */
	{896, 1152, 512},   /* upper halves of zmm0-15 */
	{1408, 1664, 1024}, /* zmm16-31 */
	{2432, 2688, 8},    /* PKRU */
};

static size_t as_intel(const unsigned char *area, size_t len, unsigned char *to)
{
	memset(to, 0, INTEL_END);
	memcpy(to, area, YMM_AT + YMM_BYTES);
	for (size_t i = 0; i < sizeof(amd_parts) / sizeof(amd_parts[0]); i++)
		if (amd_parts[i].from + amd_parts[i].len <= len)
			memcpy(to + amd_parts[i].to, area + amd_parts[i].from,
			       amd_parts[i].len);
	return len > amd_parts[3].from ? INTEL_END : INTEL_AVX512_END;
}

static bool is_amds(const unsigned char *area, size_t len)
{
	return area[XCR0_AT] & AVX512_BITS && len >= YMM_AT + YMM_BYTES &&
	       len < INTEL_AVX512_END;
}

int core_regs_notes(struct bytes_out *notes, const CoreEntry *core, struct err *err)
{
	const UserX86FpregsEntry *e = core->thread_info->fpregs;
	unsigned char intel[INTEL_END];
	struct area area;
	const void *data = area.bytes;
	size_t len = sizeof(area.bytes);

	if (e->has_xsave_area && e->xsave_area.len >= YMM_AT) {
		data = e->xsave_area.data;
		len = e->xsave_area.len;
		if (is_amds(data, len)) {
			len = as_intel(data, len, intel);
			data = intel;
		}
	} else {
		area_from_fields(e, &area);
	}
	int r = core_note(notes, NT_FPREGSET, data, sizeof(struct user_fpregs_struct), err);
	return r < 0 ? r : core_note(notes, NT_X86_XSTATE, data, len, err);
}
