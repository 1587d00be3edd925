/* limits.c - limits, umask, and what others read of the process in /proc */
#include <stdbool.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/carry/carry.h"

static void keeps_limits(void)
{
	struct rlimit before[RLIM_NLIMITS], now;
	const struct rlimit set[] = {
		[RLIMIT_NOFILE] = {100, 200},
		[RLIMIT_CORE] = {0, 4096},
		[RLIMIT_NPROC] = {500, 600},
		[RLIMIT_STACK] = {1 << 20, RLIM_INFINITY},
	};

	check(!setrlimit(RLIMIT_NOFILE, &set[RLIMIT_NOFILE]));
	check(!setrlimit(RLIMIT_CORE, &set[RLIMIT_CORE]));
	check(!setrlimit(RLIMIT_NPROC, &set[RLIMIT_NPROC]));
	check(!setrlimit(RLIMIT_STACK, &set[RLIMIT_STACK]));
	for (int i = 0; i < RLIM_NLIMITS; i++)
		check(!getrlimit(i, &before[i]));
	carried();
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		check(!getrlimit(i, &now));
		if (now.rlim_cur != before[i].rlim_cur || now.rlim_max != before[i].rlim_max)
			printf("# limit %d: %lu %lu, was %lu %lu\n", i, now.rlim_cur,
			       now.rlim_max, before[i].rlim_cur, before[i].rlim_max);
		check(now.rlim_cur == before[i].rlim_cur && now.rlim_max == before[i].rlim_max);
	}
}

/* Everything that a restore does for it must fit the limits, or be done before they are set. */
static void keeps_limits_that_are_tight(void)
{
	const struct rlimit files = {7, 7}, none = {0, 0}, space = {64 << 20, 64 << 20};
	struct rlimit now;
	int fd = dup(1);

	check(dup2(fd, 90) == 90);
	check(!setrlimit(RLIMIT_NOFILE, &files) && !setrlimit(RLIMIT_NPROC, &none));
	check(!setrlimit(RLIMIT_FSIZE, &none) && !setrlimit(RLIMIT_AS, &space));
	check(!setrlimit(RLIMIT_MEMLOCK, &none) && !setrlimit(RLIMIT_DATA, &space));
	check(!setrlimit(RLIMIT_SIGPENDING, &none));
	carried();
	check(!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur == 7 && now.rlim_max == 7);
	check(fcntl(90, F_GETFD) == 0);
	check(!getrlimit(RLIMIT_AS, &now) && now.rlim_cur == 64 << 20);
	check(dup(1) >= 0 && fcntl(1, F_DUPFD, 7) < 0);
}

static void keeps_umask(void)
{
	struct stat st;

	umask(0137);
	carried();
	int fd = open("made", O_CREAT | O_RDWR, 0777);
	check(fd >= 0 && !fstat(fd, &st) && (st.st_mode & 0777) == 0640);
	check(umask(0) == 0137);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	check(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void keeps_the_score_for_the_killer_of_memory_hogs(void)
{
	char line[64];

	write_text("/proc/self/oom_score_adj", "345");
	carried();
	check(!strcmp(line_of("/proc/self/oom_score_adj", "", line, sizeof(line)), "345"));
}

static void keeps_personality(void)
{
	check(personality(ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT) >= 0);
	carried();
	check(personality(0xffffffff) == (ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT));
}

static void keeps_the_working_directory(void)
{
	char path[256];

	check(!mkdir("inner", 0755) && !chdir("inner"));
	carried();
	check(getcwd(path, sizeof(path)) && !strcmp(path, "/out/inner"));
	check(mkdir("further", 0755) == 0 && !access("/out/inner/further", F_OK));
}

static void a_task_in_a_root_of_its_own(void)
{
	char path[256];

	check(!mkdir("/tmp/root", 0755) && !mkdir("/tmp/root/here", 0755));
	check(!chroot("/tmp/root") && !chdir("/here"));
	other_carried();
	check(getcwd(path, sizeof(path)) && !strcmp(path, "/here"));
	check(!access("/here", F_OK) && access("/tmp", F_OK) < 0);
}

static void keeps_a_root_of_its_own(void)
{
	struct other child = other_start(a_task_in_a_root_of_its_own);

	carried();
	check(!access("/tmp/root", F_OK));
	other_ends_well(&child);
}

static void keeps_its_name(void)
{
	char name[16], line[64];

	check(!prctl(PR_SET_NAME, "odd (name) \n"));
	carried();
	check(!prctl(PR_GET_NAME, name) && !strcmp(name, "odd (name) \n"));
	check(!strncmp(line_of("/proc/self/comm", "", line, sizeof(line)), "odd (name) ", 11));
}

static void keeps_its_executable(void)
{
	char path[256] = "";

	carried();
	check(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	check(!strcmp(path, "/subject"));
	check(!access("/proc/self/exe", X_OK));
}

static size_t read_all(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, size);

	check(fd >= 0 && n >= 0);
	close(fd);
	return (size_t)n;
}

static void shows_its_arguments_environment_and_auxiliary_vector(void)
{
	static const char *const path[] = {"/proc/self/cmdline", "/proc/self/environ",
					   "/proc/self/auxv"};
	static char before[3][8192], after[8192];
	size_t n[3];

	for (int i = 0; i < 3; i++)
		n[i] = read_all(path[i], before[i], sizeof(before[i]));
	carried();
	for (int i = 0; i < 3; i++) {
		check(read_all(path[i], after, sizeof(after)) == n[i]);
		check(!memcmp(after, before[i], n[i]));
	}
	check(!strcmp(before[0], "/subject") && getenv("PATH"));
}

static void shows_the_same_marks_of_memory(void)
{
	static const char *const keys[] = {"VmData:", "VmStk:", "VmExe:", "VmLck:"};
	char before[4][64], line[128];

	for (int i = 0; i < 4; i++)
		snprintf(before[i], sizeof(before[i]), "%s",
			 line_of("/proc/self/status", keys[i], line, sizeof(line)));
	carried();
	for (int i = 0; i < 4; i++) {
		const char *now = line_of("/proc/self/status", keys[i], line, sizeof(line));

		if (strcmp(now, before[i]))
			printf("# %s %s, was %s\n", keys[i], now, before[i]);
		check(!strcmp(now, before[i]));
	}
}

static void keeps_what_a_core_dump_would_hold(void)
{
	char line[64];

	write_text("/proc/self/coredump_filter", "0x7");
	carried();
	check(!strcmp(line_of("/proc/self/coredump_filter", "", line, sizeof(line)),
		      "00000007"));
}

static void keeps_huge_pages_off(void)
{
	check(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	carried();
	check(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
}

RUN(TEST(keeps_limits), TEST(keeps_limits_that_are_tight), TEST(keeps_umask),
    TEST(keeps_the_score_for_the_killer_of_memory_hogs), TEST(keeps_personality),
    TEST(keeps_the_working_directory), TEST(keeps_a_root_of_its_own), TEST(keeps_its_name),
    TEST(keeps_its_executable), TEST(shows_its_arguments_environment_and_auxiliary_vector),
    TEST(shows_the_same_marks_of_memory), TEST(keeps_what_a_core_dump_would_hold),
    TEST(keeps_huge_pages_off))
