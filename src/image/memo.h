// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Remembers what a step made of a root tree's files: the step's inputs are digested, and the files
// that it wrote are kept in the store under that digest, so that the next image with the same
// inputs gets them without running anything. All calls must see the tree's owners: inside the
// sandbox.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/store.h"

/**
 * strake_memo_fingerprint: digest of names, modes and contents of what matches.
 * @inputs: path globs without leading slash, NULL-terminated ("usr/share/ca-certificates/?*.crt")
 * @salt: anything else that the result depends on; may be NULL
 * Returns SHA-256 in hex, free with g_free.
 */
char *strake_memo_fingerprint(int root_fd, const char *const *inputs, const char *salt,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_memo_restore: puts back what strake_memo_keep kept. @out_found: false when there is
 * nothing, and then nothing was changed. Files that match @outputs and were not kept are removed.
 */
bool strake_memo_restore(StrakeStore *store, const char *step, const char *fingerprint, int root_fd,
	const char *const *outputs, bool *out_found, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_memo_keep: keeps all files, links and folders that match @outputs. */
bool strake_memo_keep(StrakeStore *store, const char *step, const char *fingerprint, int root_fd,
	const char *const *outputs, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_memo_match: paths below @root_fd that match one of @globs, sorted; directories are
 * entered without following links. Free with g_ptr_array_unref. */
GPtrArray *strake_memo_match(
	int root_fd, const char *const *globs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
