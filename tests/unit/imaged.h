/* imaged.h - an image in a scratch directory: written, committed, opened again */
#ifndef CKRUN_TESTS_IMAGED_H
#define CKRUN_TESTS_IMAGED_H

#include "engine/image/dir.h"
#include "engine/image/manifest.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/core.pb-c.h"
#include "engine/image/schema/inventory.pb-c.h"
#include "runtime/base/err.h"
#include "tests/unit/scratch.h"

/* imaged_ok() - the call, with `why` for its err, succeeded; or its sentence is shown. */
#define imaged_ok(call)                                              \
	do {                                                         \
		struct err why_ = {}, *why = &why_;                  \
		char text_[1024];                                    \
		if ((call) < 0) {                                    \
			printf("# %s:%d: %s\n", __FILE__, __LINE__,  \
			       err_text(why, text_, sizeof(text_))); \
			exit(CHECK_FAILED);                          \
		}                                                    \
	} while (0)

/* imaged_begin() - dir as of scratch(). */
static inline struct image_dir *imaged_begin(int dir)
{
	struct image_dir *image = NULL;

	imaged_ok(image_create(dir, &image, why));
	return image;
}

/* imaged_end() - committed; the same image for reading. */
static inline struct image_dir *imaged_end(int dir, struct image_dir *image)
{
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;
	struct image_about about = {.container = "test"};

	inventory.img_version = 2;
	imaged_ok(image_put_one(image, IMAGE_INVENTORY, 0, &inventory.base, why));
	imaged_ok(image_host_read(&about.host, why));
	imaged_ok(image_commit(image, &about, IMAGE_NO_SYNC, why));
	image_close(&image);
	imaged_ok(image_open(dir, &image, why));
	return image;
}

#endif
