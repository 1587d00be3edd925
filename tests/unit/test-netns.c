/* test-netns.c - a namespace is set up, saved, and made again in a fresh one
 *
 * The links outside are one veth whose other half stays in the namespace of the sandbox; the
 * "hooks" of the fresh namespace plug another one of the same name.
 */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "netns/netns.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "tests/unit/sandboxed.h"

#define ok(call)                                                     \
	do {                                                         \
		struct err why_ = {}, *why = &why_;                  \
		char text_[1024];                                    \
		if ((call) < 0) {                                    \
			printf("# %s:%d: %s\n", __FILE__, __LINE__,  \
			       err_text(why, text_, sizeof(text_))); \
			exit(CHECK_FAILED);                          \
		}                                                    \
	} while (0)

static struct arena *arena;
static char said[4096];
static int outside;

static int note(void *ctx, const char *sentence, struct err *err)
{
	(void)ctx, (void)err;
	size_t used = strlen(said);

	snprintf(said + used, sizeof(said) - used, "%s\n", sentence);
	return 0;
}

static void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void sh(const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	fflush(stdout);
	if (system(line) != 0) {
		printf("# failed: %s\n", line);
		exit(CHECK_FAILED);
	}
}

/* The command prints something that holds the text. */
static int shows(const char *command, const char *text)
{
	char out[16384];
	FILE *p = popen(command, "re");

	check(p);
	size_t n = fread(out, 1, sizeof(out) - 1, p);
	out[n] = '\0';
	pclose(p);
	if (!strstr(out, text))
		printf("# %s: no \"%s\" in:\n%s", command, text, out);
	return strstr(out, text) != NULL;
}

static void begin(void)
{
	need_sandbox();
	arena = arena_new();
	check(arena);
	outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	check(outside >= 0);
}

static void fresh(void)
{
	check(!unshare(CLONE_NEWNET));
	ok(netns_lo_up(why));
}

static struct netns_state *saved(void)
{
	struct netns_state *state;

	said[0] = '\0';
	ok(netns_save(arena, note, NULL, &state, why));
	return state;
}

/* A veth from the namespace outside into this one, as CNI plugs it. */
static void plug(const char *name)
{
	static int plugged;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	pid_t holder = fork(); /* of this namespace */

	if (!holder)
		for (;;)
			pause();
	check(here >= 0 && holder > 0 && !setns(outside, CLONE_NEWNET));
	sh("ip link add p%d-%d type veth peer name x%d", getpid(), ++plugged, getpid());
	sh("ip link set x%d netns %d name %s", getpid(), holder, name);
	sh("ip link set p%d-%d up", getpid(), plugged);
	check(!setns(here, CLONE_NEWNET));
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	close(here);
}

static void sets_loopback_up(void)
{
	begin();
	check(!unshare(CLONE_NEWNET));
	ok(netns_lo_up(why));
	check(shows("ip link show lo", "UP,LOWER_UP"));
}

static void brings_loopback_back_as_it_was(void)
{
	begin();
	fresh();
	sh("ip addr add 10.9.8.7/32 dev lo label lo:x && ip -6 addr add fd00::5/128 dev lo");
	sh("ip addr del 127.0.0.1/8 dev lo && ip link set lo mtu 9000");
	struct netns_state *state = saved();
	check(!*said);

	fresh();
	ok(netns_restore(state, why));
	check(shows("ip addr show lo", "10.9.8.7/32 scope global lo:x"));
	check(shows("ip addr show lo", "fd00::5/128"));
	check(shows("ip addr show lo", "mtu 9000"));
	check(shows("ip addr show lo | grep -c 127.0.0.1", "0\n"));
}

static void leaves_loopback_down_if_it_was(void)
{
	begin();
	check(!unshare(CLONE_NEWNET));
	struct netns_state *state = saved();

	fresh();
	ok(netns_restore(state, why));
	check(shows("ip link show lo", "state DOWN"));
}

