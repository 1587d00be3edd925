/* partial.h - .ckrun-partial: where an image grows until it is whole
 *
 * Whoever writes there holds a flock(2) on it, which the kernel drops when the writer dies:
 * an unlocked one was left behind and is taken over empty.
 */
#ifndef CKRUN_IMAGE_PARTIAL_H
#define CKRUN_IMAGE_PARTIAL_H

struct err;
struct image_dir;

/* partial_open() - make it, lock it, empty it. */
int partial_open(int target, int *ret_fd, struct err *err);

/* partial_publish() - move every file up: an older image of the directory goes first, and
 * its inventory.img before anything else; ours comes last. */
int partial_publish(const struct image_dir *dir, struct err *err);

/* partial_remove() - with all in it; what cannot be removed stays. */
void partial_remove(int target, int fd);

#endif
