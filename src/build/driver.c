// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From a plan to tasks for the executor, and from its results to outcomes.
#include "build/driver.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/path.h"
#include "base/progress.h"
#include "build/job_private.h"
#include "build/result.h"
#include "build/verify.h"
#include "build/wants.h"

typedef struct {
	const StrakeBuildOrder *order;
	GPtrArray *plan;   // of StrakeBuildNode
	GPtrArray *tasks;  // of StrakeBuildTask
	GHashTable *nodes; // name -> StrakeBuildNode, borrowed
	StrakeProgress *progress;
	GHashTable *running; // names
} Drive;

static void task_free(void *data)
{
	StrakeBuildTask *task = data;

	g_strfreev((char **)task->argv);
	g_free((char *)task->result_path);
	g_free((char *)task->log_path);
	g_free(task->message);
	g_free(task);
}

static void drive_clear(Drive *drive)
{
	g_clear_pointer(&drive->tasks, g_ptr_array_unref);
	g_clear_pointer(&drive->plan, g_ptr_array_unref);
	g_clear_pointer(&drive->nodes, g_hash_table_unref);
	g_clear_pointer(&drive->running, g_hash_table_unref);
	strake_progress_end(drive->progress);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Drive, drive_clear)

static void outcome_free(void *data)
{
	StrakeBuildOutcome *outcome = data;

	strake_build_node_free(outcome->node);
	strake_build_result_free(outcome->result);
	g_free(outcome->message);
	g_free(outcome->log);
	g_free(outcome);
}

// -- tasks

static char *result_path(const Drive *drive, const char *node)
{
	g_autofree char *name = g_strconcat(node, ".json", NULL);

	return g_build_filename(drive->order->out_dir, "results", name, NULL);
}

static void add_words(GPtrArray *argv, const char *a, char *take_b)
{
	g_ptr_array_add(argv, g_strdup(a));
	g_ptr_array_add(argv, take_b);
}

static char **make_argv(const Drive *drive, const StrakeBuildNode *node)
{
	GPtrArray *argv = g_ptr_array_new();

	for (const char *const *word = drive->order->command; *word != NULL; word++)
		g_ptr_array_add(argv, g_strdup(*word));
	add_words(argv, "--only", g_strdup(node->component));
	add_words(argv, "--stage", g_strdup_printf("%u", node->stage));
	add_words(argv, "--repository", g_strdup(drive->order->setup->repository));
	add_words(argv, "--result", result_path(drive, node->name));
	for (char **seen = node->sees; *seen != NULL; seen++)
		add_words(argv, "--with", result_path(drive, *seen));
	if (drive->order->setup->force)
		g_ptr_array_add(argv, g_strdup("--force"));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, FALSE);
}

static void make_tasks(Drive *drive)
{
	drive->tasks = g_ptr_array_new_with_free_func(task_free);
	drive->nodes = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < drive->plan->len; i++) {
		StrakeBuildNode *node = drive->plan->pdata[i];
		StrakeBuildTask *task = g_new0(StrakeBuildTask, 1);

		task->name = node->name;
		task->needs = (const char *const *)node->needs;
		task->argv = (const char *const *)make_argv(drive, node);
		task->result_path = result_path(drive, node->name);
		task->log_path =
			strake_build_log_path(drive->order->setup, node->component, node->stage);
		unlink(task->result_path);
		g_hash_table_insert(drive->nodes, node->name, node);
		g_ptr_array_add(drive->tasks, task);
	}
}

// -- one build in this process

static GPtrArray *seen_packages(const Drive *drive, const StrakeBuildNode *node, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	for (char **name = node->sees; *name != NULL; name++)
		g_ptr_array_add(paths, result_path(drive, *name));
	g_ptr_array_add(paths, NULL);
	return strake_build_load_packages((char *const *)paths->pdata, error);
}

static bool build_task(const StrakeBuildTask *task, void *data, bool *out_cached, GError **error)
{
	const Drive *drive = data;
	const StrakeBuildNode *node = g_hash_table_lookup(drive->nodes, task->name);
	g_autoptr(GPtrArray) own = seen_packages(drive, node, error);
	g_autoptr(StrakeBuildResult) result = NULL;

	if (own == NULL)
		return false;
	result = strake_build_component(
		drive->order->setup, node->component, node->stage, own, error);
	if (result == NULL)
		return false;
	*out_cached = result->cached;
	return strake_build_result_store(result, NULL, task->result_path, error);
}

