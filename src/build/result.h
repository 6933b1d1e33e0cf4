// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What came of a build, as a file: for processes that build one component each.
// Format: a JSON object: component, stage, state ("done", "cached", "failed"), seconds,
// fingerprint, log, packages (file, sha256, source), error.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/job.h"

/** strake_build_result_new: without packages. */
StrakeBuildResult *strake_build_result_new(const char *component, unsigned stage);

/** strake_build_result_store: @error_text: of a failed build, else NULL. Replaces @path. */
bool strake_build_result_store(const StrakeBuildResult *result, const char *error_text,
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_build_result_load: @out_error: text of a failed build's error, NULL: it is done; g_free
 * Errors: NOT_FOUND when there is no such file, INVALID.
 */
StrakeBuildResult *strake_build_result_load(
	const char *path, char **out_error, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_build_load_packages: what all results in @paths (NULL-terminated) have; of two with the
 * same name the one of the later stage. An array of StrakeBuiltPackage that frees its items.
 * Errors: FAILED for a result of a failed build. */
GPtrArray *strake_build_load_packages(char *const *paths, GError **error) G_GNUC_WARN_UNUSED_RESULT;
