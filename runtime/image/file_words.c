/* file_words.c - words.h: open files, a row per type */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/arena.h"
#include "runtime/image/words.h"

static const char *reg_text(const struct image_view *view, const FileEntry *file)
{
	return plain_text(view->arena, file->reg ? file->reg->name : NULL);
}

static const char *pipe_text(const struct image_view *view, const FileEntry *file)
{
	return file->pipe ? arena_printf(view->arena, "pipe:[%u]", file->pipe->pipe_id) : "";
}

static const char *fifo_text(const struct image_view *view, const FileEntry *file)
{
	const FileEntry *path = file->fifo && file->fifo->has_regf_id
					? view_file(view, file->fifo->regf_id)
					: NULL;

	return path ? reg_text(view, path) : "";
}

static const char *tcp_state(uint32_t state)
{
	static const char *const name[] = {
		"",           "established", "syn-sent",    "syn-received", "fin-wait-1",
		"fin-wait-2", "time-wait",   "closed",      "close-wait",   "last-ack",
		"listening",  "closing",     "syn-received"};

	return state < sizeof(name) / sizeof(name[0]) ? name[state] : "?";
}

static const char *address_text(struct arena *arena, const uint32_t *word, size_t n,
				uint32_t port)
{
	unsigned char address[16] = {0};
	char text[INET6_ADDRSTRLEN];

	if (n > 4)
		n = 4;
	if (n)
		memcpy(address, word, n * sizeof(*word));
	if (!inet_ntop(n == 4 ? AF_INET6 : AF_INET, address, text, sizeof(text)))
		return NULL;
	return arena_printf(arena, n == 4 ? "[%s]:%u" : "%s:%u", text, port);
}

static const char *inet_text(const struct image_view *view, const FileEntry *file)
{
	const InetSkEntry *isk = file->isk;

	if (!isk)
		return "";
	const char *from =
		address_text(view->arena, isk->src_addr, isk->n_src_addr, isk->src_port);
	const char *to =
		address_text(view->arena, isk->dst_addr, isk->n_dst_addr, isk->dst_port);
	if (!from || !to)
		return NULL;
	if (!isk->dst_port)
		return arena_printf(view->arena, "%s %s", from, tcp_state(isk->state));
	return arena_printf(view->arena, "%s -> %s %s", from, to, tcp_state(isk->state));
}

/* A name that begins with NUL is not in the file system; ss(8) writes it with an @. */
static const char *unix_name(struct arena *arena, const ProtobufCBinaryData *name)
{
	const char *text;

	if (!name->len)
		return "unnamed";
	if (name->data[0])
		return plain_bytes(arena, name->data, strnlen((char *)name->data, name->len));
	text = plain_bytes(arena, name->data + 1, name->len - 1);
	return text ? arena_printf(arena, "@%s", text) : NULL;
}

static const char *unix_text(const struct image_view *view, const FileEntry *file)
{
	static const char *const type[] = {"?", "stream", "datagram", "?", "?", "seqpacket"};
	const UnixSkEntry *usk = file->usk;

	if (!usk)
		return "";
	const char *name = unix_name(view->arena, &usk->name);
	const char *peer = usk->peer ? arena_printf(view->arena, " peer %u", usk->peer) : "";
	if (!name || !peer)
		return NULL;
	return arena_printf(view->arena, "%s %s ino %u%s %s",
			    type[usk->type < 6 ? usk->type : 0], name, usk->ino, peer,
			    tcp_state(usk->state));
}

static const char *event_text(const struct image_view *view, const FileEntry *file)
{
	return file->efd ? arena_printf(view->arena, "count %llu",
					(unsigned long long)file->efd->counter)
			 : "";
}

static const char *epoll_text(const struct image_view *view, const FileEntry *file)
{
	return file->epfd ? arena_printf(view->arena, "%zu watched", file->epfd->n_tfd) : "";
}

static const char *inotify_text(const struct image_view *view, const FileEntry *file)
{
	return file->ify ? arena_printf(view->arena, "%zu watched", file->ify->n_wd) : "";
}

static const char *signal_text(const struct image_view *view, const FileEntry *file)
{
	return file->sgfd ? arena_printf(view->arena, "mask %016llx",
					 (unsigned long long)file->sgfd->sigmask)
			  : "";
}

