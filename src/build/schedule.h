// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Work in the order of its dependencies: a graph of named nodes, run on several threads. Knows
// nothing of packages; what a node does is a function of the caller.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct StrakeSchedule StrakeSchedule;

typedef enum {
	STRAKE_NODE_WAITING,
	STRAKE_NODE_RUNNING,
	STRAKE_NODE_DONE,
	STRAKE_NODE_CACHED, // the function said that there was nothing to do
	STRAKE_NODE_FAILED,
	STRAKE_NODE_SKIPPED, // something that it needs failed, or the run was stopped
} StrakeNodeState;

/** strake_node_state_name: "done", "cached", ... */
const char *strake_node_state_name(StrakeNodeState state);

/** Does the work of one node, on a thread of its own. *@out_cached: false on entry. */
typedef bool (*StrakeNodeFunc)(const char *name, void *data, bool *out_cached, GError **error);
/** Called under a lock after each change of a node's state; must be quick. */
typedef void (*StrakeNodeChanged)(const char *name, StrakeNodeState state, void *data);

StrakeSchedule *strake_schedule_new(void);
void strake_schedule_free(StrakeSchedule *schedule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSchedule, strake_schedule_free)

/** strake_schedule_add: @name must be new; needs may be added before the node they name. */
void strake_schedule_add(StrakeSchedule *schedule, const char *name);
/** strake_schedule_need: @name runs after @needed is done. Twice is the same as once; a node that
 * needs itself is ignored, as a package may need its own older build. */
void strake_schedule_need(StrakeSchedule *schedule, const char *name, const char *needed);

/**
 * strake_schedule_order: checks the graph and gives the names in an order that respects it; among
 * equals the alphabet decides. Free with g_strfreev.
 * Errors: NOT_FOUND (a need that is no node), INVALID naming one cycle ("a -> b -> a").
 */
char **strake_schedule_order(StrakeSchedule *schedule, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	unsigned jobs;   // 0: one per core
	bool keep_going; // do what does not depend on a failure
	StrakeNodeFunc func;
	StrakeNodeChanged changed; // may be NULL
	void *data;
} StrakeScheduleRun;

/**
 * strake_schedule_run: all nodes. Ready nodes start in the order of strake_schedule_order, the ones
 * that most others wait for first. Returns false when any node failed, with the first one's error.
 */
bool strake_schedule_run(StrakeSchedule *schedule, const StrakeScheduleRun *run,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_schedule_state, _message: of a node after the run; the message is NULL unless it failed
 * or was skipped, and borrowed. */
StrakeNodeState strake_schedule_state(const StrakeSchedule *schedule, const char *name);
const char *strake_schedule_message(const StrakeSchedule *schedule, const char *name);
