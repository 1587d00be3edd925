/* inside.h - do something with another root directory, in a child that shares nothing but files
 *
 * bind(2) and connect(2) of unix(7) remember the path as it was said, so it has to be said in
 * the container's words: with its root directory, and for a relative path in the directory
 * where the program was.
 */
#ifndef CKRUN_SOCK_INSIDE_H
#define CKRUN_SOCK_INSIDE_H

struct err;

typedef int inside_fn(void *arg, struct err *err);

/* inside() - fn(arg) in a child whose root is `root` and which stands in dir (NULL: "/").  What
 * fn changes in memory is not seen here, only its answer is. */
int inside(int root, const char *dir, inside_fn *fn, void *arg, struct err *err);

/* inside_nowhere() - an empty directory tree that nobody else sees; returns the descriptor. */
int inside_nowhere(struct err *err);

#endif
