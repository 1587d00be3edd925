/* creds.c - who a thread acts as */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "tests/carry/carry.h"

/* The lines of /proc/thread-self/status that tell of credentials. */
struct creds {
	char text[2048];
};

static struct creds creds_now(void)
{
	static const char *const keys[] = {
		"Uid:",    "Gid:",    "Groups:", "CapInh:",    "CapPrm:",
		"CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:"};
	struct creds c = {""};
	char line[512];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *value =
			line_of("/proc/thread-self/status", keys[i], line, sizeof(line));
		check(value);
		size_t at = strlen(c.text);
		snprintf(c.text + at, sizeof(c.text) - at, "%s %s\n", keys[i], value);
	}
	size_t at = strlen(c.text);
	snprintf(c.text + at, sizeof(c.text) - at, "secbits %d\n", prctl(PR_GET_SECUREBITS));
	return c;
}

static bool same(const struct creds *a, const struct creds *b)
{
	if (strcmp(a->text, b->text))
		printf("# before:\n# %s# after:\n# %s", a->text, b->text);
	return !strcmp(a->text, b->text);
}

static void are_the_same_after_being_carried(void)
{
	struct creds before = creds_now();

	carried();
	struct creds after = creds_now();
	check(same(&before, &after));
}

static void set_caps(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		 (uint32_t)(inheritable >> 32)},
	};

	check(!syscall(SYS_capset, &head, data));
}

#define CAP(name) (1ULL << (name))

static void keeps_root(void)
{
	are_the_same_after_being_carried();
	check(!setuid(7) && getuid() == 7);
}

static void keeps_a_plain_user_with_groups(void)
{
	const gid_t groups[] = {5, 3, 1007, 100000};

	check(!setgroups(4, groups) && !setgid(1001) && !setuid(1000));
	are_the_same_after_being_carried();
	check(setuid(0) < 0 && errno == EPERM);
}

static void keeps_real_effective_and_saved_ids(void)
{
	check(!setresgid(11, 12, 13) && !setresuid(0, 22, 23));
	are_the_same_after_being_carried();
	check(!seteuid(0) && geteuid() == 0);
}

static void keeps_ids_of_file_access(void)
{
	setfsgid(44);
	setfsuid(33);
	are_the_same_after_being_carried();
	check(setfsuid((uid_t)-1) == 33 && setfsgid((gid_t)-1) == 44);
}

static void keeps_as_many_groups_as_there_may_be(void)
{
	enum { N = 65536 };
	static gid_t groups[N], after[N];

	for (int i = 0; i < N; i++)
		groups[i] = (gid_t)(70000 + i * 7);
	check(!setgroups(N, groups));
	carried();
	check(getgroups(N, after) == N && !memcmp(after, groups, sizeof(groups)));
}

static void keeps_each_set_of_capabilities(void)
{
	check(!prctl(PR_CAPBSET_DROP, CAP_NET_RAW) && !prctl(PR_CAPBSET_DROP, CAP_MKNOD));
	set_caps(CAP(CAP_KILL) | CAP(CAP_CHOWN) | CAP(CAP_SETPCAP), CAP(CAP_KILL),
		 CAP(CAP_CHOWN));
	are_the_same_after_being_carried();
	check(prctl(PR_CAPBSET_READ, CAP_NET_RAW) == 0);
}

static void keeps_ambient_capabilities_of_a_user(void)
{
	check(!prctl(PR_SET_KEEPCAPS, 1) && !setuid(1000));
	set_caps(CAP(CAP_NET_BIND_SERVICE), CAP(CAP_NET_BIND_SERVICE),
		 CAP(CAP_NET_BIND_SERVICE));
	check(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0));
	are_the_same_after_being_carried();
	check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_BIND_SERVICE, 0, 0) == 1);
}

static void keeps_having_none(void)
{
	check(!setuid(1000));
	set_caps(0, 0, 0);
	are_the_same_after_being_carried();
	check(prctl(PR_CAPBSET_DROP, CAP_KILL) < 0 && errno == EPERM);
}

static void keeps_secure_bits_with_their_locks(void)
{
	check(!prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
						SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP |
						SECBIT_NO_CAP_AMBIENT_RAISE));
	are_the_same_after_being_carried();
	check(prctl(PR_SET_SECUREBITS, 0) < 0 && errno == EPERM);
}

static void keeps_no_new_privileges(void)
{
	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	are_the_same_after_being_carried();
	check(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void keeps_being_dumpable_or_not(void)
{
	check(prctl(PR_GET_DUMPABLE) == 1);
	check(!prctl(PR_SET_DUMPABLE, 0));
	carried();
	check(prctl(PR_GET_DUMPABLE) == 0);
}

static void a_user_that_may_be_dumped(void)
{
	check(!setuid(1000) && !prctl(PR_SET_DUMPABLE, 1));
	carried();
	check(prctl(PR_GET_DUMPABLE) == 1 && getuid() == 1000);
}

/* --- each thread has its own */

static pthread_barrier_t set_up, go_on;
static int wrong;

static void *another_user(void *arg)
{
	const gid_t group = 4711;

	/* the system calls themselves: libc would change every thread */
	check(!syscall(SYS_setgroups, 1, &group));
	check(!syscall(SYS_setresgid, 2000, 2000, 2000));
	check(!syscall(SYS_setresuid, 2000, 2001, 2002));
	struct creds before = creds_now();
	pthread_barrier_wait(&set_up);
	pthread_barrier_wait(&go_on);
	struct creds after = creds_now();
	wrong += !same(&before, &after);
	return arg;
}

static void keeps_credentials_of_each_thread(void)
{
	pthread_t thread;

	pthread_barrier_init(&set_up, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	check(!pthread_create(&thread, NULL, another_user, NULL));
	pthread_barrier_wait(&set_up);
	are_the_same_after_being_carried();
	pthread_barrier_wait(&go_on);
	check(!pthread_join(thread, NULL) && !wrong && getuid() == 0);
}

RUN(TEST(keeps_root), TEST(keeps_a_plain_user_with_groups),
    TEST(keeps_real_effective_and_saved_ids), TEST(keeps_ids_of_file_access),
    TEST(keeps_as_many_groups_as_there_may_be), TEST(keeps_each_set_of_capabilities),
    TEST(keeps_ambient_capabilities_of_a_user), TEST(keeps_having_none),
    TEST(keeps_secure_bits_with_their_locks), TEST(keeps_no_new_privileges),
    TEST(keeps_being_dumpable_or_not), TEST(a_user_that_may_be_dumped),
    TEST(keeps_credentials_of_each_thread))
