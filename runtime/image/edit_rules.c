/* edit_rules.c - edit.h: what each kind of rule does to an open file */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/image/edit_parts.h"

int edit_rule(const char *text, struct arena *arena, struct edit_rule *ret, struct err *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		return fail(err, -EINVAL, "\"%s\" is no OLD=NEW", text);
	ret->old_len = (size_t)(equals - text);
	ret->old = arena_copy(arena, text, ret->old_len + 1);
	ret->new = equals + 1;
	if (!ret->old)
		return fail(err, -ENOMEM, "out of memory");
	((char *)ret->old)[ret->old_len] = '\0';
	return 0;
}

/* --- paths */

int edit_path_check(const struct edit_rule *rule, struct err *err)
{
	if (rule->old[0] != '/' || rule->new[0] != '/')
		return fail(err, -EINVAL, "paths start with /");
	return 0;
}

/* The path is OLD or below it. */
static bool is_below(const struct edit_rule *rule, const char *path)
{
	return strncmp(path, rule->old, rule->old_len) == 0 &&
	       (!path[rule->old_len] || path[rule->old_len] == '/');
}

static bool path_change(struct edit *edit, const struct edit_rule *rule, char **path)
{
	char *changed;

	if (!*path || !is_below(rule, *path))
		return false;
	changed = arena_printf(edit->arena, "%s%s", rule->new, *path + rule->old_len);
	if (!changed)
		edit->no_memory = true;
	else
		*path = changed;
	return true;
}

bool edit_path(struct edit *edit, const struct edit_rule *rule, FileEntry *file)
{
	bool fits = false;

	if (file->reg)
		fits |= path_change(edit, rule, &file->reg->name);
	for (size_t i = 0; file->ify && i < file->ify->n_wd; i++)
		if (file->ify->wd[i]->f_handle)
			fits |= path_change(edit, rule, &file->ify->wd[i]->f_handle->path);
	return fits;
}

/* --- names of unix sockets: bytes of sun_path, with their NUL if they are a path */

int edit_unix_check(const struct edit_rule *rule, struct err *err)
{
	if (strlen(rule->new) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return fail(err, -ENAMETOOLONG, "\"%s\" is no name of a unix socket",
			    rule->new);
	if ((rule->old[0] == '@') != (rule->new[0] == '@'))
		return fail(err, -EINVAL,
			    "a name with a file does not become one without, nor the reverse");
	return 0;
}

static bool is_name(const ProtobufCBinaryData *name, const char *text)
{
	size_t len = strlen(text);

	if (text[0] == '@')
		return name->len == len && !name->data[0] &&
		       memcmp(name->data + 1, text + 1, len - 1) == 0;
	return name->len >= len && strnlen((char *)name->data, name->len) == len &&
	       memcmp(name->data, text, len) == 0;
}

static bool name_change(struct edit *edit, const struct edit_rule *rule,
			ProtobufCBinaryData *name)
{
	const size_t len = strlen(rule->new);
	unsigned char *changed;

	if (!name->len || !is_name(name, rule->old))
		return false;
	changed = arena_copy(edit->arena, rule->new, len + 1);
	if (!changed) {
		edit->no_memory = true;
		return true;
	}
	/* Kernels count the NUL of a path; what is behind it in an image was there before. */
	name->len = rule->new[0] == '@' ? len : len + (name->len > rule->old_len);
	if (rule->new[0] == '@')
		changed[0] = '\0';
	name->data = changed;
	return true;
}

bool edit_unix(struct edit *edit, const struct edit_rule *rule, FileEntry *file)
{
	UnixSkEntry *usk = file->usk;
	bool fits = false;

	if (!usk)
		return false;
	fits |= name_change(edit, rule, &usk->name);
	if (usk->has_peer_name)
		fits |= name_change(edit, rule, &usk->peer_name);
	if (usk->has_path)
		fits |= name_change(edit, rule, &usk->path);
	return fits;
}

/* --- addresses: words in network order */

static int family_of(const char *text, unsigned char *address)
{
	if (inet_pton(AF_INET, text, address) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, address) == 1 ? AF_INET6 : 0;
}

int edit_address_check(const struct edit_rule *rule, struct err *err)
{
	unsigned char old[16], new[16];
	const int family = family_of(rule->old, old);

	if (!family)
		return fail(err, -EINVAL, "\"%s\" is no address", rule->old);
	if (family_of(rule->new, new) != family)
		return fail(err, -EINVAL, "\"%s\" is no address of the family of %s", rule->new,
			    rule->old);
	return 0;
}

static bool address_change(const struct edit_rule *rule, uint32_t *word, size_t n)
{
	unsigned char old[16] = {0}, new[16] = {0};
	const size_t words = family_of(rule->old, old) == AF_INET ? 1 : 4;

	/* CRIU writes four words for IPv4 too, the last three of them zero. */
	if (n < words || memcmp(word, old, words * sizeof(*word)) != 0)
		return false;
	family_of(rule->new, new);
	memcpy(word, new, words * sizeof(*word));
	return true;
}

bool edit_address(struct edit *edit, const struct edit_rule *rule, FileEntry *file)
{
	InetSkEntry *isk = file->isk;
	bool fits = false;

	(void)edit;
	if (!isk || (isk->family == AF_INET) != !strchr(rule->old, ':'))
		return false;
	fits |= address_change(rule, isk->src_addr, isk->n_src_addr);
	fits |= address_change(rule, isk->dst_addr, isk->n_dst_addr);
	return fits;
}
