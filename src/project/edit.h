// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Changes to definition files that keep everything a person wrote in them.
#pragma once

#include "project/project.h"

/**
 * strake_project_add_components: appends an empty table for each of @names to the definition file
 * @file (NULL: the one that defines most components, or the root file). The file changes whole or
 * not at all, and not when the project would be wrong afterwards.
 * @out_file: the file changed, free with g_free; may be NULL
 * Errors: EXISTS for a component that is defined, INVALID.
 */
bool strake_project_add_components(const StrakeProject *project, const char *const *names,
	const char *file, char **out_file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
