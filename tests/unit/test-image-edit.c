/* test-image-edit.c - what is changed in an image, and what two images differ in */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "engine/image/amend.h"
#include "engine/image/partial.h"
#include "engine/image/schema/ns.pb-c.h"
#include "engine/image/validate.h"
#include "runtime/base/arena.h"
#include "runtime/base/scope.h"
#include "runtime/image/diff.h"
#include "runtime/image/edit.h"
#include "runtime/image/view.h"
#include "tests/unit/fill.h"
#include "tests/unit/image-sample.h"
#include "tests/unit/scratch.h"

static struct err err;

#define RULE(member, text) ((struct edit_request){.member = {(const char *[]){text}, 1}})

/* --- an image with a file of each kind that rules know */

static void reg_put(struct image_writer *w, uint32_t id, const char *path)
{
	FileEntry file = FILE_ENTRY__INIT;
	RegFileEntry reg = REG_FILE_ENTRY__INIT;

	file.type = FD_TYPES__REG;
	file.id = reg.id = id;
	file.reg = &reg;
	reg.fown = (FownEntry *)fill(&fown_entry__descriptor, 0);
	reg.name = (char *)path;
	sample_put(w, &file.base);
}

static void unix_put(struct image_writer *w, uint32_t id, const char *name, size_t len)
{
	FileEntry file = FILE_ENTRY__INIT;
	UnixSkEntry *usk = (UnixSkEntry *)fill(&unix_sk_entry__descriptor, 0);

	file.type = FD_TYPES__UNIXSK;
	file.id = usk->id = id;
	file.usk = usk;
	usk->name = (ProtobufCBinaryData){len, (unsigned char *)name};
	usk->has_path = usk->has_peer_name = 0;
	sample_put(w, &file.base);
}

static void inet_put(struct image_writer *w, uint32_t id, int family, const char *from,
		     size_t n)
{
	FileEntry file = FILE_ENTRY__INIT;
	InetSkEntry *isk = (InetSkEntry *)fill(&inet_sk_entry__descriptor, 0);
	uint32_t address[4] = {0};

	file.type = FD_TYPES__INETSK;
	file.id = isk->id = id;
	file.isk = isk;
	check(inet_pton(family, from, address) == 1);
	isk->family = (uint32_t)family;
	isk->src_addr = address;
	isk->n_src_addr = n;
	isk->n_dst_addr = 0;
	sample_put(w, &file.base);
}

static int made(void)
{
	struct image_dir *dir = NULL;
	struct image_writer *w = NULL;
	UtsnsEntry uts = UTSNS_ENTRY__INIT;
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;
	const struct sample sample = SAMPLE_SOUND;
	int fd = scratch();

	check(image_create(fd, &dir, &err) == 0);
	sample_tree(dir, &sample);
	sample_task(dir, 1, &sample);
	sample_task(dir, 2, &sample);
	check(image_writer_open(dir, IMAGE_FILES, 0, &w, &err) == 0);
	reg_put(w, 3, "/data/a");
	reg_put(w, 4, "/database");
	unix_put(w, 5, "/run/socket", sizeof("/run/socket"));
	unix_put(w, 6, "\0hidden", 7);
	inet_put(w, 7, AF_INET, "10.0.0.1", 1);
	inet_put(w, 8, AF_INET, "10.0.0.1", 4);
	inet_put(w, 9, AF_INET6, "fd00::1", 4);
	check(image_writer_close(&w, &err) == 0);
	uts.nodename = uts.domainname = (char *)"before";
	sample_one(dir, IMAGE_UTSNS, 77, &uts.base);
	inventory.img_version = 2;
	sample_one(dir, IMAGE_INVENTORY, 0, &inventory.base);
	sample_commit(dir);
	return fd;
}

static struct image_view *opened(int dir)
{
	struct image_view *view = NULL;

	if (view_open(dir, &view, &err) < 0) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	return view;
}

static struct image_view *edited(int dir, const struct edit_request *request, size_t want)
{
	struct arena *arena = arena_new();
	struct image_problems found = {};
	size_t n;

