// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Who runs the builds of a plan: threads of this process, or a batch system with a process for each
// on machines that share the file system. Adding one: a const StrakeExecutor and a row in
// executor.c.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/schedule.h"

/** One build. All strings but @message are of the plan and borrowed. */
typedef struct {
	const char *name;         // "zlib.2": component and stage
	const char *const *needs; // names of tasks that must be done before; NULL-terminated
	// Does the build in a process of its own, from any directory, on any machine with the same
	// file system and user: absolute paths only. Exit status 0: done. It writes @result_path,
	// whole or not at all, also when the build fails; a missing file means that the process was
	// lost and may be started again.
	const char *const *argv;
	const char *result_path; // host path; removed before the run; build/result.h
	const char *log_path;    // host path of rpmbuild's output

	// Set by the executor.
	StrakeNodeState state;
	char *message; // why it failed or was skipped; g_free
} StrakeBuildTask;

/** All builds of a run. */
typedef struct {
	GPtrArray *tasks; // of StrakeBuildTask, in an order that respects @needs
	unsigned jobs;    // at once; 0: what there is
	bool keep_going;  // do what does not depend on a failure
	// Does one in this process, on any thread; for executors that run here.
	bool (*build)(const StrakeBuildTask *task, void *data, bool *out_cached, GError **error);
	// To be called after each change of a task's state, under a lock of the executor.
	void (*changed)(const StrakeBuildTask *task, void *data);
	void *data;
} StrakeBuildRun;

typedef struct {
	const char *name;
	const char *summary; // for --help
	/**
	 * Runs all tasks and sets their states. Returns false only when it could not work as a
	 * whole (no batch system, CANCELLED): a failed build is told by its task.
	 */
	bool (*run)(StrakeBuildRun *run, GError **error);
} StrakeExecutor;

/** strake_executor_find: by name; NULL: "local". Errors: NOT_FOUND naming all. */
const StrakeExecutor *strake_executor_find(const char *name, GError **error);
