#include <linux/personality.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "oci/linux.h"
#include "oci/names.h"
#include "oci/section.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* Linux 5.6 */
#endif

static const struct oci_name namespace[] = {
	{"cgroup", CLONE_NEWCGROUP}, {"ipc", CLONE_NEWIPC}, {"mount", CLONE_NEWNS},
	{"network", CLONE_NEWNET},   {"pid", CLONE_NEWPID}, {"time", CLONE_NEWTIME},
	{"user", CLONE_NEWUSER},     {"uts", CLONE_NEWUTS}, {},
};

const struct oci_name *oci_namespace_names(void)
{
	return namespace;
}

const char *oci_namespace_name(unsigned long flag)
{
	return oci_name_of(namespace, flag);
}

unsigned long oci_namespace_flag(const char *name)
{
	uint64_t flag;

	return oci_name_value(namespace, name, &flag) ? flag : 0;
}

const struct oci_namespace *oci_linux_namespace(const struct oci_linux *lin, unsigned long flag)
{
	for (size_t i = 0; i < lin->n_namespaces; i++)
		if (lin->namespaces[i].flag == flag)
			return &lin->namespaces[i];
	return NULL;
}

static const struct field namespace_fields[] = {
	{"type", IN(struct oci_namespace, flag), field_name, FIELD_NEEDED, .names = namespace},
	{"path", IN(struct oci_namespace, path), field_string, FIELD_ABSOLUTE},
};
static const struct field_table namespace_table = TABLE(struct oci_namespace, namespace_fields);

static const struct field id_map_fields[] = {
	{"containerID", IN(struct oci_id_map, container_id), field_unsigned, FIELD_NEEDED},
	{"hostID", IN(struct oci_id_map, host_id), field_unsigned, FIELD_NEEDED},
	{"size", IN(struct oci_id_map, size), field_unsigned, FIELD_NEEDED},
};
static const struct field_table id_map_table = TABLE(struct oci_id_map, id_map_fields);

int section_id_maps(struct field_at *at, const struct json *value, void *to)
{
	return field_read_array(at, value, &id_map_table, to);
}

static const struct oci_name device_type[] = {
	{"b", 'b'}, {"c", 'c'}, {"u", 'c'}, {"p", 'p'}, {},
};

/* Engines copy st_mode whole: the type is in it again. */
static int device_finish(struct field_at *at, void *object)
{
	struct oci_device *device = object;

	(void)at;
	device->file_mode.value &= 07777;
	return 0;
}

#define DEVICE(member) IN(struct oci_device, member)

static const struct field device_fields[] = {
	{"type", DEVICE(type), field_name, FIELD_NEEDED, .names = device_type},
	{"path", DEVICE(path), field_string, FIELD_NEEDED | FIELD_ABSOLUTE},
	{"major", DEVICE(major), field_signed, .min = 0, .max = UINT32_MAX},
	{"minor", DEVICE(minor), field_signed, .min = 0, .max = UINT32_MAX},
	{"fileMode", DEVICE(file_mode), field_opt_u64, .max = UINT32_MAX},
	{"uid", DEVICE(uid), field_opt_u64, .max = UINT32_MAX - 1},
	{"gid", DEVICE(gid), field_opt_u64, .max = UINT32_MAX - 1},
};
static const struct field_table device_table =
	TABLE_FINISH(struct oci_device, device_fields, device_finish);

static const struct oci_name propagation[] = {
	{"private", MS_PRIVATE},
	{"rprivate", MS_PRIVATE | MS_REC},
	{"shared", MS_SHARED},
	{"rshared", MS_SHARED | MS_REC},
	{"slave", MS_SLAVE},
	{"rslave", MS_SLAVE | MS_REC},
	{"unbindable", MS_UNBINDABLE},
	{"runbindable", MS_UNBINDABLE | MS_REC},
	{},
};

static const struct oci_name domain[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	{},
};

struct raw_personality {
	uint32_t domain;
	bool flags;
};

