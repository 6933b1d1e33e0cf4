// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The executors that there are, and the one that runs builds on threads of this process.
#include "build/executor.h"

#include <string.h>

#include "base/error.h"
#include "build/slurm.h"

typedef struct {
	StrakeBuildRun *run;
	GHashTable *tasks; // name -> StrakeBuildTask, borrowed
} Local;

static bool build_node(const char *name, void *data, bool *out_cached, GError **error)
{
	const Local *local = data;

	return local->run->build(
		g_hash_table_lookup(local->tasks, name), local->run->data, out_cached, error);
}

static void node_changed(const char *name, StrakeNodeState state, void *data)
{
	const Local *local = data;
	StrakeBuildTask *task = g_hash_table_lookup(local->tasks, name);

	task->state = state;
	if (local->run->changed != NULL)
		local->run->changed(task, local->run->data);
}

static bool run_local(StrakeBuildRun *run, GError **error)
{
	g_autoptr(StrakeSchedule) schedule = strake_schedule_new();
	g_autoptr(GHashTable) tasks = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) failure = NULL;
	Local local = {run, tasks};
	const StrakeScheduleRun how = {.jobs = run->jobs,
		.keep_going = run->keep_going,
		.func = build_node,
		.changed = node_changed,
		.data = &local};

	for (guint i = 0; i < run->tasks->len; i++) {
		StrakeBuildTask *task = run->tasks->pdata[i];

		strake_schedule_add(schedule, task->name);
		g_hash_table_insert(tasks, (char *)task->name, task);
		for (const char *const *need = task->needs; *need != NULL; need++)
			strake_schedule_need(schedule, task->name, *need);
	}
	if (!strake_schedule_run(schedule, &how, &failure) &&
		g_error_matches(failure, STRAKE_ERROR, STRAKE_ERROR_CANCELLED)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	for (guint i = 0; i < run->tasks->len; i++) {
		StrakeBuildTask *task = run->tasks->pdata[i];

		task->message = g_strdup(strake_schedule_message(schedule, task->name));
	}
	return true;
}

static const StrakeExecutor executors[] = {
	{"local", "threads of this process", run_local},
	{"slurm", "a job each on a Slurm cluster", strake_slurm_run},
};

const StrakeExecutor *strake_executor_find(const char *name, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(executors); i++) {
		if (name == NULL || strcmp(name, executors[i].name) == 0)
			return &executors[i];
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", executors[i].name);
	}
	strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "there is no executor '%s'; there are: %s",
		name, names->str);
	return NULL;
}
