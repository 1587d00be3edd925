/* uts.c - names that a task gives the container */
#include <string.h>
#include <sys/utsname.h>

#include "tests/carry/carry.h"

static void keeps_the_names_that_a_task_set(void)
{
	struct utsname name;

	check(!sethostname("renamed", 7) && !setdomainname("yard.example", 12));
	carried();
	check(!uname(&name));
	check(!strcmp(name.nodename, "renamed") && !strcmp(name.domainname, "yard.example"));
}

static void keeps_the_name_of_the_bundle(void)
{
	struct utsname before, after;

	check(!uname(&before));
	carried();
	check(!uname(&after));
	check(!strcmp(before.nodename, after.nodename));
}

RUN(TEST(keeps_the_names_that_a_task_set), TEST(keeps_the_name_of_the_bundle))
