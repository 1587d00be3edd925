/* test-plan.c - trees, and the steps that make them
 *
 * A tree is written as a line per task: "pid parent group session", then words: "z" a zombie, "r" a
 * subreaper, "t2" threads, "v1" "f1" "s1" "h1" shares memory, descriptors, places, handlers with
 * that number.
 */
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "engine/model/model.h"
#include "engine/model/plan.h"
#include "engine/task/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/scope.h"
#include "tests/unit/check.h"

static void describe(struct task *task, const char *word)
{
	TaskKobjIdsEntry *ids = task->thread[0].core->ids;
	uint32_t n = (uint32_t)strtoul(word + 1, NULL, 10);

	switch (word[0]) {
	case 'z':
		task->state = TASK_ZOMBIE;
		break;
	case 'r':
		task->thread[0].core->tc->child_subreaper = true;
		break;
	case 't':
		task->n_threads = n;
		break;
	case 'v':
		ids->vm_id = n;
		break;
	case 'f':
		ids->files_id = n;
		break;
	case 's':
		ids->fs_id = n;
		break;
	case 'h':
		ids->sighand_id = n;
		break;
	default:
		check(!"a word of the tree is known");
	}
}

static void add_task(struct model *model, char *line)
{
	struct task *task = model_add_task(model);
	char *save, *word = strtok_r(line, " ", &save);

	check(task);
	task->vpid = (pid_t)strtol(word, NULL, 10);
	task->parent = model_task(model, (pid_t)strtol(strtok_r(NULL, " ", &save), NULL, 10));
	task->vpgid = (pid_t)strtol(strtok_r(NULL, " ", &save), NULL, 10);
	task->vsid = (pid_t)strtol(strtok_r(NULL, " ", &save), NULL, 10);
	task->thread = arena_alloc(model->arena, 4 * sizeof(*task->thread));
	check(task->thread);
	task->n_threads = 1;
	task->thread[0].core = core_new(model->arena, "x");
	check(task->thread[0].core);
	uint32_t own = 1000 + (uint32_t)task->vpid;
	TaskKobjIdsEntry *ids = task->thread[0].core->ids;
	ids->vm_id = ids->files_id = ids->fs_id = ids->sighand_id = own;
	while ((word = strtok_r(NULL, " ", &save)))
		describe(task, word);
}

