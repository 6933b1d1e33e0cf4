// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The analysis of bridge/script.h on a whole .deb, and a set of payload paths for its path_type.
#pragma once

#include "bridge/script.h"
#include "format/deb_file.h"

/** Payload paths with their types. */
typedef struct StrakeScriptPaths StrakeScriptPaths;
StrakeScriptPaths *strake_script_paths_new(void);
/** @path: absolute, or relative to the root as data.tar has it; @type: 'f', 'd' or 'l';
 * @mode: permission bits, -1: unknown. */
void strake_script_paths_add(StrakeScriptPaths *paths, const char *path, char type, int mode);
void strake_script_paths_free(StrakeScriptPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeScriptPaths, strake_script_paths_free)
/** strake_script_paths_type: a StrakeScriptInput.path_type whose data is the set. */
char strake_script_paths_type(const char *path, void *paths);
int strake_script_paths_mode(const char *path, void *paths);

/** strake_script_input_from_deb: borrows scripts, templates, name and version of @file. */
void strake_script_input_from_deb(StrakeScriptInput *in, const StrakeDebFile *file);

/** strake_script_analyse_deb: as strake_script_analyse; reads data.tar only when a script could
 * ask for it. Errors: those of the .deb reader too. */
StrakeScriptPlan *strake_script_analyse_deb(
	const StrakeDebFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