static const struct field personality_fields[] = {
	{"domain", IN(struct raw_personality, domain), field_name, FIELD_NEEDED,
	 .names = domain},
	{"flags", IN(struct raw_personality, flags), field_present},
};
static const struct field_table personality_table =
	TABLE(struct raw_personality, personality_fields);

static int personality(struct field_at *at, const struct json *value, void *to)
{
	struct raw_personality raw = {};
	int r = field_read_object(at, value, &personality_table, &raw);

	if (r < 0)
		return r;
	if (raw.flags) /* the specification has none yet */
		return field_bad(at, "flags", "no flag is known");
	*(struct oci_opt_u64 *)to = (struct oci_opt_u64){true, raw.domain};
	return 0;
}

static int offset_finish(struct field_at *at, void *object)
{
	struct oci_time_offset *offset = object;

	(void)at;
	offset->set = offset->secs || offset->nanosecs;
	return 0;
}

static const struct field offset_fields[] = {
	{"secs", IN(struct oci_time_offset, secs), field_signed},
	{"nanosecs", IN(struct oci_time_offset, nanosecs), field_unsigned, .max = 999999999},
};
static const struct field_table offset_table =
	TABLE_FINISH(struct oci_time_offset, offset_fields, offset_finish);

static const struct field offsets_fields[] = {
	{"monotonic", IN(struct oci_linux, monotonic), field_object, .object = &offset_table},
	{"boottime", IN(struct oci_linux, boottime), field_object, .object = &offset_table},
};
static const struct field_table offsets_table = TABLE(struct oci_linux, offsets_fields);

/* Its members go into the section itself. */
static int time_offsets(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &offsets_table, to);
}

static int linux_finish(struct field_at *at, void *object)
{
	const struct oci_linux *lin = object;

	for (size_t i = 0; i < lin->n_namespaces; i++)
		if (oci_linux_namespace(lin, lin->namespaces[i].flag) != &lin->namespaces[i])
			return field_bad(at, "namespaces", "%s is there twice",
					 oci_namespace_name(lin->namespaces[i].flag));
	if ((lin->uid_mappings.n || lin->gid_mappings.n) &&
	    !oci_linux_namespace(lin, CLONE_NEWUSER))
		return field_bad(at, lin->uid_mappings.n ? "uidMappings" : "gidMappings",
				 "there is no user namespace to map in");
	if ((lin->monotonic.set || lin->boottime.set) &&
	    !oci_linux_namespace(lin, CLONE_NEWTIME))
		return field_bad(at, "timeOffsets",
				 "there is no time namespace to set them in");
	return section_sysctl_check(at, lin);
}

#define LINUX(member) IN(struct oci_linux, member)

static const struct field linux_fields[] = {
	{"namespaces", LINUX(namespaces), field_array, .object = &namespace_table},
	{"uidMappings", LINUX(uid_mappings), section_id_maps},
	{"gidMappings", LINUX(gid_mappings), section_id_maps},
	{"devices", LINUX(devices), field_array, .object = &device_table},
	{"netDevices", LINUX(net_devices), field_present},
	{"cgroupsPath", LINUX(cgroups_path), field_string},
	{"resources", LINUX(resources), section_resources},
	{"sysctl", LINUX(sysctl), field_pairs},
	{"seccomp", LINUX(seccomp), section_seccomp},
	{"rootfsPropagation", LINUX(rootfs_propagation), field_name, .names = propagation},
	{"maskedPaths", LINUX(masked_paths), field_strings, FIELD_ABSOLUTE},
	{"readonlyPaths", LINUX(readonly_paths), field_strings, FIELD_ABSOLUTE},
	{"mountLabel", LINUX(mount_label), field_string},
	{"intelRdt", LINUX(intel_rdt), field_present},
	{"memoryPolicy", LINUX(memory_policy), field_present},
	{"personality", LINUX(personality), personality},
	{"timeOffsets", .read = time_offsets},
};
static const struct field_table linux_table =
	TABLE_FINISH(struct oci_linux, linux_fields, linux_finish);

int section_linux(struct field_at *at, const struct json *value, void *to)
{
	return field_read_object(at, value, &linux_table, to);
}
