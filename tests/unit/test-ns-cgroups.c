/* test-ns-cgroups.c - cgroups below a container's: who is in them, what they are limited to */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "engine/image/schema/core.pb-c.h"
#include "engine/model/findings.h"
#include "engine/model/model.h"
#include "engine/ns/cgroups.h"
#include "engine/task/core.h"
#include "tests/unit/cgrouped.h"
#include "tests/unit/imaged.h"

static struct findings found;
static struct image_dir *image;
static int dir;

/* --- a model of some processes, as the survey or the load makes it */

static struct model *model_of(const pid_t *pid, size_t n)
{
	struct model *model = arena_new_struct(memory(), struct model);

	model->arena = memory();
	for (size_t i = 0; i < n; i++) {
		struct task *task = model_add_task(model);

		task->pid = pid[i];
		task->vpid = (pid_t)(10 + i);
		task->thread = arena_alloc(memory(), sizeof(*task->thread));
		task->n_threads = 1;
		task->thread[0].tid = pid[i];
		task->thread[0].core = core_new(memory(), "test");
	}
	return model;
}

/* The same tasks as other processes, with the records of the first ones. */
static struct model *again(const struct model *old, const pid_t *pid)
{
	struct model *model = model_of(pid, old->n_tasks);

	for (size_t i = 0; i < old->n_tasks; i++)
		model->task[i]->thread[0].core = old->task[i]->thread[0].core;
	return model;
}

static CgroupEntry *look(const struct model *model, const struct cgroup_set *set)
{
	CgroupEntry *entry;

	found = (struct findings){.arena = memory()};
	ok(cgroups_look(model, set, &found, &entry, why));
	for (size_t i = 0; i < found.n; i++)
		printf("# %s\n", found.text[i]);
	return entry;
}

static void write_image(const CgroupEntry *entry)
{
	dir = scratch();
	image = imaged_begin(dir);
	ok(cgroups_dump(image, entry, why));
	image = imaged_end(dir, image);
}

/* --- cgroups by path */

static const char *path_of(const struct cgroup_set *set, const char *controller,
			   const char *sub)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", cgroup_set_path(set, controller), sub);
	return path;
}

static void make(const struct cgroup_set *set, const char *controller, const char *sub)
{
	check(!mkdir(path_of(set, controller, sub), 0755));
}

static void set_value(const struct cgroup_set *set, const char *controller, const char *file,
		      const char *value)
{
	ok(file_write(AT_FDCWD, path_of(set, controller, file), value, why));
}

static void enter(const struct cgroup_set *set, const char *controller, const char *file,
		  pid_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", pid);
	set_value(set, controller, file, number);
}

static int holds(const struct cgroup_set *set, const char *controller, const char *file,
		 pid_t pid)
{
	char number[16];
	char *text = NULL;
	struct err err = {};

	snprintf(number, sizeof(number), "%d\n", pid);
	if (file_read(AT_FDCWD, path_of(set, controller, file), &text, &err) < 0)
		return 0;
	return strstr(text, number) != NULL;
}

static void end(const struct cgroup_set *set, const pid_t *pid, size_t n)
{
	for (size_t i = 0; i < n; i++)
		end_task(pid[i]);
	ok(cgroup_set_remove(set, why));
}

/* --- */

static void says_one_set_when_there_are_no_sub_cgroups(void)
{
	need_sandbox();
	struct cgroup_set *set = fresh_set("/ns-plain");
	pid_t pid[] = {task_in(set, NULL), task_in(set, NULL)};
	struct model *model = model_of(pid, 2);
	CgroupEntry *entry = look(model, set), *got;

	check(entry->n_sets == 1 && entry->n_controllers > 0 && !found.n);
	check(model->task[1]->thread[0].core->tc->cg_set == entry->sets[0]->id);
	check(model->task[1]->thread[0].core->thread_core->cg_set == entry->sets[0]->id);
	check(!strcmp(entry->sets[0]->ctls[0]->path, "/ns-plain/"));
	check(entry->sets[0]->ctls[0]->cgns_prefix == strlen("/ns-plain"));
	write_image(entry);
	ok(cgroups_make(image, model, set, &got, why));
	ok(cgroups_enter(got, model, set, why));
	end(set, pid, 2);
}

