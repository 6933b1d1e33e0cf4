// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The `sources` file of a dist-git repository: which files the lookaside cache holds.
// Grammar, a line each (dist-git's own format; comments and blanks are kept as they are):
//
//     SHA512 (NAME) = HEX          new style, hash type first
//     HEX  NAME                    old style, MD5, two blanks
//     # comment, or nothing
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef struct {
	char *raw;       // the line without its newline
	char *name;      // NULL for a comment or blank line
	char *hash_type; // as written ("SHA512"), "MD5" for an old-style line
	char *hash;      // lower case
	unsigned line;
} StrakeSourcesLine;

typedef struct {
	GPtrArray *lines; // of StrakeSourcesLine, in file order
} StrakeSourcesFile;

/** strake_sources_file_parse: @name: for messages. Errors: INVALID with the line (bad form, a name
 * with a slash, unknown hash type, wrong hash length, a name listed twice). */
StrakeSourcesFile *strake_sources_file_parse(
	GBytes *bytes, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_sources_file_free(StrakeSourcesFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSourcesFile, strake_sources_file_free)

const StrakeSourcesLine *strake_sources_file_find(const StrakeSourcesFile *file, const char *name);

/**
 * strake_sources_file_set: adds NAME, or replaces it in place. @replace tells which is meant, so
 * that neither happens by accident: adding a listed name and replacing an unlisted one are errors.
 */
bool strake_sources_file_set(StrakeSourcesFile *file, const char *name, const char *hash_type,
	const char *hash, bool replace, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_sources_file_format: the text; every line ends with a newline. Free with g_free. */
char *strake_sources_file_format(const StrakeSourcesFile *file);
