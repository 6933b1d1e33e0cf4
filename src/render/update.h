// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Locks of source components brought up to date.
#pragma once

#include "render/workspace.h"

typedef enum {
	STRAKE_UPDATE_UNCHANGED,
	STRAKE_UPDATE_ADDED,
	STRAKE_UPDATE_CHANGED,
	STRAKE_UPDATE_REMOVED, // a lock of no component
	STRAKE_UPDATE_FAILED,
} StrakeUpdateStatus;

typedef struct {
	char *name;
	StrakeUpdateStatus status;
	char *old_commit; // NULL: none
	char *new_commit;
	char *error;
} StrakeUpdated;

typedef struct {
	bool all; // @names are all components: locks of others go
	bool check_only;
	bool bump; // count manual-bump up
	unsigned jobs;
} StrakeUpdateOptions;

/**
 * strake_update_locks: resolves the commits of @names and writes their locks, all or, when one
 * fails, none. Only components whose branch may have moved or whose lock is stale use the network.
 * Returns an array of StrakeUpdated; failures are in there.
 */
GPtrArray *strake_update_locks(StrakeWorkspace *workspace, char *const *names,
	const StrakeUpdateOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_explain: what makes the component differ from its lock, a sentence each; an empty array:
 * nothing does. Free with g_ptr_array_unref.
 */
GPtrArray *strake_explain(
	StrakeWorkspace *workspace, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
