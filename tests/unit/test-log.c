/* test-log.c - lines that are in the file whatever becomes of the writer */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runtime/base/err.h"
#include "runtime/base/file.h"
#include "runtime/base/log.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static int directory(void)
{
	static char path[] = "/tmp/test-log.XXXXXX";

	check(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(fd >= 0);
	return fd;
}

static char *text_of(int dir)
{
	struct err err = {};
	char *text = NULL;

	check(file_read(dir, "log", &text, &err) == 0);
	return text;
}

static void keeps_lines_up_to_its_level(void)
{
	int dir = directory();
	struct log *log = log_open(dir, "log", LOG_INFO);

	check(log);
	log_info(log, "seize", "%d tasks stand still", 4);
	log_debug(log, "seize", "not this");
	log_line(log, LOG_ERROR, "survey", "no");
	log_close(&log);
	char *text = text_of(dir);
	check(strstr(text, ") info  seize: 4 tasks stand still\n"));
	check(strstr(text, ") error survey: no\n") && !strstr(text, "not this"));
	check(strlen(text) < 200);
}

static void holds_what_was_said_before_a_kill(void)
{
	int dir = directory(), status;
	pid_t pid = fork();

	if (pid == 0) {
		struct log *log = log_open(dir, "log", LOG_DEBUG);

		log_info(log, "freeze", "the last words");
		raise(SIGKILL);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	check(strstr(text_of(dir), "freeze: the last words\n"));
}

static void grows_and_cuts_what_is_too_long(void)
{
	int dir = directory();
	struct log *log = log_open(dir, "log", LOG_DEBUG);
	static char big[10000];
	struct stat st;

	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 300; i++)
		log_debug(log, "area", "%s", big);
	log_close(&log);
	check(fstatat(dir, "log", &st, 0) == 0 && st.st_size > 1000000 && st.st_size < 1300000);
}

static void nothing_happens_without_a_log(void)
{
	log_info(NULL, "area", "dropped");
	check(!log_open(-1, "log", LOG_INFO));
}

RUN(TEST(keeps_lines_up_to_its_level), TEST(holds_what_was_said_before_a_kill),
    TEST(grows_and_cuts_what_is_too_long), TEST(nothing_happens_without_a_log))
