#include <cpuid.h>
#include <string.h>

#include "engine/kernel/cpu.h"

struct leaf {
	uint32_t eax, ebx, ecx, edx;
};

static struct leaf cpuid(uint32_t leaf, uint32_t sub)
{
	struct leaf r = {};

	__get_cpuid_count(leaf, sub, &r.eax, &r.ebx, &r.ecx, &r.edx);
	return r;
}

static uint64_t xgetbv(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

/* Family 15 and models above 15 have their high parts in the extended fields. */
static void read_name(struct cpu *cpu)
{
	struct leaf vendor = cpuid(0, 0), id = cpuid(1, 0);

	memcpy(cpu->vendor, &vendor.ebx, 4);
	memcpy(cpu->vendor + 4, &vendor.edx, 4);
	memcpy(cpu->vendor + 8, &vendor.ecx, 4);
	cpu->stepping = id.eax & 15;
	cpu->model = id.eax >> 4 & 15;
	cpu->family = id.eax >> 8 & 15;
	if (cpu->family == 6 || cpu->family == 15)
		cpu->model |= (id.eax >> 16 & 15) << 4;
	if (cpu->family == 15)
		cpu->family += id.eax >> 20 & 255;
	cpu->leaf1_ecx = id.ecx;
	cpu->leaf1_edx = id.edx;
}

static void read_xsave(struct cpu *cpu)
{
	cpu->xcr0 = xgetbv();
	cpu->xsave_size = cpuid(0xd, 0).ebx;
	cpu->xsave_flags = cpuid(0xd, 1).eax;
	cpu->component[0] = (struct cpu_component){0, 160};   /* x87 */
	cpu->component[1] = (struct cpu_component){160, 256}; /* SSE; MXCSR is at 24 */
	for (uint32_t i = 2; i < CPU_COMPONENTS; i++) {
		if (!(cpu->xcr0 >> i & 1))
			continue;
		struct leaf at = cpuid(0xd, i);
		cpu->component[i] = (struct cpu_component){at.ebx, at.eax};
	}
}

void cpu_read(struct cpu *ret)
{
	struct cpu cpu = {};
	struct leaf more;

	read_name(&cpu);
	more = cpuid(7, 0);
	cpu.leaf7_ebx = more.ebx;
	cpu.leaf7_ecx = more.ecx;
	cpu.leaf7_edx = more.edx;
	if (cpu.leaf1_ecx & bit_OSXSAVE)
		read_xsave(&cpu);
	*ret = cpu;
}
