/* tar.c - a tmpfs archive from anywhere: every member and some of its data are read
 *
 * No input guesses a checksum, so each block that could be a header gets the right one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/mnt/tar.h"
#include "engine/mnt/ustar.h"
#include "runtime/base/err.h"

struct bytes {
	const uint8_t *data;
	size_t left;
};

static void sum_up(struct ustar *head)
{
	unsigned int sum = 0;

	if (!head->name[0])
		return;
	memset(head->checksum, ' ', sizeof(head->checksum));
	for (size_t i = 0; i < sizeof(*head); i++)
		sum += ((const unsigned char *)head)[i];
	snprintf(head->checksum, sizeof(head->checksum), "%06o", sum & 0777777);
}

static int get(void *ctx, void *data, size_t len, struct err *err)
{
	struct bytes *from = ctx;

	if (len > from->left)
		return fail(err, -EBADMSG, "it ends in the middle");
	memcpy(data, from->data, len);
	from->data += len;
	from->left -= len;
	if (len == TAR_BLOCK_SIZE)
		sum_up(data);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {.data = data, .left = size};
	struct tar_in in = {.read = get, .ctx = &bytes};
	struct tar_member m;
	struct err err = {0};
	char byte;

	while (tar_get(&in, &m, &err) > 0) {
		if (strlen(m.path) + strlen(m.link) > 1 << 26)
			__builtin_trap();
		for (size_t i = 0; i < m.data.n; i++)
			if (m.data.run[i].end > m.size)
				__builtin_trap();
		if (in.left)
			tar_get_data(&in, &byte, 1, &err);
	}
	tar_in_drop(&in);
	return 0;
}
