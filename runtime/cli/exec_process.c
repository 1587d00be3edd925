#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "oci/names.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/cli/exec_process.h"

static int no_memory(struct err *err)
{
	return fail(err, -ENOMEM, "out of memory");
}

static int read_id(const char *text, const char **ret_end, uint32_t *ret)
{
	char *end;

	errno = 0;
	unsigned long id = strtoul(text, &end, 10);
	if (errno || end == text || *text == '-' || id > UINT32_MAX - 1)
		return -EINVAL;
	*ret = (uint32_t)id;
	*ret_end = end;
	return 0;
}

/* UID[:GID] */
static int set_user(struct oci_user *user, const char *text, struct err *err)
{
	const char *end;

	if (read_id(text, &end, &user->uid) < 0 ||
	    (*end == ':' && read_id(end + 1, &end, &user->gid) < 0) || *end)
		return fail(err, -EINVAL, "--user %s: it is UID or UID:GID, in numbers", text);
	return 0;
}

static int add_gids(struct arena *arena, struct oci_user *user, const struct opt_list *gids,
		    struct err *err)
{
	size_t n = user->n_additional_gids;
	uint32_t *all = arena_alloc(arena, (n + gids->n) * sizeof(*all));
	const char *end;

	if (!all)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		all[i] = user->additional_gids[i];
	for (size_t i = 0; i < gids->n; i++)
		if (read_id(gids->value[i], &end, &all[n + i]) < 0 || *end)
			return fail(err, -EINVAL, "--additional-gids %s: it is not a number",
				    gids->value[i]);
	user->additional_gids = all;
	user->n_additional_gids = n + gids->n;
	return 0;
}

/* Not inheritable, and so not ambient either: as runc. */
static int add_caps(struct oci_capabilities *caps, const struct opt_list *names,
		    struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		uint64_t number;

		if (!oci_name_value(oci_capability_names(), names->value[i], &number))
			return fail(err, -EINVAL, "--cap %s: no such capability",
				    names->value[i]);
		caps->set = true;
		caps->bounding |= 1ULL << number;
		caps->effective |= 1ULL << number;
		caps->permitted |= 1ULL << number;
	}
	return 0;
}

/* The new value of a variable takes the old one's place: getenv(3) finds the first. */
static void set_variable(struct oci_strings *env, const char *text, size_t name_len)
{
	size_t i = 0;

	while (i < env->n && strncmp(env->item[i], text, name_len + 1) != 0)
		i++;
	env->item[i] = (char *)text;
	env->n += i == env->n;
}

static int add_env(struct arena *arena, struct oci_strings *env, const struct opt_list *add,
		   struct err *err)
{
	struct oci_strings all = {arena_alloc(arena, (env->n + add->n + 1) * sizeof(*all.item)),
				  env->n};

	if (!all.item)
		return no_memory(err);
	for (size_t i = 0; i < env->n; i++)
		all.item[i] = env->item[i];
	for (size_t i = 0; i < add->n; i++) {
		const char *equals = strchr(add->value[i], '=');
		if (!equals || equals == add->value[i])
			return fail(err, -EINVAL, "--env %s: it is NAME=value", add->value[i]);
		set_variable(&all, add->value[i], (size_t)(equals - add->value[i]));
	}
	*env = all;
	return 0;
}

static int from_file(struct arena *arena, const char *path, struct oci_process *ret,
		     struct err *err)
{
	scoped_free char *text = NULL;

	if (file_read(AT_FDCWD, path, &text, err) < 0 ||
	    oci_process_parse(arena, text, strlen(text), ret, err) < 0)
		return fail_in(err, "--process");
	if (!ret->args.n)
		return fail(err, -EINVAL, "--process %s: args is empty", path);
	return 0;
}

static int from_options(struct arena *arena, const struct exec_wish *wish,
			struct oci_process *ret, struct err *err)
{
	if (!wish->args.n)
		return fail(err, -EINVAL, "process args cannot be empty");
	ret->args = (struct oci_strings){wish->args.v, wish->args.n};
	ret->terminal = wish->tty;
	ret->no_new_privileges |= wish->no_new_privs;
	if (wish->cwd)
		ret->cwd = (char *)wish->cwd;
	if (wish->label)
		ret->selinux_label = (char *)wish->label;
	if (wish->apparmor)
		ret->apparmor_profile = (char *)wish->apparmor;
	if (wish->user && set_user(&ret->user, wish->user, err) < 0)
		return err->code;
	if (add_gids(arena, &ret->user, &wish->gids, err) < 0 ||
	    add_caps(&ret->capabilities, &wish->caps, err) < 0)
		return err->code;
	return add_env(arena, &ret->env, &wish->env, err);
}

int exec_process(struct arena *arena, const struct oci_config *config,
		 const struct exec_wish *wish, struct oci_process *ret, struct err *err)
{
	struct oci_config whole = *config;
	int r = wish->file ? from_file(arena, wish->file, &whole.process, err)
			   : from_options(arena, wish, &whole.process, err);

	if (r < 0 || oci_config_check(&whole, err) < 0)
		return err->code;
	*ret = whole.process;
	return 0;
}
