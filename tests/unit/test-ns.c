/* test-ns.c - what namespaces hold goes from one container through an image into another */
#include <errno.h>
#include <sys/utsname.h>

#include "engine/model/findings.h"
#include "engine/ns/ns.h"
#include "engine/ns/rooms.h"
#include "runtime/base/arena.h"
#include "tests/unit/housed.h"
#include "tests/unit/imaged.h"

enum { ALL = CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC };

static struct arena *arena;
static struct findings found;
static struct image_dir *image;
static int dir;

static struct ns_scene scene_of(pid_t init, const char *hostname)
{
	if (!arena)
		arena = arena_new();
	found = (struct findings){.arena = arena};
	return (struct ns_scene){
		.arena = arena,
		.init = init,
		.uts_id = 4,
		.net_id = 2,
		.bundle = {.made = ALL, .hostname = hostname},
		.refused = &found,
	};
}

static void write_image(const struct ns_scene *scene)
{
	struct ns_state *state = NULL;

	dir = scratch();
	imaged_ok(ns_look(scene, &state, why));
	for (size_t i = 0; i < found.n; i++)
		printf("# refused: %s\n", found.text[i]);
	check(!found.n);
	image = imaged_begin(dir);
	imaged_ok(ns_dump(image, state, why));
	image = imaged_end(dir, image);
}

static void set_names(void)
{
	check(!sethostname("renamed", 7) && !setdomainname("yard", 4));
}

static void bundle_names(void)
{
	check(!sethostname("bundle", 6));
}

static void other_bundle_names(void)
{
	check(!sethostname("other", 5));
}

static void keeps_a_host_name_that_a_task_set(void)
{
	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, set_names), "bundle");
	write_image(&scene);

	struct ns_scene fresh = scene_of(housed(ALL, bundle_names), "bundle");
	imaged_ok(ns_restore(image, &fresh, why));
	check(housed_shows(fresh.init, "hostname", "renamed\n"));
	check(housed_shows(fresh.init, "cat /proc/sys/kernel/domainname", "yard\n"));
	struct utsname own;
	check(!uname(&own) && strcmp(own.nodename, "renamed") != 0);
}

static void leaves_the_fresh_bundle_its_own_name(void)
{
	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, set_names), "bundle");
	write_image(&scene);

	struct ns_scene fresh = scene_of(housed(ALL, other_bundle_names), "other");
	imaged_ok(ns_restore(image, &fresh, why));
	check(housed_shows(fresh.init, "hostname", "other\n"));
}

static void knows_whose_name_wins(void)
{
	check(!uts_wins(NULL, NULL));
	check(!uts_wins(NULL, "old"));
	check(uts_wins("new", NULL));
	check(uts_wins("new", "old"));
	check(!uts_wins("same", "same"));
}

static void leaves_shared_namespaces_alone(void)
{
	need_sandbox();
	struct ns_scene scene = scene_of(housed(0, NULL), NULL);
	scene.bundle.made = 0;
	write_image(&scene);
	check(!image_has(image, IMAGE_UTSNS, 4));
	check(!image_has(image, IMAGE_NETDEV, 2));
	imaged_ok(ns_restore(image, &scene, why));
}

static void refuses_a_name_where_the_bundle_shares_the_hosts(void)
{
	struct err err = {};
	char text[512];

	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, set_names), NULL);
	write_image(&scene);
	struct ns_scene fresh = scene_of(housed(0, NULL), NULL);
	fresh.bundle.made = 0;
	check(ns_restore(image, &fresh, &err) == REFUSED);
	check(strstr(err_text(&err, text, sizeof(text)), "host name of its own (renamed)"));
}

static void names_namespaces_that_cannot_be_carried(void)
{
	struct ns_state *state = NULL;

	need_sandbox();
	struct ns_scene scene = scene_of(housed(CLONE_NEWUSER | CLONE_NEWUTS, NULL), NULL);
	scene.bundle.made = 0;
	imaged_ok(ns_look(&scene, &state, why));
	check(found.n == 2);
	check(!strcmp(found.text[0], "the container is in a user namespace of its own, which "
				     "cannot be carried yet"));
	check(strstr(found.text[1], "made itself a new uts namespace"));
}

static void address_loopback(void)
{
	check(!system("ip link set lo up && ip addr add 10.20.30.40/32 dev lo"));
}

static void carries_an_address_of_loopback(void)
{
	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, address_loopback), NULL);
	write_image(&scene);

	struct ns_scene fresh = scene_of(housed(ALL, NULL), NULL);
	imaged_ok(ns_restore(image, &fresh, why));
	check(housed_shows(fresh.init, "ip addr show lo", "10.20.30.40/32"));
	check(housed_shows(fresh.init, "ip addr show lo", "UP,LOWER_UP"));
}

static void writes_addresses_as_iproute2_reads_them(void)
{
	char command[256];

	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, address_loopback), NULL);
	write_image(&scene);
	snprintf(command, sizeof(command), "ip addr showdump < %s/ifaddr-2.img", scratch_path);
	check(housed_shows(scene.init, command, "10.20.30.40/32"));
	snprintf(command, sizeof(command), "ip route showdump < %s/route-2.img", scratch_path);
	check(housed_shows(scene.init, command, "local 10.20.30.40 dev lo"));
}

static void believes_no_message_that_is_cut(void)
{
	static const uint8_t cut[] = {0x22, 0x12, 0x36, 0x47, 0xff, 0, 0, 0, 20, 0};
	struct err err = {};
	struct image_writer *w = NULL;

	need_sandbox();
	struct ns_scene scene = scene_of(housed(ALL, NULL), NULL);
	dir = scratch();
	image = imaged_begin(dir);
	imaged_ok(image_writer_open(image, IMAGE_NETDEV, 2, &w, why));
	imaged_ok(image_writer_close(&w, why));
	imaged_ok(image_writer_open(image, IMAGE_IFADDR, 2, &w, why));
	imaged_ok(record_put_raw(w, cut, sizeof(cut), why));
	imaged_ok(image_writer_close(&w, why));
	image = imaged_end(dir, image);
	check(ns_restore(image, &scene, &err) == -EPROTO);
}

RUN(TEST(keeps_a_host_name_that_a_task_set), TEST(leaves_the_fresh_bundle_its_own_name),
    TEST(knows_whose_name_wins), TEST(leaves_shared_namespaces_alone),
    TEST(refuses_a_name_where_the_bundle_shares_the_hosts),
    TEST(names_namespaces_that_cannot_be_carried), TEST(carries_an_address_of_loopback),
    TEST(writes_addresses_as_iproute2_reads_them), TEST(believes_no_message_that_is_cut))
