/* ns.h - what the container's namespaces hold besides tasks, mounts and IPC objects
 *
 *	uts     host and domain name (utsns-ID.img)
 *	net     links, addresses, routes (netdev-, ifaddr-, route-, route6-, rule-ID.img)
 *	user    refused unless it is ours
 *	time    refused unless it is ours
 *
 * Only namespaces that were made for the container are carried; what it shares with the host
 * or joined by path belongs to others and is left alone.  A namespace that a task made for
 * itself is refused.
 */
#ifndef CKRUN_NS_NS_H
#define CKRUN_NS_NS_H

#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;
struct findings;
struct image_dir;
struct ns_state;

/* What the bundle says of namespaces. */
struct ns_bundle {
	unsigned long made;                /* CLONE_NEW*: new ones for this container */
	unsigned long joined;              /* CLONE_NEW*: given by path */
	const char *hostname, *domainname; /* NULL: none set */
};

struct ns_scene {
	struct arena *arena;
	pid_t init;               /* of the container, in our pid namespace */
	uint32_t uts_id, net_id;  /* uts_ns_id, net_ns_id of ids-PID */
	struct ns_bundle bundle;  /* of the checkpointed container, or of the fresh one */
	struct findings *refused; /* ns_look() alone */
};

/* ns_look() - while tasks stand still. */
int ns_look(const struct ns_scene *scene, struct ns_state **ret, struct err *err);

int ns_dump(struct image_dir *image, const struct ns_state *state, struct err *err);

/* ns_restore() - the fresh container's namespaces stand and its hooks ran; before sockets are
 * made.  A name that a task had set is set again, unless the fresh bundle sets another name
 * than the old one did.
 * REFUSED: a link of the image is not there, or the bundle makes no network namespace where the
 * container had its own. */
int ns_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err);

#endif
