#include <errno.h>
#include <string.h>
#include <time.h>

#include "engine/image/crc32c.h"
#include "engine/image/inside.h"
#include "engine/image/record.h"
#include "engine/image/schema/ckrun.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { VERSION = 1 };

/* What this ckrun carries and older readers would lose.  Only ever grows. */
static const char *const known_features[] = {
	"exec-roots", /* several roots: ckrun-roots.img */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int head_put(struct image_writer *w, const struct image_about *about, struct err *err)
{
	CkrunManifestHead head = CKRUN_MANIFEST_HEAD__INIT;
	CkrunManifestEntry entry = CKRUN_MANIFEST_ENTRY__INIT;
	size_t n = 0;

	while (n < IMAGE_FEATURES_MAX && about->feature[n])
		n++;
	head.version = VERSION;
	head.required_features = (char **)about->feature;
	head.n_required_features = n;
	head.ckrun_version = (char *)CKRUN_VERSION;
	head.kernel_release = (char *)about->host.kernel_release;
	head.machine = (char *)about->host.machine;
	head.cpu_words = (uint32_t *)about->host.cpu_word;
	head.n_cpu_words = IMAGE_CPU_WORDS;
	head.has_xfeatures = head.has_xsave_size = head.has_written_ns = 1;
	head.xfeatures = about->host.xfeatures;
	head.xsave_size = about->host.xsave_size;
	head.container = (char *)about->container;
	head.written_ns = now_ns();
	entry.head = &head;
	return record_put(w, &entry.base, err);
}

static int file_put(struct image_writer *w, const struct image_member *member, struct err *err)
{
	CkrunManifestFile file = CKRUN_MANIFEST_FILE__INIT;
	CkrunManifestEntry entry = CKRUN_MANIFEST_ENTRY__INIT;

	file.name = (char *)member->name;
	file.length = member->length;
	file.crc32c = member->crc;
	entry.file = &file;
	return record_put(w, &entry.base, err);
}

static int end_put(struct image_writer *w, size_t files, struct err *err)
{
	CkrunManifestEnd end = CKRUN_MANIFEST_END__INIT;
	CkrunManifestEntry entry = CKRUN_MANIFEST_ENTRY__INIT;
	int r = image_writer_sum(w, &end.crc32c, err);

	if (r < 0)
		return r;
	end.files = (uint32_t)files;
	entry.end = &end;
	return record_put(w, &entry.base, err);
}

int manifest_write(struct image_dir *dir, const struct image_about *about, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = image_writer_open(dir, IMAGE_CKRUN_MANIFEST, 0, &w, err);

	if (r >= 0)
		r = head_put(w, about, err);
	for (size_t i = 0; i < dir->n_members && r >= 0; i++)
		r = file_put(w, &dir->member[i], err);
	if (r >= 0)
		r = end_put(w, dir->n_members, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int feature_check(const char *feature, struct err *err)
{
	for (size_t i = 0; i < sizeof(known_features) / sizeof(known_features[0]); i++)
		if (strcmp(feature, known_features[i]) == 0)
			return 0;
	return refuse(err, "it needs '%s', which this ckrun does not know", feature);
}

static void text_take(char *to, size_t size, const char *from)
{
	size_t len = from ? strnlen(from, size - 1) : 0;

	memcpy(to, from ? from : "", len);
	to[len] = '\0';
}

static int head_take(const CkrunManifestHead *head, struct image_about *about, struct err *err)
{
	if (head->version > VERSION)
		return refuse(err, "version %u, this ckrun knows %d", head->version, VERSION);
	if (head->n_required_features > IMAGE_FEATURES_MAX)
		return fail(err, -EBADMSG, "%zu features are too many",
			    head->n_required_features);
	for (size_t i = 0; i < head->n_required_features; i++) {
		int r = feature_check(head->required_features[i], err);

		if (r < 0)
			return r;
		about->feature[i] = head->required_features[i];
	}
	about->container = head->container;
	text_take(about->host.kernel_release, sizeof(about->host.kernel_release),
		  head->kernel_release);
	text_take(about->host.machine, sizeof(about->host.machine), head->machine);
	for (size_t i = 0; i < head->n_cpu_words && i < IMAGE_CPU_WORDS; i++)
		about->host.cpu_word[i] = head->cpu_words[i];
	about->host.xfeatures = head->xfeatures;
	about->host.xsave_size = head->xsave_size;
	return 0;
}

static int file_take(struct image_dir *dir, const CkrunManifestFile *file, struct err *err)
{
	enum image_file type;
	uint64_t id;

	if (!image_name_parse(file->name, &type, &id) || type == IMAGE_CKRUN_MANIFEST)
		return fail(err, -EBADMSG, "'%s' is no file of an image", file->name);
	if (dir->n_members >= IMAGE_FILES_MAX)
		return fail(err, -EFBIG, "too many files");
	return image_member_add(dir, file->name, file->length, file->crc32c, err);
}

static int end_check(const struct image_dir *dir, const CkrunManifestEnd *end,
		     const struct image_reader *r, const unsigned char *data, size_t before,
		     struct err *err)
{
	if (end->files != dir->n_members)
		return fail(err, -EBADMSG, "%zu files are listed, the end says %u",
			    dir->n_members, end->files);
	if (crc32c(0, data, before) != end->crc32c)
		return fail(err, -EBADMSG, "its contents are not what its end says");
	if (record_left(r))
		return fail(err, -EBADMSG, "%llu bytes behind its end",
			    (unsigned long long)record_left(r));
	return 1;
}

/* One record; 1 if it was the end. */
static int entry_take(struct image_dir *dir, struct image_reader *r, bool first,
		      struct err *err)
{
	const unsigned char *data;
	size_t before = image_reader_at(r, &data);
	void *message;
	int e = record_get(r, &ckrun_manifest_entry__descriptor, dir->arena, &message, err);

	if (e < 0)
		return e;
	if (e == 0)
		return fail(err, -EBADMSG, "its end is missing");
	const CkrunManifestEntry *entry = message;
	if (first != !!entry->head)
		return fail(err, -EBADMSG, "its head is %s", first ? "missing" : "doubled");
	if (entry->head)
		return head_take(entry->head, &dir->about, err);
	if (entry->file)
		return file_take(dir, entry->file, err);
	if (entry->end)
		return end_check(dir, entry->end, r, data, before, err);
	return fail(err, -EBADMSG, "an empty record");
}

int manifest_read(struct image_dir *dir, struct err *err)
{
	scoped(image_reader_drop) struct image_reader *reader = NULL;
	int r = image_reader_open(dir, IMAGE_CKRUN_MANIFEST, 0, &reader, err);

	if (r < 0)
		return r;
	for (bool first = true; r == 0; first = false)
		r = entry_take(dir, reader, first, err);
	return r < 0 ? fail_in(err, "ckrun-manifest.img") : 0;
}
