/* devices_v1.c - the v1 devices controller
 *
 * devices.deny "a" empties the list and denies by default; devices.allow "a" the reverse.
 * Between them the kernel keeps a list of exceptions from the default.  Taking an exception
 * back works for one of the same device alone (its access letters are taken off it): "deny
 * c 1:3 w" after "allow c *:* rwm" changes nothing, silently.  So that is refused here.
 * The rules of a cgroup can be no wider than its parent's: EPERM.
 *
 * libcgroup holds one value a file, so each rule would be a record of its own; the two files
 * are kept open instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cgroup/devices.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"

static char *star(int64_t number, char *buf, size_t size)
{
	if (number == DEVICE_ALL)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%lld", (long long)number);
	return buf;
}

char *devices_v1_line(const struct device_rule *rule, char *buf, size_t size)
{
	char major[24], minor[24];

	snprintf(buf, size, "%c %s:%s %s%s%s", rule->type, star(rule->major, major, 24),
		 star(rule->minor, minor, 24), rule->access & BPF_DEVCG_ACC_READ ? "r" : "",
		 rule->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
		 rule->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
	return buf;
}

static bool overlap(int64_t a, int64_t b)
{
	return a == DEVICE_ALL || b == DEVICE_ALL || a == b;
}

static bool same_device(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/* Would the kernel pass over the rule in silence, as it cuts into what an earlier one said? */
static bool cuts(const struct device_rule *rule, const struct device_rule *earlier)
{
	return rule->allow != earlier->allow && rule->type == earlier->type &&
	       (rule->access & earlier->access) && !same_device(rule, earlier) &&
	       overlap(rule->major, earlier->major) && overlap(rule->minor, earlier->minor);
}

/* Rules that only repeat the default are what exceptions are cut from: they do not count. */
static int check_cuts(const struct device_rules *rules, size_t first, bool allow_by_default,
		      struct err *err)
{
	char line[64], earlier[64];

	for (size_t i = first; i < rules->n; i++) {
		const struct device_rule *rule = &rules->item[i];

		for (size_t j = first; j < i && rule->allow == allow_by_default; j++) {
			if (!cuts(rule, &rules->item[j]))
				continue;
			return refuse(
				err, "%s \"%s\" cuts into \"%s\": cgroup v1 cannot say that",
				rule->allow ? "allow" : "deny",
				devices_v1_line(rule, line, sizeof(line)),
				devices_v1_line(&rules->item[j], earlier, sizeof(earlier)));
		}
	}
	return 0;
}

static int write_line(int fd, const char *file, const char *line, struct err *err)
{
	if (write(fd, line, strlen(line)) < 0)
		return fail_errno(err, "write \"%s\" to %s", line, file);
	return 0;
}

static int write_rules(int allow, int deny, const struct device_rules *rules, struct err *err)
{
	bool allow_by_default = rules->item[0].allow;
	char line[64];

	int r = write_line(allow_by_default ? allow : deny,
			   allow_by_default ? "devices.allow" : "devices.deny", "a", err);
	for (size_t i = 2; i < rules->n && r >= 0; i++) {
		const struct device_rule *rule = &rules->item[i];

		devices_v1_line(rule, line, sizeof(line));
		r = write_line(rule->allow ? allow : deny,
			       rule->allow ? "devices.allow" : "devices.deny", line, err);
	}
	return r;
}

int devices_v1_write(const struct group *group, const struct device_rules *rules,
		     struct err *err)
{
	scoped_fd int dir = open(group->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	scoped_fd int allow = dir < 0 ? -1 : openat(dir, "devices.allow", O_WRONLY | O_CLOEXEC);
	scoped_fd int deny = dir < 0 ? -1 : openat(dir, "devices.deny", O_WRONLY | O_CLOEXEC);

	if (allow < 0 || deny < 0)
		return fail_errno(err, "open the device lists of cgroup %s", group->dir);
	/* rules 0 and 1 are those for all devices that the list begins with */
	int r = check_cuts(rules, 2, rules->item[0].allow, err);
	if (r >= 0)
		r = write_rules(allow, deny, rules, err);
	return r < 0 ? fail_in(err, "cgroup %s", group->dir) : 0;
}
