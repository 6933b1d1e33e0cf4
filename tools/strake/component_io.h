// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Shared by the commands on source components: opening, choosing, JSON.
#pragma once

#include "cli/command.h"
#include "render/workspace.h"

typedef struct {
	StrakeProject *project;
	StrakeStore *store;
	StrakeWorkspace *ws;
} ComponentWork;

ComponentWork *component_work_open(const StrakeGlobals *globals, GError **error);
void component_work_free(ComponentWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ComponentWork, component_work_free)

/** component_work_names: source components that @patterns (names or globs) select, or all of them.
 * Errors: NOT_FOUND for a pattern without a match, USAGE for neither or both. */
char **component_work_names(ComponentWork *work, char **patterns, bool all, GError **error);
