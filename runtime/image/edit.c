#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "engine/image/amend.h"
#include "engine/image/one.h"
#include "engine/image/record.h"
#include "engine/image/schema/core.pb-c.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/image/edit_parts.h"

/* An image that is read, and what becomes of it. */
struct amending {
	struct image_dir *from, *to;
	size_t n; /* records changed */
};

static int out_of_memory(struct err *err)
{
	return fail(err, -ENOMEM, "out of memory");
}

/* --- open files: a row per kind of rule */

static const struct {
	size_t rules; /* in edit_request */
	const char *option, *what;
	int (*check)(const struct edit_rule *rule, struct err *err);
	bool (*apply)(struct edit *edit, const struct edit_rule *rule, FileEntry *file);
} kinds[] = {
	{offsetof(struct edit_request, path), "path", "path", edit_path_check, edit_path},
	{offsetof(struct edit_request, unix_name), "unix", "unix socket", edit_unix_check,
	 edit_unix},
	{offsetof(struct edit_request, address), "address", "socket with the address",
	 edit_address_check, edit_address},
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct edit_rules *rules_of(const struct edit_request *request, size_t kind)
{
	return (const void *)((const char *)request + kinds[kind].rules);
}

/* One rule, over all files.  It must fit somewhere: else it was mistyped. */
static int rule_apply(struct edit *edit, size_t kind, const char *text, FileEntry **file,
		      size_t n, size_t *ret_n, struct err *err)
{
	struct edit_rule rule = {};
	size_t fits = 0;

	if (edit_rule(text, edit->arena, &rule, err) < 0 || kinds[kind].check(&rule, err) < 0)
		return fail_in(err, "--%s", kinds[kind].option);
	for (size_t i = 0; i < n; i++)
		fits += kinds[kind].apply(edit, &rule, file[i]);
	if (edit->no_memory)
		return out_of_memory(err);
	if (!fits)
		return fail(err, -ENOENT, "--%s: files.img has no %s %s", kinds[kind].option,
			    kinds[kind].what, rule.old);
	*ret_n += fits;
	return 0;
}

static int rules_apply(struct edit *edit, FileEntry **file, size_t n, size_t *ret_n,
		       struct err *err)
{
	for (size_t kind = 0; kind < N_KINDS; kind++) {
		const struct edit_rules *rules = rules_of(edit->request, kind);

		for (size_t i = 0; i < rules->n; i++)
			if (rule_apply(edit, kind, rules->rule[i], file, n, ret_n, err) < 0)
				return err->code;
	}
	return 0;
}

static int files_write(struct image_dir *to, FileEntry *const *file, size_t n, struct err *err)
{
	scoped(image_writer_drop) struct image_writer *w = NULL;
	int r = image_writer_open(to, IMAGE_FILES, 0, &w, err);

	for (size_t i = 0; i < n && r >= 0; i++)
		r = record_put(w, &file[i]->base, err);
	return r < 0 ? r : image_writer_close(&w, err);
}

static int files_edit(struct amending *image, const struct edit_request *request,
		      struct arena *arena, struct err *err)
{
	struct edit edit = {.request = request, .arena = arena};
	size_t n_files, n = 0;
	void **all;

	if (!request->path.n && !request->unix_name.n && !request->address.n)
		return 0;
	if (image_get_all(image->from, IMAGE_FILES, 0, arena, &all, &n_files, err) < 0 ||
	    rules_apply(&edit, (FileEntry **)all, n_files, &n, err) < 0)
		return err->code;
	image->n += n;
	return files_write(image->to, (FileEntry *const *)all, n_files, err);
}

/* --- the names of the host: in every uts namespace of the image */

static int uts_edit(struct amending *image, const struct edit_request *request, uint64_t id,
		    struct arena *arena, struct err *err)
{
	UtsnsEntry *uts;
	void *record;

	if (image_get_one(image->from, IMAGE_UTSNS, id, arena, &record, err) < 0)
		return err->code;
	uts = record;
	if (request->hostname)
		uts->nodename = (char *)request->hostname;
	if (request->domainname)
		uts->domainname = (char *)request->domainname;
	image->n++;
	return image_put_one(image->to, IMAGE_UTSNS, id, &uts->base, err);
}

static int name_check(const char *option, const char *name, struct err *err)
{
	if (name && (!*name || strlen(name) >= sizeof(((struct utsname *)NULL)->nodename)))
		return fail(err, -EINVAL, "--%s: a name has 1 to 64 bytes", option);
	return 0;
}

static int names_edit(struct amending *image, const struct edit_request *request,
		      struct arena *arena, struct err *err)
{
	uint64_t *id;
	size_t n;

	if (!request->hostname && !request->domainname)
		return 0;
	if (name_check("hostname", request->hostname, err) < 0 ||
	    name_check("domainname", request->domainname, err) < 0)
		return err->code;
	if (image_ids(image->from, IMAGE_UTSNS, arena, &id, &n, err) < 0)
		return err->code;
	if (!n)
		return fail(err, -ENOENT, "the image has no names of a host (utsns-ID.img)");
	for (size_t i = 0; i < n; i++)
		if (uts_edit(image, request, id[i], arena, err) < 0)
			return err->code;
	return 0;
}

int image_edit(int dir, const struct edit_request *request, size_t *ret_n, struct err *err)
{
	scoped(image_close) struct image_dir *from = NULL, *to = NULL;
	scoped(arena_free) struct arena *arena = arena_new();

	if (!arena)
		return out_of_memory(err);
	if (image_open(dir, &from, err) < 0 || image_amend(dir, &to, err) < 0)
		return err->code;
	struct amending image = {from, to, 0};
	if (names_edit(&image, request, arena, err) < 0 ||
	    files_edit(&image, request, arena, err) < 0)
		return err->code;
	if (!image.n)
		return fail(err, -EINVAL, "nothing to change was given");
	if (image_amend_commit(to, err) < 0)
		return err->code;
	*ret_n = image.n;
	return 0;
}
