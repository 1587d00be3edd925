/* refused.c - the files that ckrun does not carry, and the sentence it says instead */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "engine/fd/kind.h"
#include "runtime/base/err.h"

#define CLOSE_IT "close it before the checkpoint"

static const struct {
	const char *prefix; /* of the link */
	const char *why;
} known[] = {
	{"anon_inode:[io_uring]", "cannot be carried yet; " CLOSE_IT},
	{"anon_inode:[perf_event]", "counts events of this host's processor; " CLOSE_IT},
	{"anon_inode:bpf", "BPF objects cannot be carried yet; " CLOSE_IT},
	{"anon_inode:seccomp", "a seccomp listener cannot be carried yet; " CLOSE_IT},
	{"/dev/fuse", "a FUSE server cannot be carried yet; unmount it before the checkpoint"},
	{"/dev/net/tun", "a tun or tap device cannot be carried yet; " CLOSE_IT},
};

static bool refused_match(const struct open_file *file)
{
	(void)file;
	return true;
}

static bool is_namespace(const char *link)
{
	static const char *const name[] = {
		"mnt:[",
		"net:[",
		"pid:[",
		"ipc:[",
		"uts:[",
		"user:[",
		"cgroup:[",
		"time:[",
		"pid_for_children:[",
		"time_for_children:[",
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (!strncmp(link, name[i], strlen(name[i])))
			return true;
	return false;
}

static int refuse_it(const struct open_file *file, struct err *err)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(file->link, known[i].prefix, strlen(known[i].prefix)))
			return refuse(err, "%s", known[i].why);
	if (is_namespace(file->link))
		return refuse(err, "an open namespace cannot be carried yet; " CLOSE_IT);
	if (S_ISCHR(file->st.st_mode) || S_ISBLK(file->st.st_mode))
		return refuse(err, "device %s %u:%u cannot be carried; " CLOSE_IT,
			      S_ISCHR(file->st.st_mode) ? "char" : "block",
			      major(file->st.st_rdev), minor(file->st.st_rdev));
	return refuse(err, "cannot be carried yet; " CLOSE_IT);
}

static int refused_dump(struct fd_dump *dump, struct open_file *file, struct err *err)
{
	(void)dump;
	refuse_it(file, err);
	return fail_in(err, "%s", file->link);
}

const struct fd_kind fd_refused = {
	.name = "refused",
	.type = FD_TYPES__UND,
	.match = refused_match,
	.dump = refused_dump,
};
