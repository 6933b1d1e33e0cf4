// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Two states of the project as committed, component by component.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	STRAKE_COMPONENT_UNCHANGED,
	STRAKE_COMPONENT_ADDED,
	STRAKE_COMPONENT_DELETED,
	STRAKE_COMPONENT_CHANGED,
} StrakeComponentChange;

typedef struct {
	char *name;
	StrakeComponentChange change; // of its lock: fingerprint or commit
	bool sources;     // its rendered `sources` file differs: other archives are needed
	char *old_commit; // of upstream, NULL: none
	char *new_commit;
} StrakeComponentDiff;

/**
 * strake_project_changed: every component that has a lock at @from or @to ("HEAD~3", a branch, an
 * id), sorted, as StrakeComponentDiff. Definitions play no part.
 * @root: directory of the project; @lock_dir: absolute; @rendered_dir: absolute, or NULL: there
 * are no rendered specs to compare
 * Errors: NOT_FOUND for an unknown revision or a project outside of git, INVALID for a lock that
 * was committed broken.
 */
GPtrArray *strake_project_changed(const char *root, const char *lock_dir, const char *rendered_dir,
	const char *from, const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;
