// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What became of upstream's maintainer scripts, as changes: from the bridge's results in the store.
#pragma once

#include "cli/command.h"
#include "project/project.h"

/**
 * changes_scripts_add: adds to @changes (of StrakeChange, sorted by component; stays so) one of type
 * "script" for each package of the default upstream's lock that has scripts and was imported, with
 * what it became counted by kind, and one by one in its details.
 * Packages that are not imported are counted in *@out_unknown; without a lock or a bridge there are none.
 * Errors: a lock or a component that cannot be read.
 */
bool changes_scripts_add(const StrakeGlobals *globals, const StrakeProject *project,
	GPtrArray *changes, unsigned *out_unknown, GError **error);
