#include <errno.h>

#include "oci/json.h"
#include "oci/state.h"
#include "oci/types.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static void write_annotations(struct json_writer *w, const struct oci_pairs *pairs)
{
	if (!pairs || !pairs->n)
		return;
	json_object(w, "annotations");
	for (size_t i = 0; i < pairs->n; i++)
		json_string(w, pairs->item[i].key, pairs->item[i].value);
	json_end(w);
}

/* The order is runc's; scripts compare. */
static void write_full(struct json_writer *w, const struct oci_state *s)
{
	json_object(w, NULL);
	json_string(w, "ociVersion", s->version);
	json_string(w, "id", s->id);
	json_signed_number(w, "pid", s->pid);
	json_string(w, "status", s->status);
	json_string(w, "bundle", s->bundle);
	json_string(w, "rootfs", s->rootfs);
	json_string(w, "created", s->created);
	write_annotations(w, s->annotations);
	json_string(w, "owner", s->owner ? s->owner : "");
	json_end(w);
}

static int take(struct json_writer *w, char **ret, struct err *err)
{
	int r = json_writer_take(w, ret, err);

	return r < 0 ? fail_in(err, "state") : 0;
}

int oci_state_for_hook(const struct oci_state *s, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_COMPACT);

	if (!w)
		return fail(err, -ENOMEM, "state: out of memory");
	json_object(w, NULL);
	json_string(w, "ociVersion", s->version);
	json_string(w, "id", s->id);
	json_string(w, "status", s->status);
	if (s->pid)
		json_signed_number(w, "pid", s->pid);
	json_string(w, "bundle", s->bundle);
	write_annotations(w, s->annotations);
	json_end(w);
	return take(w, ret, err);
}

int oci_state_text(const struct oci_state *state, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_SPACES);

	if (!w)
		return fail(err, -ENOMEM, "state: out of memory");
	write_full(w, state);
	return take(w, ret, err);
}

int oci_state_list(const struct oci_state *state, size_t n, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_COMPACT);

	if (!w)
		return fail(err, -ENOMEM, "list: out of memory");
	json_array(w, NULL);
	for (size_t i = 0; i < n; i++)
		write_full(w, &state[i]);
	json_end(w);
	return take(w, ret, err);
}