static const char *timer_text(const struct image_view *view, const FileEntry *file)
{
	const TimerfdEntry *tfd = file->tfd;

	if (!tfd)
		return "";
	return arena_printf(view->arena, "clock %u, in %llu.%09llu s", tfd->clockid,
			    (unsigned long long)tfd->vsec, (unsigned long long)tfd->vnsec);
}

static const char *tty_text(const struct image_view *view, const FileEntry *file)
{
	const FileEntry *path = file->tty && file->tty->has_regf_id
					? view_file(view, file->tty->regf_id)
					: NULL;

	if (path)
		return reg_text(view, path);
	return file->tty ? arena_printf(view->arena, "terminal %u", file->tty->tty_info_id)
			 : "";
}

static const char *netlink_text(const struct image_view *view, const FileEntry *file)
{
	return file->nlsk ? arena_printf(view->arena, "protocol %u, port %u",
					 file->nlsk->protocol, file->nlsk->portid)
			  : "";
}

static const char *packet_text(const struct image_view *view, const FileEntry *file)
{
	return file->psk
		       ? arena_printf(view->arena, "protocol 0x%04x, link %u",
				      ntohs((uint16_t)file->psk->protocol), file->psk->ifindex)
		       : "";
}

static const char *memfd_text(const struct image_view *view, const FileEntry *file)
{
	const MemfdInodeEntry *inode =
		file->memfd ? view_memfd(view, file->memfd->inode_id) : NULL;

	return inode ? plain_text(view->arena, inode->name) : "";
}

static const char *pidfd_text(const struct image_view *view, const FileEntry *file)
{
	if (!file->pidfd)
		return "";
	if (file->pidfd->nspid == -1)
		return "of a task that is gone";
	return arena_printf(view->arena, "of task %d", file->pidfd->nspid);
}

static const char *ns_text(const struct image_view *view, const FileEntry *file)
{
	return file->nsf ? arena_printf(view->arena, "namespace %u", file->nsf->ns_id) : "";
}

static const char *tun_text(const struct image_view *view, const FileEntry *file)
{
	return plain_text(view->arena, file->tunf ? file->tunf->netdev : NULL);
}

static const char *nothing(const struct image_view *view, const FileEntry *file)
{
	(void)view, (void)file;
	return "";
}

static const struct {
	FdTypes type;
	const char *kind;
	const char *(*text)(const struct image_view *view, const FileEntry *file);
} kinds[] = {
	{FD_TYPES__REG, "file", reg_text},
	{FD_TYPES__PIPE, "pipe", pipe_text},
	{FD_TYPES__FIFO, "fifo", fifo_text},
	{FD_TYPES__INETSK, "inet", inet_text},
	{FD_TYPES__UNIXSK, "unix", unix_text},
	{FD_TYPES__EVENTFD, "eventfd", event_text},
	{FD_TYPES__EVENTPOLL, "epoll", epoll_text},
	{FD_TYPES__INOTIFY, "inotify", inotify_text},
	{FD_TYPES__SIGNALFD, "signalfd", signal_text},
	{FD_TYPES__PACKETSK, "packet", packet_text},
	{FD_TYPES__TTY, "tty", tty_text},
	{FD_TYPES__FANOTIFY, "fanotify", nothing},
	{FD_TYPES__NETLINKSK, "netlink", netlink_text},
	{FD_TYPES__NS, "namespace", ns_text},
	{FD_TYPES__TUNF, "tun", tun_text},
	{FD_TYPES__EXT, "external", nothing},
	{FD_TYPES__TIMERFD, "timerfd", timer_text},
	{FD_TYPES__MEMFD, "memfd", memfd_text},
	{FD_TYPES__BPFMAP, "bpf map", nothing},
	{FD_TYPES__PIDFD, "pidfd", pidfd_text},
	{FD_TYPES__CTL_TTY, "tty", nothing},
	{FD_TYPES__AUTOFS_PIPE, "pipe", nothing},
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* What inet sockets speak: people look for "tcp". */
static const char *protocol(const FileEntry *file)
{
	switch (file->isk ? file->isk->proto : 0) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "inet";
	}
}

const char *file_kind(const FileEntry *file)
{
	if (file->type == FD_TYPES__INETSK)
		return protocol(file);
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].type == file->type)
			return kinds[i].kind;
	return "?";
}

const char *file_text(const struct image_view *view, const FileEntry *file)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].type == file->type)
			return kinds[i].text(view, file);
	return "";
}