static void carries_members_limits_and_owners(void)
{
	CgroupEntry *entry;
	struct stat st;

	need_sandbox();
	struct cgroup_set *set = fresh_set("/ns-old");
	if (!cgroup_set_path(set, "pids") || !cgroup_set_path(set, "memory"))
		skip("no controllers pids and memory here");
	pid_t pid[] = {task_in(set, NULL), task_in(set, NULL), task_in(set, NULL)};
	make(set, "pids", "job");
	make(set, "pids", "job/deep");
	make(set, "memory", "small");
	set_value(set, "pids", "job/pids.max", "55");
	set_value(set, "memory", "small/memory.limit_in_bytes", "67108864");
	check(!chown(path_of(set, "pids", "job"), 12, 13));
	check(!chmod(path_of(set, "pids", "job"), 0750));
	check(!chown(path_of(set, "pids", "job/cgroup.procs"), 12, 13));
	enter(set, "pids", "job/deep/cgroup.procs", pid[1]);
	enter(set, "memory", "small/cgroup.procs", pid[2]);
	struct model *model = model_of(pid, 3);
	entry = look(model, set);
	check(entry->n_sets == 3 && !found.n);
	write_image(entry);
	end(set, pid, 3);

	struct cgroup_set *fresh = fresh_set("/other/ns-new");
	pid_t now[] = {task_in(fresh, NULL), task_in(fresh, NULL), task_in(fresh, NULL)};
	model = again(model, now);
	ok(cgroups_make(image, model, fresh, &entry, why));
	check(!stat(path_of(fresh, "pids", "job/deep"), &st));
	ok(cgroups_enter(entry, model, fresh, why));
	check(holds(fresh, "pids", "cgroup.procs", now[0]));
	check(holds(fresh, "pids", "job/deep/cgroup.procs", now[1]));
	check(holds(fresh, "pids", "cgroup.procs", now[2]));
	check(holds(fresh, "memory", "cgroup.procs", now[1]));
	check(holds(fresh, "memory", "small/cgroup.procs", now[2]));
	check(holds(fresh, "pids", "job/pids.max", 55));
	check(holds(fresh, "memory", "small/memory.limit_in_bytes", 67108864));
	check(!stat(path_of(fresh, "pids", "job"), &st));
	check(st.st_uid == 12 && st.st_gid == 13 && (st.st_mode & 0777) == 0750);
	check(!stat(path_of(fresh, "pids", "job/cgroup.procs"), &st) && st.st_uid == 12);
	check(!stat(path_of(fresh, "pids", "job/pids.max"), &st) && st.st_uid == 0);
	end(fresh, now, 3);
}

static void carries_sub_cgroups_of_v2(void)
{
	CgroupEntry *entry;

	need_sandbox();
	become_pure_v2();
	struct cgroup_set *set = fresh_set("/ns-v2");
	pid_t pid[] = {task_in(set, NULL), task_in(set, NULL)};
	make(set, "", "a");
	make(set, "", "a/b");
	make(set, "", "t");
	make(set, "", "t/thread");
	set_value(set, "", "a/cgroup.max.depth", "7");
	enter(set, "", "a/b/cgroup.procs", pid[0]);
	enter(set, "", "a/b/cgroup.procs", pid[1]);
	set_value(set, "", "t/thread/cgroup.type", "threaded");
	struct model *model = model_of(pid, 2);
	entry = look(model, set);
	check(entry->n_sets == 1);
	write_image(entry);
	end(set, pid, 2);

	struct cgroup_set *fresh = fresh_set("/ns-v2-new");
	pid_t now[] = {task_in(fresh, NULL), task_in(fresh, NULL)};
	model = again(model, now);
	ok(cgroups_make(image, model, fresh, &entry, why));
	ok(cgroups_enter(entry, model, fresh, why));
	check(holds(fresh, "", "a/b/cgroup.procs", now[0]));
	check(holds(fresh, "", "a/b/cgroup.procs", now[1]));
	check(holds(fresh, "", "a/cgroup.max.depth", 7));
	char *type = NULL;
	ok(file_read(AT_FDCWD, path_of(fresh, "", "t/thread/cgroup.type"), &type, why));
	check(!strcmp(type, "threaded\n"));
	end(fresh, now, 2);
}

/* --- threads apart */

static pid_t *told; /* shared: the second thread's id */

static void *second(void *arg)
{
	*told = (pid_t)syscall(SYS_gettid);
	while (pause() < 0)
		;
	return arg;
}

static void two_threads(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, second, NULL))
		pthread_join(thread, NULL);
}

static pid_t threads_in(const struct cgroup_set *set, pid_t *ret_tid)
{
	*told = 0;
	pid_t pid = task_in(set, two_threads);
	while (!*(volatile pid_t *)told)
		usleep(1000);
	*ret_tid = *told;
	return pid;
}

