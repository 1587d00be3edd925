/* filter_cache.c - compiled filters, kept for the next container with the same profile
 *
 * libseccomp takes some 10 ms for the profile that engines write, longer than all else of a
 * start.  A file holds the whole question (every field of linux.seccomp, and who answered) and
 * the program; only a file with exactly our question is used.  Its name is a hash of the
 * question and needs not be unique.  The directory is root's alone and on a tmpfs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "oci/seccomp.h"
#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/scope.h"
#include "runtime/container/filter.h"

enum {
	FILES_MAX = 100,
	FILE_MAX = 1 << 20,
	NAME_SIZE = 17,
	INSTRUCTION = sizeof(struct sock_filter),
};

struct question {
	char *text;
	size_t len;
};

static void free_question(const struct question *q)
{
	free(q->text);
}

static void ask_names(FILE *out, const struct oci_strings *names)
{
	for (size_t i = 0; i < names->n; i++)
		fprintf(out, " %s", names->item[i]);
}

/* Names of system calls hold no blanks in any profile that means something; one that does
 * makes another question, never the same one for another profile: counts go before lists. */
static void ask_rule(FILE *out, const struct oci_syscall_rule *rule)
{
	fprintf(out, "\nrule %" PRIx32 " %zu %zu", rule->action, rule->names.n, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++)
		fprintf(out, " %u %d %" PRIx64 " %" PRIx64, rule->args[i].arg,
			(int)rule->args[i].op, (uint64_t)rule->args[i].datum_a,
			(uint64_t)rule->args[i].datum_b);
	for (size_t i = 0; i < rule->names.n; i++)
		fprintf(out, " %zu", strlen(rule->names.item[i]));
	ask_names(out, &rule->names);
}

static int ask(const struct oci_seccomp *seccomp, struct question *ret, struct err *err)
{
	const struct scmp_version *lib = seccomp_version();
	FILE *out = open_memstream(&ret->text, &ret->len);

	if (!out)
		return fail(err, -ENOMEM, "out of memory");
	fprintf(out, "ckrun %s libseccomp %u.%u.%u native %" PRIx32 " default %" PRIx32,
		CKRUN_VERSION, lib->major, lib->minor, lib->micro, seccomp_arch_native(),
		seccomp->default_action);
	for (size_t i = 0; i < seccomp->n_archs; i++)
		fprintf(out, " %" PRIx32, seccomp->archs[i]);
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		ask_rule(out, &seccomp->syscalls[i]);
	fprintf(out, "\n");
	/* the NUL that ends it parts it from the program */
	return fclose(out) ? fail(err, -ENOMEM, "out of memory") : 0;
}

/* FNV-1a */
static void name_of(const struct question *q, char name[NAME_SIZE])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < q->len; i++)
		hash = (hash ^ (unsigned char)q->text[i]) * UINT64_C(0x100000001b3);
	snprintf(name, NAME_SIZE, "%016" PRIx64, hash);
}

/* Nobody else may have put a file there. */
static int open_directory(const char *path)
{
	scoped_fd int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 0022)
		return -1;
	return take_fd(&fd);
}

/* 0 and the program, or -1: compile it. */
static int look_up(int dir, const char *name, const struct question *q, void **ret_program,
		   size_t *ret_size)
{
	scoped_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return -1;
	size_t size = (size_t)st.st_size, head = q->len + 1;
	if (size <= head || (size - head) % INSTRUCTION)
		return -1;
	scoped_free char *all = malloc(size);
	scoped_free void *program = malloc(size - head);
	if (!all || !program || pread(fd, all, size, 0) != st.st_size ||
	    memcmp(all, q->text, head) != 0)
		return -1;
	memcpy(program, all + head, size - head);
	*ret_size = size - head;
	*ret_program = take_ptr(program);
	return 0;
}

static bool is_full(int dir)
{
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = again < 0 ? NULL : fdopendir(again);
	int n = 0;

	while (list && readdir(list))
		n++;
	if (list)
		closedir(list);
	return !list || n > FILES_MAX;
}

/* That it cannot be kept is no failure of the container. */
static void keep(int dir, const char *name, const struct question *q, const void *program,
		 size_t size)
{
	size_t head = q->len + 1;
	scoped_free char *all = malloc(head + size);
	struct err unheard;

	if (!all || is_full(dir))
		return;
	memcpy(all, q->text, head);
	memcpy(all + head, program, size);
	file_replace(dir, name, all, head + size, 0600, &unheard);
}

int filter_get(const char *cache, const struct oci_seccomp *seccomp, void **ret_program,
	       size_t *ret_size, struct err *err)
{
	scoped(free_question) struct question q = {0};
	scoped_fd int dir = cache ? open_directory(cache) : -1;
	char name[NAME_SIZE];
	int r = 0;

	if (dir < 0)
		return filter_compile(seccomp, ret_program, ret_size, err);
	r = ask(seccomp, &q, err);
	if (r)
		return r;
	name_of(&q, name);
	if (!look_up(dir, name, &q, ret_program, ret_size))
		return 0;
	r = filter_compile(seccomp, ret_program, ret_size, err);
	if (!r)
		keep(dir, name, &q, *ret_program, *ret_size);
	return r;
}
