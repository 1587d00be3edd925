#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/kernel/fdlist.h"
#include "engine/kernel/kcmp.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"

struct kcmp_node {
	struct kcmp_node *left, *right;
	unsigned int level;
	uint32_t id;
	uint64_t hash;
	struct kcmp_who who;
};

static const char *const names[] = {
	[KIND_FILE] = "files",
	[KIND_VM] = "memory",
	[KIND_FILES] = "descriptor tables",
	[KIND_FS] = "file system contexts",
	[KIND_SIGHAND] = "signal handlers",
	[KIND_IO] = "I/O contexts",
	[KIND_SYSVSEM] = "semaphore undo lists",
};

int kcmp_order(enum kcmp_kind kind, struct kcmp_who a, struct kcmp_who b, int *ret_order,
	       struct err *err)
{
	static const int order[] = {0, -1, 1};
	long r =
		syscall(SYS_kcmp, a.tid, b.tid, kind, (unsigned long)a.fd, (unsigned long)b.fd);

	if (r < 0)
		return fail_errno(err, "compare %s of tasks %d and %d", names[kind], a.tid,
				  b.tid);
	if (r > 2)
		return fail(err, -EPROTO, "%s of tasks %d and %d have no order", names[kind],
			    a.tid, b.tid);
	*ret_order = order[r];
	return 0;
}

int kcmp_watches(struct kcmp_who file, struct kcmp_watch watch, struct err *err)
{
	struct kcmp_epoll_slot slot = {
		.efd = (uint32_t)watch.epoll,
		.tfd = watch.tfd,
		.toff = watch.toff,
	};
	long r = syscall(SYS_kcmp, file.tid, watch.tid, KCMP_EPOLL_TFD, (unsigned long)file.fd,
			 &slot);

	if (r < 0)
		return fail_errno(err, "compare fd %d with watch %u of epoll %d", file.fd,
				  watch.tfd, watch.epoll);
	return r == 0;
}

static struct kcmp_node *skew(struct kcmp_node *node)
{
	struct kcmp_node *left = node->left;

	if (!left || left->level != node->level)
		return node;
	node->left = left->right;
	left->right = node;
	return left;
}

static struct kcmp_node *split(struct kcmp_node *node)
{
	struct kcmp_node *right = node->right;

	if (!right || !right->right || right->right->level != node->level)
		return node;
	node->right = right->left;
	right->left = node;
	right->level++;
	return right;
}

static int compare(struct kcmp_set *set, struct kcmp_who who, uint64_t hash,
		   const struct kcmp_node *node, int *ret_order, struct err *err)
{
	if (hash != node->hash) {
		*ret_order = hash < node->hash ? -1 : 1;
		return 0;
	}
	set->calls++;
	return kcmp_order(set->kind, who, node->who, ret_order, err);
}

/* An AA tree of 2^32 nodes is at most 64 deep. */
enum { DEPTH = 64 };

int kcmp_set_add(struct kcmp_set *set, struct kcmp_who who, uint64_t hash, uint32_t *ret_id,
		 struct err *err)
{
	struct kcmp_node **path[DEPTH], **at = &set->root, *node;
	int depth = 0, order;

	for (; *at; at = order < 0 ? &(*at)->left : &(*at)->right) {
		if (compare(set, who, hash, *at, &order, err) < 0)
			return err->code;
		if (!order) {
			*ret_id = (*at)->id;
			return 0;
		}
		if (depth == DEPTH)
			return fail(err, -EOVERFLOW, "too many %s", names[set->kind]);
		path[depth++] = at;
	}
	node = arena_new_struct(set->arena, struct kcmp_node);
	if (!node)
		return fail(err, -ENOMEM, "no memory to tell %s apart", names[set->kind]);
	*node = (struct kcmp_node){.level = 1, .id = set->n++, .hash = hash, .who = who};
	*at = node;
	while (depth-- > 0)
		*path[depth] = split(skew(*path[depth]));
	*ret_id = node->id;
	return 1;
}

/* the finalizer of splitmix64 */
static uint64_t mix(uint64_t hash, uint64_t part)
{
	hash += part + 0x9e3779b97f4a7c15;
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111eb;
	return hash ^ hash >> 31;
}

uint64_t kcmp_file_hash(const struct fdlist_entry *fd, dev_t dev)
{
	const uint64_t part[] = {
		dev, fd->ino, fd->pos, fd->flags & ~(uint32_t)O_CLOEXEC, fd->mnt_id,
	};
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		hash = mix(hash, part[i]);
	return hash;
}