	if (image_edit(dir, request, &n, &err) < 0) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	check(n == want);
	check(!scratch_has(dir, IMAGE_PARTIAL));
	check(image_validate(dir, arena, &found, &err) == 0);
	return opened(dir);
}

static const char *path(const struct image_view *view, uint32_t id)
{
	return view_file(view, id)->reg->name;
}

static void a_path_and_what_is_below_it_move(void)
{
	const struct edit_request request = RULE(path, "/data=/new/place");
	struct image_view *view = edited(made(), &request, 1);

	check(strcmp(path(view, 3), "/new/place/a") == 0);
	check(strcmp(path(view, 4), "/database") == 0);
}

static void names_of_sockets_move(void)
{
	const struct edit_request request = {
		.unix_name = {(const char *[]){"/run/socket=/run/other", "@hidden=@x"}, 2}};
	struct image_view *view = edited(made(), &request, 2);
	const ProtobufCBinaryData *name = &view_file(view, 5)->usk->name;

	check(name->len == sizeof("/run/other") &&
	      !memcmp(name->data, "/run/other", name->len));
	name = &view_file(view, 6)->usk->name;
	check(name->len == 2 && !memcmp(name->data, "\0x", 2));
}

static void addresses_move(void)
{
	const struct edit_request request = {
		.address = {(const char *[]){"10.0.0.1=10.0.0.2", "fd00::1=fd00::2"}, 2}};
	struct image_view *view = edited(made(), &request, 3);

	check(view_file(view, 7)->isk->src_addr[0] == htonl(0x0a000002));
	check(view_file(view, 8)->isk->src_addr[0] == htonl(0x0a000002));
	check(view_file(view, 9)->isk->src_addr[3] == htonl(2));
}

static void the_host_gets_another_name(void)
{
	const struct edit_request request = {.hostname = "after"};
	struct image_view *view = edited(made(), &request, 1);
	UtsnsEntry *uts;

	check(image_get_one(view->dir, IMAGE_UTSNS, 77, view->arena, (void **)&uts, &err) == 0);
	check(strcmp(uts->nodename, "after") == 0 && strcmp(uts->domainname, "before") == 0);
}

static void refused(const struct edit_request *request, const char *why)
{
	int dir = made();
	size_t n;

	err = (struct err){};
	check(image_edit(dir, request, &n, &err) < 0);
	if (!strstr(sample_why(&err), why)) {
		printf("# %s\n", sample_why(&err));
		exit(CHECK_FAILED);
	}
	check(!scratch_has(dir, IMAGE_PARTIAL));
	check(strcmp(path(opened(dir), 3), "/data/a") == 0);
}

static void what_fits_nothing_changes_nothing(void)
{
	const struct edit_request path = {
		.path = {(const char *[]){"/data=/new", "/nowhere=/x"}, 2}};
	const struct edit_request name = RULE(unix_name, "@nobody=@x");
	const struct edit_request address = RULE(address, "10.0.0.9=10.0.0.1");

	refused(&path, "--path: files.img has no path /nowhere");
	refused(&name, "--unix: files.img has no unix socket @nobody");
	refused(&address, "--address: files.img has no socket with the address 10.0.0.9");
	refused(&(struct edit_request){}, "nothing to change was given");
}

static void rules_that_are_none_are_named(void)
{
	const struct edit_request rule = RULE(path, "/data"), relative = RULE(path, "/data=x");
	const struct edit_request family = RULE(address, "10.0.0.1=::1");
	const struct edit_request kind = RULE(unix_name, "@hidden=/run/x");
	const struct edit_request empty = {.hostname = ""};

	refused(&rule, "\"/data\" is no OLD=NEW");
	refused(&relative, "paths start with /");
	refused(&family, "\"::1\" is no address of the family of 10.0.0.1");
	refused(&kind, "a name with a file does not become one without");
	refused(&empty, "--hostname: a name has 1 to 64 bytes");
}

static void images_without_a_manifest_are_edited_too(void)
{
	const struct edit_request request = RULE(path, "/data=/new");
	int dir = made();
	size_t n;

	check(unlinkat(dir, "ckrun-manifest.img", 0) == 0);
	check(image_edit(dir, &request, &n, &err) == 0);
	check(!scratch_has(dir, "ckrun-manifest.img"));
	check(strcmp(path(opened(dir), 3), "/new/a") == 0);
}

