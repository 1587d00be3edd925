#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/sock/sock.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

static bool option_is(int fd, int name, int wanted)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return wanted < 0 ||
	       (getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 && value == wanted);
}

bool sock_is(const struct open_file *file, int domain, int type, int protocol)
{
	return S_ISSOCK(file->st.st_mode) && !(file->flags & O_PATH) &&
	       !strncmp(file->link, "socket:[", 8) && option_is(file->fd, SO_DOMAIN, domain) &&
	       option_is(file->fd, SO_TYPE, type) && option_is(file->fd, SO_PROTOCOL, protocol);
}

int sock_seen(struct fd_dump *dump, struct sock_seen **ret, struct err *err)
{
	if (!dump->socks) {
		struct sock_seen *seen = arena_new_struct(dump->model->arena, struct sock_seen);

		if (!seen)
			return fail(err, -ENOMEM, "no memory for sockets");
		seen->next_packet = &seen->packet;
		dump->socks = seen;
	}
	*ret = dump->socks;
	return 0;
}

int sock_made(struct fd_make *make, struct sock_made **ret, struct err *err)
{
	if (!make->socks)
		make->socks = arena_new_struct(make->model->arena, struct sock_made);
	*ret = make->socks;
	return make->socks ? 0 : fail(err, -ENOMEM, "no memory for sockets");
}

int sock_seen_unix(struct fd_dump *dump, const struct netdiag_unix_list **ret, struct err *err)
{
	struct sock_seen *seen = NULL;

	int r = sock_seen(dump, &seen, err);
	if (r == 0 && !seen->has_unix)
		r = netdiag_unix(dump->model->arena, &seen->unixes, err);
	if (r < 0)
		return r;
	seen->has_unix = true;
	*ret = &seen->unixes;
	return 0;
}

int sock_seen_inet(struct fd_dump *dump, int family, int protocol,
		   const struct netdiag_inet_list **ret, struct err *err)
{
	int i = (protocol == IPPROTO_UDP) * 2 + (family == AF_INET6);
	struct sock_seen *seen = NULL;

	int r = sock_seen(dump, &seen, err);
	if (r == 0 && !seen->has_inet[i])
		r = netdiag_inet(family, protocol, dump->model->arena, &seen->inet[i], err);
	if (r < 0)
		return r;
	seen->has_inet[i] = true;
	*ret = &seen->inet[i];
	return 0;
}

struct open_file *sock_file(const struct model *model, uint32_t ino)
{
	for (size_t i = 0; ino && i < model->n_files; i++) {
		struct open_file *file = model->file[i];

		if (file->fd >= 0 && (uint32_t)file->st.st_ino == ino &&
		    S_ISSOCK(file->st.st_mode) && !strncmp(file->link, "socket:[", 8))
			return file;
	}
	return NULL;
}

bool sock_has_error(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR);
}

bool sock_ns_id(const struct open_file *file, uint32_t *ret)
{
	const struct task *task = file->holder;
	const CoreEntry *core = task && task->n_threads ? task->thread[0].core : NULL;

	if (!core || !core->ids || !core->ids->has_net_ns_id)
		return false;
	*ret = core->ids->net_ns_id;
	return true;
}