static void adds_addresses_and_routes_to_a_plugged_link(void)
{
	begin();
	fresh();
	plug("eth0");
	sh("ip addr add 10.1.0.2/24 dev eth0 && ip link set eth0 up");
	sh("ip route add default via 10.1.0.1 && ip route add 10.7.0.0/16 via 10.1.0.9");
	sh("ip route add table 100 10.8.0.0/16 via 10.1.0.9 metric 7");
	sh("ip -6 addr add fd01::2/64 dev eth0 nodad && ip -6 route add fd02::/64 via fd01::1");
	sh("ip rule add from 10.1.0.2 lookup 100 pref 1000");
	struct netns_state *state = saved();
	check(!*said);

	fresh();
	plug("more0"); /* so that indexes differ */
	plug("eth0");
	ok(netns_restore(state, why));
	check(shows("ip addr show eth0", "10.1.0.2/24"));
	check(shows("ip addr show eth0", "fd01::2/64"));
	check(shows("ip route", "default via 10.1.0.1 dev eth0"));
	check(shows("ip route", "10.7.0.0/16 via 10.1.0.9 dev eth0"));
	check(shows("ip route show table 100", "10.8.0.0/16 via 10.1.0.9 dev eth0 metric 7"));
	check(shows("ip -6 route", "fd02::/64 via fd01::1 dev eth0"));
	check(shows("ip rule", "from 10.1.0.2 lookup 100"));
}

static void keeps_what_the_hooks_plugged(void)
{
	begin();
	fresh();
	plug("eth0");
	sh("ip addr add 10.1.0.2/24 dev eth0 && ip link set eth0 up");
	sh("ip route add default via 10.1.0.1");
	struct netns_state *state = saved();

	fresh();
	plug("eth0");
	sh("ip addr add 10.1.0.2/24 dev eth0 && ip link set eth0 up");
	sh("ip route add default via 10.1.0.254");
	ok(netns_restore(state, why));
	check(shows("ip route | grep -c default", "1\n"));
	check(shows("ip route", "default via 10.1.0.254"));
}

static void refuses_a_link_that_is_not_plugged(void)
{
	struct err err = {};
	char text[512];

	begin();
	fresh();
	plug("eth0");
	struct netns_state *state = saved();
	fresh();
	check(netns_restore(state, &err) == REFUSED);
	check(!strcmp(err_text(&err, text, sizeof(text)),
		      "link eth0 (veth) of the image is not in the restored network namespace; "
		      "let the bundle's hooks plug it"));
}

static void names_links_that_it_cannot_make(void)
{
	begin();
	fresh();
	if (system("ip link add br0 type bridge 2>/dev/null") != 0)
		skip("no bridges in this kernel");
	sh("ip link add v0 type veth peer name v1");
	saved();
	check(strstr(said, "link br0 (bridge) cannot be carried yet; remove it\n"));
	check(strstr(said, "link v0 (veth) cannot be carried yet; remove it\n"));
	check(strstr(said, "link v1 (veth) cannot be carried yet; remove it\n"));
}

static void names_queueing_disciplines(void)
{
	begin();
	fresh();
	if (system("tc qdisc add dev lo root handle 1: tbf rate 1mbit burst 10k latency 1s "
		   "2>/dev/null") != 0)
		skip("no such queueing discipline in this kernel");
	saved();
	check(strstr(said, "link lo: its queueing discipline (tbf)"));
}

static void names_packet_filters(void)
{
	begin();
	fresh();
	if (system("iptables-nft -A INPUT -s 10.0.0.1 -j DROP 2>/dev/null") != 0)
		skip("no iptables-nft here");
	saved();
	check(strstr(said, "nftables table filter cannot be carried yet"));
}

static void names_the_older_packet_filters_but_not_empty_ones(void)
{
	begin();
	fresh();
	if (system("iptables-legacy -L -n >/dev/null 2>&1") != 0)
		skip("no iptables-legacy here");
	saved();
	check(!*said);
	sh("iptables-legacy -P FORWARD DROP");
	saved();
	check(strstr(said, "iptables table filter has rules"));
}

RUN(TEST(sets_loopback_up), TEST(brings_loopback_back_as_it_was),
    TEST(leaves_loopback_down_if_it_was), TEST(adds_addresses_and_routes_to_a_plugged_link),
    TEST(keeps_what_the_hooks_plugged), TEST(refuses_a_link_that_is_not_plugged),
    TEST(names_links_that_it_cannot_make), TEST(names_queueing_disciplines),
    TEST(names_packet_filters), TEST(names_the_older_packet_filters_but_not_empty_ones))
