// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which commits of the project changed the locks of its components, read in one walk over its git
// history. A project outside of git has no history, which is fine.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/** A commit that changed a component's fingerprint. */
typedef struct {
	char *commit;
	char *author; // "Name <mail>"
	int64_t time_s;
	char *message;
	char *upstream_commit; // as locked from then on, NULL: local
	char *fingerprint;
} StrakeProjectChange;

/** A component's lock as committed at HEAD. */
typedef struct {
	char *import_commit;
	char *upstream_commit;
	char *fingerprint;
} StrakeProjectLock;

typedef struct StrakeProjectHistory StrakeProjectHistory;

/**
 * strake_project_history_read: @root: directory of the project; @lock_dir: absolute.
 * @store: keeps the result by HEAD; may be NULL
 * Errors: INVALID for a lock that was committed broken at HEAD; FAILED for a broken repository.
 */
StrakeProjectHistory *strake_project_history_read(const char *root, const char *lock_dir,
	StrakeStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_project_history_free(StrakeProjectHistory *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeProjectHistory, strake_project_history_free)

/** strake_project_history_head: NULL: not committed. */
const StrakeProjectLock *strake_project_history_head(
	const StrakeProjectHistory *history, const char *name);
/** strake_project_history_changes: of StrakeProjectChange, oldest first; NULL: none. */
const GPtrArray *strake_project_history_changes(
	const StrakeProjectHistory *history, const char *name);
