/* image-manifest.c - libFuzzer: no manifest breaks its reader
 *
 * With an odd first byte the right end is put behind the rest, as no input guesses a checksum.
 */
#include "engine/image/crc32c.h"
#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/fuzz/image.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static size_t end_put(unsigned char *whole, size_t at, uint32_t files)
{
	CkrunManifestEntry entry = CKRUN_MANIFEST_ENTRY__INIT;
	CkrunManifestEnd end = CKRUN_MANIFEST_END__INIT;

	end.files = files;
	end.crc32c = crc32c(0, whole, at);
	entry.end = &end;
	uint32_t len = (uint32_t)protobuf_c_message_get_packed_size(&entry.base);
	memcpy(whole + at, &len, sizeof(len));
	return at + 4 + protobuf_c_message_pack(&entry.base, whole + at + 4);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static unsigned char whole[1 << 20];
	static int fd = -1;
	scoped(image_close) struct image_dir *dir = NULL;
	struct err err = {};

	if (size < 1 || size > sizeof(whole) - 100)
		return 0;
	if (fd < 0) {
		fd = fuzz_dir();
		fuzz_put(fd, "inventory.img", "\x16\x31\x31\x58\2\0\0\0\10\2", 10);
	}
	size_t at = fuzz_head(IMAGE_CKRUN_MANIFEST, whole);
	memcpy(whole + at, data + 1, size - 1);
	at += size - 1;
	if (data[0] & 1)
		at = end_put(whole, at, data[0] >> 1);
	fuzz_put(fd, "ckrun-manifest.img", whole, at);
	if (image_open(fd, &dir, &err) < 0)
		must(err.n);
	else /* what it promises of the only file there is was true */
		must(image_has(dir, IMAGE_INVENTORY, 0) && image_about(dir));
	return 0;
}
