#include <errno.h>
#include <string.h>

#include "oci/field.h"
#include "oci/json.h"
#include "oci/types.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "runtime/container/record.h"

enum { VERSION = 1 };

/* The file's shape where it is not the struct's. */
struct file {
	uint32_t version;
	struct record record;
	struct oci_strings stdio;
};

static const struct field process_fields[] = {
	{"pid", IN(struct process_id, pid), field_signed},
	{"startTime", IN(struct process_id, start_time), field_unsigned},
};
static const struct field_table process_table = TABLE(struct process_id, process_fields);

static const struct field cgroup_fields[] = {
	{"controllers", IN(struct cgroup_path, controllers), field_string},
	{"dir", IN(struct cgroup_path, dir), field_string,
	 .flags = FIELD_NEEDED | FIELD_ABSOLUTE},
};
static const struct field_table cgroup_table = TABLE(struct cgroup_path, cgroup_fields);

static const struct field fields[] = {
	{"version", IN(struct file, version), field_unsigned, .flags = FIELD_NEEDED, .min = 1,
	 .max = VERSION},
	{"id", IN(struct file, record.id), field_string, .flags = FIELD_NEEDED},
	{"bundle", IN(struct file, record.bundle), field_string, .flags = FIELD_NEEDED},
	{"rootfs", IN(struct file, record.rootfs), field_string, .flags = FIELD_NEEDED},
	{"created", IN(struct file, record.created), field_string, .flags = FIELD_NEEDED},
	{"owner", IN(struct file, record.owner), field_string},
	{"init", IN(struct file, record.init), field_object, .object = &process_table},
	{"creator", IN(struct file, record.creator), field_object, .object = &process_table},
	{"cgroup", IN(struct file, record.cgroup), field_array, .object = &cgroup_table},
	{"stdio", IN(struct file, stdio), field_strings},
};
static const struct field_table file_table = TABLE(struct file, fields);

int record_parse(struct arena *arena, const char *text, struct record *ret, struct err *err)
{
	struct file file = {};

	if (field_document(arena, text, strlen(text), &file_table, &file, err) < 0)
		return fail_in(err, "state.json");
	for (size_t i = 0; i < file.record.n_cgroup; i++)
		if (!file.record.cgroup[i].controllers)
			file.record.cgroup[i].controllers = "";
	for (size_t i = 0; i < file.stdio.n && i < 3; i++)
		file.record.stdio[i] = file.stdio.item[i];
	*ret = file.record;
	return 0;
}

static void write_process(struct json_writer *w, const char *key, const struct process_id *id)
{
	json_object(w, key);
	json_signed_number(w, "pid", id->pid);
	json_unsigned_number(w, "startTime", id->start_time);
	json_end(w);
}

static void write_cgroup(struct json_writer *w, const struct record *record)
{
	json_array(w, "cgroup");
	for (size_t i = 0; i < record->n_cgroup; i++) {
		json_object(w, NULL);
		json_string(w, "controllers", record->cgroup[i].controllers);
		json_string(w, "dir", record->cgroup[i].dir);
		json_end(w);
	}
	json_end(w);
}

static void write_stdio(struct json_writer *w, const struct record *record)
{
	if (!record->stdio[0] || !record->stdio[1] || !record->stdio[2])
		return;
	json_array(w, "stdio");
	for (size_t i = 0; i < 3; i++)
		json_string(w, NULL, record->stdio[i]);
	json_end(w);
}

int record_text(const struct record *record, char **ret, struct err *err)
{
	scoped(json_writer_free) struct json_writer *w = json_writer_new(JSON_SPACES);

	if (!w)
		return fail(err, -ENOMEM, "out of memory");
	json_object(w, NULL);
	json_unsigned_number(w, "version", VERSION);
	json_string(w, "id", record->id);
	json_string(w, "bundle", record->bundle);
	json_string(w, "rootfs", record->rootfs);
	json_string(w, "created", record->created);
	if (record->owner)
		json_string(w, "owner", record->owner);
	write_process(w, "init", &record->init);
	write_process(w, "creator", &record->creator);
	write_cgroup(w, record);
	write_stdio(w, record);
	json_end(w);
	return json_writer_take(w, ret, err);
}
