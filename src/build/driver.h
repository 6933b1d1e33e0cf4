// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Components built in the order of their needs by an executor, and what came of each.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/executor.h"
#include "build/job.h"
#include "build/plan.h"

typedef struct {
	const StrakeBuildSetup *setup;
	char *const *names; // components asked for
	char *const *more;  // components that may be needed; NULL: none
	StrakeBuildStages stages;
	const StrakeExecutor *executor;
	unsigned jobs; // builds at once; 0: one per core
	bool keep_going;
	GPtrArray *left_out; // NULL, or for components that cannot be built: strake_build_wants
	const char *out_dir; // results go to OUT/results, packages to OUT/packages/COMPONENT
	// Command line of a process that builds one component; the driver adds "--only" and what
	// follows it. NULL-terminated.
	const char *const *command;
} StrakeBuildOrder;

/** What came of one node. */
typedef struct {
	StrakeBuildNode *node;
	StrakeNodeState state;
	char *message;             // of a failure, or why it was skipped; NULL: none
	StrakeBuildResult *result; // NULL unless done
	char *log;                 // host path, there once rpmbuild has run
} StrakeBuildOutcome;

/**
 * strake_build_drive: returns an array of StrakeBuildOutcome in the order of the plan, failures
 * included. Packages of finished components are below OUT then, each component's as a whole.
 * Errors: those of planning, which concern all; CANCELLED.
 */
GPtrArray *strake_build_drive(
	const StrakeBuildOrder *order, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_build_again: strake_build_verify of every finished component of @outcomes; the sentences
 * go to @differences. */
bool strake_build_again(const StrakeBuildOrder *order, const GPtrArray *outcomes,
	GPtrArray *differences, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_build_export: DIR/COMPONENT becomes exactly the packages of @result. */
bool strake_build_export(StrakeStore *store, const StrakeBuildResult *result, const char *dir,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
