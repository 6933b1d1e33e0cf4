// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Parts of a build that need no buildroot: digests, the memo, what a spec says, what a log says.
#pragma once

#include "build/job.h"
#include "render/tree.h"

/** strake_build_key: digest of @parts (NULL-terminated) and of the format of builds; free with
 * g_free. */
char *strake_build_key(const char *const *parts);
/** strake_build_tree_digest: of names, modes and content; free with g_free. */
char *strake_build_tree_digest(StrakeFileTree *tree);

/** strake_build_read_spec: whether it has %generate_buildrequires, and the date of its newest
 * changelog entry, at noon UTC, or STRAKE_BUILD_TIME_S. */
void strake_build_read_spec(GBytes *spec, bool *out_dynamic, int64_t *out_time_s);
/** strake_build_add_key: the project's public key, for a spec that names it as a source. */
void strake_build_add_key(StrakeFileTree *tree, GBytes *spec, const char *public_key);

/** strake_build_recall_lines, _keep_lines: texts without line ends. NULL: not known. */
char **strake_build_recall_lines(StrakeStore *store, const char *kind, const char *key);
bool strake_build_keep_lines(StrakeStore *store, const char *kind, const char *key,
	char *const *lines, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_build_log_path: of a component's stage; free with g_free. */
char *strake_build_log_path(const StrakeBuildSetup *setup, const char *component, unsigned stage);

/** strake_build_recall: packages and log of fingerprint @key; the log is written to @log. */
bool strake_build_recall(
	StrakeStore *store, const char *key, StrakeBuildResult *result, const char *log);
bool strake_build_keep(StrakeStore *store, const char *key, const StrakeBuildResult *result,
	const char *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_build_explain: an error from the last lines of @log: with the line of the rendered spec
 * that rpm names and the overlay that wrote it, a full disk, a try to use the network. Always
 * false.
 */
bool strake_build_explain(const char *log, StrakeWorkspace *workspace, const char *component,
	GBytes *spec, const char *what, GError **error);
