// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Path globs as the definition language writes them:
//
//     *        any run of bytes but "/"          ?       one character but "/"
//     [a-z]    one of a set, [^a-z] or [!a-z]    {a,b}   either; may hold "/" and nest
//     **       as a whole component: any number of components, also none
//     \x       x itself
//
// Matching takes time in the product of both lengths, never more.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct StrakeGlob StrakeGlob;

/** strake_glob_new: compiles. Errors: INVALID (unclosed set or brace, trailing backslash), LIMIT
 * (braces that stand for more than 256 patterns). Immutable, so shared between threads freely. */
StrakeGlob *strake_glob_new(const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_glob_free(StrakeGlob *glob);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeGlob, strake_glob_free)

/** strake_glob_match: whether the whole of @path ("a/b", "/usr/lib/x") matches. */
bool strake_glob_match(const StrakeGlob *glob, const char *path);

/** strake_globs_new: several, as an array of StrakeGlob; @patterns: NULL-terminated, or NULL. */
GPtrArray *strake_globs_new(const char *const *patterns, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_globs_match(const GPtrArray *globs, const char *path);
/** strake_glob_check: whether @pattern compiles. */
bool strake_glob_check(const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_glob_is_literal: no wildcard, set or brace in @pattern: it names one path. */
bool strake_glob_is_literal(const char *pattern);

/**
 * strake_glob_files: the regular files below @dir that match the relative @pattern (leading "../"
 * and "./" are followed), sorted bytewise. Directories that are symbolic links are not entered by
 * wildcards, names that begin with a dot are matched like others, ".git" is never entered.
 * A pattern without wildcards yields its file, or nothing when there is none.
 * Returns a NULL-terminated list of paths that begin with @dir; free with g_strfreev.
 */
char **strake_glob_files(
	const char *dir, const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;