static void build_model(struct model *model, const char *tree)
{
	char *text = arena_strdup(model->arena, tree), *save;

	check(text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_task(model, line);
}

static const char *const verb[] = {
	[PLAN_SEED] = "seed",
	[PLAN_FORK] = "fork",
	[PLAN_SESSION] = "session",
	[PLAN_THREADS] = "threads",
	[PLAN_GROUP] = "group",
	[PLAN_REAPER] = "reaper",
	[PLAN_LEND_GROUP] = "lend group",
	[PLAN_LEND_SESSION] = "lend session",
	[PLAN_LEND_MEMBER] = "lend member",
	[PLAN_FOSTER] = "foster",
	[PLAN_DROP] = "drop",
	[PLAN_END] = "end",
};

/* say() - "by: verb task id flags" */
static void say(FILE *out, const struct plan_step *s)
{
	bool passing = s->action == PLAN_LEND_GROUP || s->action == PLAN_LEND_SESSION;

	if (s->by)
		fprintf(out, "%d: ", s->by->vpid);
	fputs(verb[s->action], out);
	if (passing || s->action == PLAN_GROUP)
		fprintf(out, " %d", s->id);
	if (!passing && s->action != PLAN_LEND_MEMBER && s->action != PLAN_DROP)
		fprintf(out, " %s%d", s->action == PLAN_GROUP ? "<- " : "", s->task->vpid);
	if (s->flags & CLONE_PARENT)
		fputs(" parent", out);
	if (s->flags & CLONE_VM)
		fputs(" vm", out);
	if (s->flags & CLONE_FILES)
		fputs(" files", out);
	if (s->flags & CLONE_FS)
		fputs(" fs", out);
	if (s->flags & CLONE_SIGHAND)
		fputs(" sighand", out);
	fputc('\n', out);
}

/* steps() - the plan of the tree as text, or why there is none */
static char *steps(struct arena *arena, const char *tree, enum outer_session outer)
{
	struct model model = {.arena = arena};
	struct err err = {};
	struct plan plan;
	char *text = NULL;
	size_t size;

	build_model(&model, tree);
	if (plan_build(&model, arena, outer, &plan, &err) < 0) {
		text = malloc(1024);
		check(text);
		err_text(&err, text, 1024);
		return text;
	}
	FILE *out = open_memstream(&text, &size);
	check(out);
	for (size_t i = 0; i < plan.n; i++)
		say(out, &plan.step[i]);
	fclose(out);
	return text;
}

static void expect_with(enum outer_session outer, const char *tree, const char *want)
{
	scoped(arena_free) struct arena *arena = arena_new();

	check(arena);
	scoped_free char *got = steps(arena, tree, outer);
	if (strcmp(got, want))
		printf("# got:\n%s# instead of:\n%s", got, want);
	check(!strcmp(got, want));
}

static void expect(const char *tree, const char *want)
{
	expect_with(OUTER_REFUSED, tree, want);
}

static void makes_children_by_their_parents(void)
{
	expect("1 0 1 1\n2 1 1 1\n3 2 1 1 t3\n", "seed 1\nsession 1\n1: fork 2\n2: fork "
						 "3\nthreads 3\ngroup 1 <- 2\ngroup 1 <- 3\n");
}

static void makes_a_child_of_the_older_session_before_the_newer(void)
{
	expect("1 0 1 1\n2 1 2 2\n3 2 1 1\n4 2 4 2\n",
	       "seed 1\nsession 1\n1: fork 2\n2: fork 3\nsession 2\n2: fork 4\n"
	       "group 4 <- 4\ngroup 1 <- 3\n");
}

static void lends_a_leader_to_a_group_without(void)
{
	expect("1 0 1 1\n2 1 9 1\n3 1 9 1\n", "seed 1\nsession 1\n1: fork 2\n1: fork 3\n"
					      "2: lend group 9\ngroup 9 <- 2\ngroup 9 <- 3\n"
					      "2: drop\n");
}

static void ends_zombies_last_and_children_first(void)
{
	expect("1 0 1 1\n2 1 2 1 z\n3 1 2 1\n4 3 1 1 z\n",
	       "seed 1\nsession 1\n1: fork 2\n1: fork 3\n3: fork 4\n"
	       "group 2 <- 2\ngroup 2 <- 3\ngroup 1 <- 4\nend 4\nend 2\n");
}

static void seeds_each_root(void)
{
	expect("1 0 1 1\n7 0 7 7\n8 7 7 7\n",
	       "seed 1\nsession 1\nseed 7\nsession 7\n7: fork 8\ngroup 7 <- 8\n");
}

static void lets_an_orphan_be_made_in_the_session_of_a_living_leader(void)
{
	expect("1 0 1 1\n7 0 7 7\n9 1 7 7\n",
	       "seed 1\nsession 1\nseed 7\nsession 7\n"
	       "7: lend member\n7: foster 9\n7: drop\ngroup 7 <- 9\n");
}

static void lends_a_leader_to_a_session_without(void)
{
	expect("1 0 1 1\n4 1 3 3\n5 4 5 3\n",
	       "seed 1\nsession 1\n1: lend session 3\n1: foster 4\n1: drop\n4: fork 5\n"
	       "group 5 <- 5\ngroup 3 <- 4\n");
}

static void makes_a_second_orphan_by_the_first(void)
{
	expect("1 0 1 1\n4 1 3 3\n5 1 3 3 z\n",
	       "seed 1\nsession 1\n1: lend session 3\n1: foster 4\n1: drop\n"
	       "4: lend member\n4: foster 5\n4: drop\ngroup 3 <- 4\ngroup 3 <- 5\nend 5\n");
}

static void leaves_orphans_to_a_subreaper(void)
{
	expect("1 0 1 1\n2 1 2 2 r\n4 2 3 3\n5 2 2 2\n",
	       "seed 1\nsession 1\n1: fork 2\nsession 2\n2: fork 5\n"
	       "reaper 2\n2: lend session 3\n2: foster 4\n2: drop\ngroup 3 <- 4\ngroup 2 <- "
	       "5\n");
}

static void leaves_orphans_to_the_init_before_there_are_subreapers(void)
{
	expect("1 0 1 1\n2 1 2 2 r\n4 2 3 3\n6 1 2 2\n",
	       "seed 1\nsession 1\n1: fork 2\nsession 2\n"
	       "2: lend member\n2: foster 6\n2: drop\n"
	       "reaper 2\n2: lend session 3\n2: foster 4\n2: drop\n"
	       "group 3 <- 4\ngroup 2 <- 6\n");
}

static void shares_with_the_parent(void)
{
	expect("1 0 1 1 v1 f1 s1 h1\n2 1 1 1 v1 h1\n3 1 1 1 f1 s1\n",
	       "seed 1\nsession 1\n1: fork 2 vm sighand\n1: fork 3 files fs\n"
	       "group 1 <- 2\ngroup 1 <- 3\n");
}

static void lets_a_sibling_make_whom_it_shares_with(void)
{
	expect("1 0 1 1\n2 1 1 1 v1 f1\n3 1 1 1 v1 f1\n",
	       "seed 1\nsession 1\n1: fork 2\n2: fork 3 parent vm files\n"
	       "group 1 <- 2\ngroup 1 <- 3\n");
}

static void refuses_sharing_that_no_birth_gives(void)
{
	expect("1 0 1 1\n2 1 1 1 f1\n3 2 1 1\n4 3 1 1 f1\n",
	       "task 4 (x) shares its table of descriptors with task 2, which did not make it; "
	       "this cannot be carried yet");
}

static void refuses_a_session_that_its_parent_cannot_have_given(void)
{
	expect("1 0 1 1\n2 1 1 1\n3 2 9 9\n", "task 3 (x): its parent, task 2, does not have "
					      "its session 9 and is no reaper of "
					      "orphans, which cannot be carried yet");
}

static void wants_shell_job_for_a_session_outside(void)
{
	expect("1 0 0 0\n",
	       "task 1 (x): its session is outside the container; use --shell-job");
	expect_with(OUTER_ALLOWED, "1 0 0 0\n2 1 2 2\n", "seed 1\n1: fork 2\nsession 2\n");
}

static void refuses_a_root_in_an_inner_session(void)
{
	expect("1 0 1 1\n7 0 1 1\n", "task 7 (x): its parent is outside the container, but its "
				     "session 1 is not, which cannot be carried yet");
}

RUN(TEST(makes_children_by_their_parents),
    TEST(makes_a_child_of_the_older_session_before_the_newer),
    TEST(lends_a_leader_to_a_group_without), TEST(ends_zombies_last_and_children_first),
    TEST(seeds_each_root), TEST(lets_an_orphan_be_made_in_the_session_of_a_living_leader),
    TEST(lends_a_leader_to_a_session_without), TEST(makes_a_second_orphan_by_the_first),
    TEST(leaves_orphans_to_a_subreaper),
    TEST(leaves_orphans_to_the_init_before_there_are_subreapers), TEST(shares_with_the_parent),
    TEST(lets_a_sibling_make_whom_it_shares_with), TEST(refuses_sharing_that_no_birth_gives),
    TEST(refuses_a_session_that_its_parent_cannot_have_given),
    TEST(wants_shell_job_for_a_session_outside), TEST(refuses_a_root_in_an_inner_session))
