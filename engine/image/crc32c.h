/* crc32c.h - the checksum of an image's files
 *
 * CRC-32C (Castagnoli), the one that RFC 3720 defines: "123456789" gives 0xe3069283.
 * Processors with SSE4.2 have it as an instruction: page data passes at memory speed.
 *
 *	uint32_t crc = 0;
 *	crc = crc32c(crc, head, head_len);
 *	crc = crc32c(crc, rest, rest_len);	as if both had come at once
 */
#ifndef CKRUN_IMAGE_CRC32C_H
#define CKRUN_IMAGE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/* crc32c_plain() - the same without the instruction. */
uint32_t crc32c_plain(uint32_t crc, const void *data, size_t len);

#endif
