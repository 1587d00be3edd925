/* sysv.c - System V segments, queues and semaphore sets: named to be refused
 *
 * Seen   /proc/sysvipc/{shm,msg,sem}: a line of headings, then one per object, the key first and
 *        the id second; of the namespace of the task that opens the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "engine/ipc/rooms.h"
#include "engine/kernel/proc.h"
#include "engine/model/findings.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

enum { IDS_SHOWN = 8 };

static const struct {
	const char *path, *one, *more, *way_out;
} kinds[] = {
	{"/proc/sysvipc/shm", "shared memory segment", "shared memory segments", "ipcrm -m ID"},
	{"/proc/sysvipc/msg", "message queue", "message queues", "ipcrm -q ID"},
	{"/proc/sysvipc/sem", "semaphore set", "semaphore sets", "ipcrm -s ID"},
};

int sysv_ids(const char *text, char *buf, size_t size)
{
	const char *line = strchr(text, '\n');
	size_t at = 0;
	int n = 0;

	buf[0] = '\0';
	for (; line && line[1]; line = strchr(line + 1, '\n')) {
		long id;

		if (sscanf(line + 1, "%*s %ld", &id) != 1)
			continue;
		if (n++ < IDS_SHOWN && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%ld", at ? ", " : "",
					       id);
	}
	if (n > IDS_SHOWN && at < size)
		snprintf(buf + at, size - at, ", ...");
	return n;
}

static int read_whole(const char *path, char **ret, struct err *err)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, "open %s", path);
	return fd_text(fd, ret, err);
}

int sysv_look(const struct ipc_scene *scene, struct err *err)
{
	char ids[128];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		scoped_free char *text = NULL;
		int r = read_whole(kinds[i].path, &text, err);
		if (r < 0)
			return r;
		int n = sysv_ids(text, ids, sizeof(ids));
		if (n)
			r = findings_add(scene->refused, err,
					 "%d System V %s (id %s) cannot be carried yet; remove "
					 "%s with %s",
					 n, n == 1 ? kinds[i].one : kinds[i].more, ids,
					 n == 1 ? "it" : "them", kinds[i].way_out);
		if (r < 0)
			return r;
	}
	return 0;
}
