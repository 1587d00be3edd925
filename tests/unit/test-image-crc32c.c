/* test-image-crc32c.c - the checksum: known values, both ways to compute it, in pieces */
#include <string.h>
#include <time.h>

#include "engine/image/crc32c.h"
#include "tests/unit/check.h"

static void gives_the_values_of_rfc_3720(void)
{
	unsigned char data[32] = {0};

	check(crc32c(0, "123456789", 9) == 0xe3069283);
	check(crc32c(0, data, 32) == 0x8a9136aa);
	memset(data, 0xff, 32);
	check(crc32c(0, data, 32) == 0x62a8ab43);
	for (unsigned char i = 0; i < 32; i++)
		data[i] = i;
	check(crc32c(0, data, 32) == 0x46dd794e);
	check(crc32c(0, data, 0) == 0);
}

static void is_the_same_with_and_without_the_instruction(void)
{
	static unsigned char data[20000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7 + i / 251);
	for (size_t len = 0; len < sizeof(data); len += 37)
		check(crc32c(5, data + len % 8, len) == crc32c_plain(5, data + len % 8, len));
}

static void is_the_same_in_pieces(void)
{
	static unsigned char data[10000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i ^ i >> 5);
	for (size_t at = 0; at < sizeof(data); at += 331)
		check(crc32c(crc32c(0, data, at), data + at, sizeof(data) - at) ==
		      crc32c(0, data, sizeof(data)));
}

static void passes_a_gibibyte_in_less_than_half_a_second(void)
{
	enum { SIZE = 4 << 20, TIMES = 256 };
	unsigned char *data = calloc(1, SIZE);
	struct timespec from, to;
	uint32_t crc = 0;

	check(data);
	if (!__builtin_cpu_supports("pclmul"))
		skip("this processor has no carry-less multiply");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < TIMES; i++)
		crc = crc32c(crc, data, SIZE);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	double s =
		(double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("# %.1f GB/s, %08x\n", 1.0737 / s, crc);
	free(data);
	check(s < 0.5);
}

RUN(TEST(gives_the_values_of_rfc_3720), TEST(is_the_same_with_and_without_the_instruction),
    TEST(is_the_same_in_pieces), TEST(passes_a_gibibyte_in_less_than_half_a_second))