static void only_one_may_write_to_an_image(void)
{
	const struct edit_request request = RULE(path, "/data=/new");
	struct image_dir *other = NULL;
	int dir = made();
	size_t n;

	check(image_amend(dir, &other, &err) == 0);
	check(image_edit(dir, &request, &n, &err) == -EBUSY);
	image_close(&other);
	check(image_edit(dir, &request, &n, &err) == 0);
}

/* --- differences */

static const char *difference(int a, int b, int *ret_n)
{
	static char text[1 << 14];
	FILE *out = fmemopen(text, sizeof(text), "w");

	memset(text, 0, sizeof(text));
	*ret_n = image_diff(opened(a), opened(b), out, &err);
	check(*ret_n >= 0);
	fclose(out);
	return text;
}

static void the_same_image_does_not_differ(void)
{
	int dir = made(), n;

	check(strcmp(difference(dir, dir, &n), "") == 0 && n == 0);
}

static void tells_what_was_edited(void)
{
	const struct edit_request request = RULE(path, "/data=/new");
	int a = made(), b = made(), n;
	size_t edits;

	check(image_edit(b, &request, &edits, &err) == 0);
	const char *text = difference(a, b, &n);
	check(strstr(text, "task 1 (sample)\n") && strstr(text, "task 2 (sample)\n"));
	check(strstr(text, "  ~ fd 0: file /data/a (r) -> file /new/a (r)\n"));
}

/* One page run of an image: which pages, and what is in them. */
struct pages_of {
	uint64_t vaddr, n;
	int byte;
};

static struct view_space space_of(const struct pages_of *run, size_t n)
{
	static unsigned char bytes[8 * IMAGE_PAGE];
	struct view_space space = {};
	struct image_dir *dir = NULL;
	struct pages_writer *w = NULL;
	InventoryEntry inventory = INVENTORY_ENTRY__INIT;
	int fd = scratch();

	check(image_create(fd, &dir, &err) == 0);
	check(pages_create(dir, IMAGE_PAGEMAP, 1, &w, &err) == 0);
	for (size_t i = 0; i < n; i++) {
		const struct page_run put = {run[i].vaddr, run[i].n, PE_PRESENT, 0};
		const struct iovec iov = {bytes, run[i].n * IMAGE_PAGE};

		memset(bytes, run[i].byte, iov.iov_len);
		check(pages_put(w, &put, &iov, 1, &err) == 0);
	}
	check(pages_close(&w, &err) == 0);
	inventory.img_version = 2;
	sample_one(dir, IMAGE_INVENTORY, 0, &inventory.base);
	sample_commit(dir);
	check(image_open(fd, &dir, &err) == 0);
	check(pages_open(dir, IMAGE_PAGEMAP, 1, &space.pages, &err) == 0);
	return space;
}

static void counts_pages_that_came_went_and_changed(void)
{
	const struct pages_of before[] = {{0x10000, 4, 1}, {0x20000, 2, 2}, {0x30000, 1, 3}};
	const struct pages_of after[] = {{0x11000, 2, 1}, {0x20000, 1, 2}, {0x21000, 3, 9}};
	const struct view_space a = space_of(before, 3), b = space_of(after, 3);
	const struct diff_pages p = diff_pages(&a, &b), back = diff_pages(&b, &a);

	check(p.same == 3 && p.changed == 1 && p.added == 2 && p.gone == 3);
	check(back.same == 3 && back.changed == 1 && back.added == 3 && back.gone == 2);
	check(diff_pages(&a, NULL).gone == 7 && diff_pages(NULL, NULL).gone == 0);
}

RUN(TEST(a_path_and_what_is_below_it_move), TEST(names_of_sockets_move), TEST(addresses_move),
    TEST(the_host_gets_another_name), TEST(what_fits_nothing_changes_nothing),
    TEST(rules_that_are_none_are_named), TEST(images_without_a_manifest_are_edited_too),
    TEST(only_one_may_write_to_an_image), TEST(the_same_image_does_not_differ),
    TEST(tells_what_was_edited), TEST(counts_pages_that_came_went_and_changed))