static void task_changed(const StrakeBuildTask *task, void *data)
{
	Drive *drive = data;
	g_autoptr(GString) now = g_string_new(NULL);
	GHashTableIter iter;
	gpointer name;
	bool ended = task->state != STRAKE_NODE_RUNNING && task->state != STRAKE_NODE_WAITING;

	if (ended)
		g_hash_table_remove(drive->running, task->name);
	else
		g_hash_table_add(drive->running, (char *)task->name);
	if (task->state == STRAKE_NODE_FAILED)
		strake_say("%s: failed, see %s", task->name, task->log_path);
	g_hash_table_iter_init(&iter, drive->running);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_string_append_printf(now, "%s%s", now->len > 0 ? " " : "", (char *)name);
	strake_progress_add(drive->progress, ended ? 1 : 0, now->len > 0 ? now->str : NULL);
}

// -- the end

static StrakeBuildOutcome *take_outcome(Drive *drive, guint i)
{
	StrakeBuildTask *task = drive->tasks->pdata[i];
	StrakeBuildOutcome *outcome = g_new0(StrakeBuildOutcome, 1);
	g_autoptr(GError) problem = NULL;
	g_autofree char *failure = NULL;

	outcome->node = drive->plan->pdata[i];
	outcome->state = task->state;
	outcome->message = g_steal_pointer(&task->message);
	if (task->state != STRAKE_NODE_SKIPPED && access(task->log_path, F_OK) == 0)
		outcome->log = g_strdup(task->log_path);
	if (task->state != STRAKE_NODE_DONE && task->state != STRAKE_NODE_CACHED)
		return outcome;
	outcome->result = strake_build_result_load(task->result_path, &failure, &problem);
	if (outcome->result != NULL && failure == NULL)
		return outcome;
	// The executor was told that it went well; what it left says otherwise.
	outcome->state = STRAKE_NODE_FAILED;
	g_free(outcome->message);
	outcome->message = g_strdup(failure != NULL ? failure : problem->message);
	g_clear_pointer(&outcome->result, strake_build_result_free);
	return outcome;
}

static bool export_all(const Drive *drive, const GPtrArray *outcomes, GError **error)
{
	g_autofree char *dir = g_build_filename(drive->order->out_dir, "packages", NULL);
	StrakeStore *store = drive->order->setup->workspace->store;

	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];

		if (outcome->result != NULL && outcome->node->final &&
			!strake_build_export(store, outcome->result, dir, error))
			return false;
	}
	return true;
}

GPtrArray *strake_build_drive(const StrakeBuildOrder *order, GError **error)
{
	g_auto(Drive) drive = {.order = order};
	g_autoptr(GPtrArray) wants =
		strake_build_wants(order->setup, order->names, order->more, order->left_out, error);
	g_autoptr(GPtrArray) outcomes = g_ptr_array_new_with_free_func(outcome_free);
	StrakeBuildRun run = {.jobs = order->jobs,
		.keep_going = order->keep_going,
		.build = build_task,
		.changed = task_changed,
		.data = &drive};

	if (wants == NULL)
		return NULL;
	drive.plan = strake_build_plan(wants, order->stages, error);
	if (drive.plan == NULL)
		return NULL;
	make_tasks(&drive);
	drive.running = g_hash_table_new(g_str_hash, g_str_equal);
	drive.progress = strake_progress_new("build", drive.plan->len, false);
	run.tasks = drive.tasks;
	if (!order->executor->run(&run, error))
		return NULL;
	for (guint i = 0; i < drive.plan->len; i++)
		g_ptr_array_add(outcomes, take_outcome(&drive, i));
	// The outcomes own the nodes now.
	g_ptr_array_set_free_func(drive.plan, NULL);
	return export_all(&drive, outcomes, error) ? g_steal_pointer(&outcomes) : NULL;
}

bool strake_build_again(const StrakeBuildOrder *order, const GPtrArray *outcomes,
	GPtrArray *differences, GError **error)
{
	const Drive drive = {.order = order};

	for (guint i = 0; i < outcomes->len; i++) {
		const StrakeBuildOutcome *outcome = outcomes->pdata[i];
		g_autoptr(GPtrArray) own = NULL;

		if (outcome->result == NULL || !outcome->node->final)
			continue;
		strake_say("%s: building it again", outcome->node->name);
		own = seen_packages(&drive, outcome->node, error);
		if (own == NULL || !strake_build_verify(
					   order->setup, outcome->result, own, differences, error))
			return false;
	}
	return true;
}