static void add_thread(struct task *task, pid_t tid, CoreEntry *core)
{
	struct thread *both = arena_alloc(memory(), 2 * sizeof(*both));

	both[0] = task->thread[0];
	both[1] = (struct thread){.tid = tid, .core = core ? core : core_new(memory(), NULL)};
	task->thread = both;
	task->n_threads = 2;
}

static void keeps_threads_apart(void)
{
	CgroupEntry *entry;
	pid_t tid, now_tid;

	need_sandbox();
	told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cgroup_set *set = fresh_set("/ns-threads");
	if (!cgroup_set_path(set, "cpu"))
		skip("no controller cpu of v1 here");
	pid_t pid = threads_in(set, &tid);
	make(set, "cpu", "one");
	make(set, "cpu", "two");
	enter(set, "cpu", "one/tasks", pid);
	enter(set, "cpu", "two/tasks", tid);
	struct model *model = model_of(&pid, 1);
	add_thread(model->task[0], tid, NULL);
	entry = look(model, set);
	check(entry->n_sets == 2);
	write_image(entry);
	end(set, &pid, 1);

	struct cgroup_set *fresh = fresh_set("/ns-threads-new");
	pid_t now = threads_in(fresh, &now_tid);
	struct model *new = again(model, &now);
	add_thread(new->task[0], now_tid, model->task[0]->thread[1].core);
	ok(cgroups_make(image, new, fresh, &entry, why));
	ok(cgroups_enter(entry, new, fresh, why));
	check(holds(fresh, "cpu", "one/tasks", now) &&
	      !holds(fresh, "cpu", "one/tasks", now_tid));
	check(holds(fresh, "cpu", "two/tasks", now_tid));
	end(fresh, &now, 1);
}

static void names_what_cannot_be_carried(void)
{
	need_sandbox();
	struct cgroup_set *set = fresh_set("/ns-odd");
	pid_t pid[] = {task_in(set, NULL)};

	if (!cgroup_set_path(set, "freezer") || !cgroup_set_path(set, "devices"))
		skip("no freezer and devices of v1 here");
	make(set, "freezer", "cold");
	set_value(set, "freezer", "cold/freezer.state", "FROZEN");
	make(set, "devices", "strict");
	set_value(set, "devices", "strict/devices.deny", "a");
	look(model_of(pid, 1), set);
	check(found.n == 2);
	for (int i = 0; i < 2; i++)
		check(strstr(found.text[i], "cgroup cold below the container's is frozen") ||
		      strstr(found.text[i], "cgroup strict below the container's has device"));
	end(set, pid, 1);
}

static void believes_no_path_of_an_image(void)
{
	CgroupDirEntry child = CGROUP_DIR_ENTRY__INIT, root = CGROUP_DIR_ENTRY__INIT;
	CgroupDirEntry *children = &child, *roots = &root;
	CgControllerEntry controller = CG_CONTROLLER_ENTRY__INIT, *controllers = &controller;
	CgMemberEntry member = CG_MEMBER_ENTRY__INIT, *members = &member;
	CgSetEntry one = CG_SET_ENTRY__INIT, *sets = &one;
	CgroupEntry entry = CGROUP_ENTRY__INIT, *got;
	char name[] = "pids";
	char *names = name;
	struct err err = {};

	need_sandbox();
	struct cgroup_set *set = fresh_set("/ns-hostile");
	pid_t pid[] = {task_in(set, NULL)};
	struct model *model = model_of(pid, 1);
	root.dir_name = (char *)"x";
	root.children = &children;
	root.n_children = 1;
	child.dir_name = (char *)"../escaped";
	controller.cnames = &names;
	controller.n_cnames = 1;
	controller.dirs = &roots;
	controller.n_dirs = 1;
	entry.controllers = &controllers;
	entry.n_controllers = 1;
	write_image(&entry);
	check(cgroups_make(image, model, set, &got, &err) == -EPROTO);
	member.name = name;
	member.path = (char *)"/x/../..";
	member.has_cgns_prefix = true;
	member.cgns_prefix = 2;
	one.id = 1;
	one.ctls = &members;
	one.n_ctls = 1;
	entry.sets = &sets;
	entry.n_sets = 1;
	model->task[0]->thread[0].core->tc->has_cg_set = true;
	model->task[0]->thread[0].core->tc->cg_set = 1;
	err = (struct err){};
	check(cgroups_enter(&entry, model, set, &err) == -EXDEV);
	end(set, pid, 1);
}

RUN(TEST(says_one_set_when_there_are_no_sub_cgroups), TEST(carries_members_limits_and_owners),
    TEST(carries_sub_cgroups_of_v2), TEST(keeps_threads_apart),
    TEST(names_what_cannot_be_carried), TEST(believes_no_path_of_an_image))
