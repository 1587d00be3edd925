/* rooms.h - the rooms of this folder */
#ifndef CKRUN_NS_ROOMS_H
#define CKRUN_NS_ROOMS_H

#include <stdbool.h>

#include "engine/image/schema/ns.pb-c.h"
#include "engine/ns/ns.h"

struct netns_state;

struct ns_state {
	struct ns_scene scene;
	UtsnsEntry *uts;         /* NULL: not the container's */
	struct netns_state *net; /* likewise */
};

int uts_look(const struct ns_scene *scene, UtsnsEntry **ret, struct err *err);
int uts_dump(struct image_dir *image, const struct ns_state *state, struct err *err);
int uts_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err);

/* uts_wins() - pure: does the fresh bundle's name (NULL: none) win over the image's, given what
 * the old bundle had set? */
bool uts_wins(const char *fresh, const char *old);

int net_look(const struct ns_scene *scene, struct netns_state **ret, struct err *err);
int net_dump(struct image_dir *image, const struct ns_state *state, struct err *err);
int net_restore(const struct image_dir *image, const struct ns_scene *scene, struct err *err);

#endif
