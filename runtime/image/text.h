/* text.h - bytes as text, in the two forms that crit has
 *
 * Base64 in lines of 76 (RFC 2045), a newline behind each; reading passes over white space.
 * Quoted-printable for the names of unix sockets: what is printable stands as it is.
 */
#ifndef CKRUN_RUNTIME_IMAGE_TEXT_H
#define CKRUN_RUNTIME_IMAGE_TEXT_H

#include <stddef.h>

struct arena;
struct err;

/* The caller frees; NULL: out of memory. */
char *base64_text(const void *data, size_t len);
char *quoted_text(const void *data, size_t len);

/* Into the arena. */
int base64_bytes(const char *text, struct arena *arena, unsigned char **ret, size_t *ret_len,
		 struct err *err);
int quoted_bytes(const char *text, struct arena *arena, unsigned char **ret, size_t *ret_len,
		 struct err *err);

#endif
