/* image-view.c - libFuzzer: whatever is changed in an image, it can be shown, compared, edited and made
 * a core of, or refused
 */
#include <sys/mman.h>

#include "runtime/base/scope.h"
#include "runtime/image/core.h"
#include "runtime/image/diff.h"
#include "runtime/image/edit.h"
#include "runtime/image/show.h"
#include "runtime/image/view.h"
#include "tests/fuzz/image-changed.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void as_text(const struct image_view *sound, const struct image_view *view)
{
	FILE *out = fopen("/dev/null", "w");
	scoped_free char *json = NULL;
	struct err err = {};

	must(out);
	must(show_text(view, out, &err) == 0);
	must(show_json(view, &json, &err) == 0);
	must(image_diff(sound, view, out, &err) >= 0);
	fclose(out);
}

static void as_core(const struct image_view *view)
{
	scoped_fd int out = memfd_create("core", MFD_CLOEXEC);
	struct err err = {};

	if (image_core(view, 1, -1, out, &err) < 0)
		must(err.n);
}

static void as_edited(int fd)
{
	static const char *path = "/bin=/sbin";
	const struct edit_request request = {.path = {&path, 1}};
	struct err err = {};
	size_t n;

	if (image_edit(fd, &request, &n, &err) < 0)
		must(err.n);
	else
		must(n > 0);
	fuzz_put(fd, "files.img", changed_kept[1].data, changed_kept[1].size);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static int fd = -1;
	static struct image_view *sound;
	scoped(view_close) struct image_view *view = NULL;
	struct err err = {};

	if (fd < 0) {
		fd = changed_image();
		must(view_open(fd, &sound, &err) == 0);
	}
	changed_apply(fd, data, size);
	if (view_open(fd, &view, &err) < 0) {
		must(err.n);
	} else {
		as_text(sound, view);
		as_core(view);
	}
	if (size && data[0] % CHANGED_FILES == 1)
		as_edited(fd);
	changed_undo(fd, data, size);
	return 0;
}
