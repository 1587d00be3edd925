#include <immintrin.h>
#include <string.h>

#include "engine/image/crc32c.h"

/* Three independent streams hide the three cycles that crc32q takes.  Moving the sum of one
 * stream past the LANE bytes of the next is a multiplication by x^(8 * LANE - 33) modulo the
 * polynomial: carry-less multiply, then crc32q, which itself reduces and multiplies by x^32;
 * the last x is that of the bit-reflected product. */
enum { LANE = 1024 };
#define PAST_ONE_LANE 0x170076fau  /* LANE = 1024 */
#define PAST_TWO_LANES 0xa51b6135u /* 2048 bytes */

static uint64_t load(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t moved(uint64_t sum, uint32_t by)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)sum),
					       _mm_cvtsi64_si128((long long)by), 0);

	return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t lanes(uint64_t a,
							       const unsigned char *p)
{
	uint64_t b = 0, c = 0;

	for (size_t i = 0; i < LANE; i += 8) {
		a = _mm_crc32_u64(a, load(p + i));
		b = _mm_crc32_u64(b, load(p + LANE + i));
		c = _mm_crc32_u64(c, load(p + 2UL * LANE + i));
	}
	return moved(a, PAST_TWO_LANES) ^ moved(b, PAST_ONE_LANE) ^ c;
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t
fast(uint32_t crc, const unsigned char *p, size_t len)
{
	uint64_t sum = ~crc;

	for (; len >= 3 * (size_t)LANE; p += 3UL * LANE, len -= 3 * (size_t)LANE)
		sum = lanes(sum, p);
	for (; len >= 8; p += 8, len -= 8)
		sum = _mm_crc32_u64(sum, load(p));
	for (; len; p++, len--)
		sum = _mm_crc32_u8((uint32_t)sum, *p);
	return ~(uint32_t)sum;
}

uint32_t crc32c_plain(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (crc = ~crc; len; p++, len--) {
		crc ^= *p;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
		return fast(crc, data, len);
	return crc32c_plain(crc, data, len);
}
