// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Regular expressions in RE2 syntax: time linear in the text whatever the pattern, no
// look-around, no back-references in patterns.
//
// Where this differs from the Go engine that azldev uses: "." and classes match a byte that is not
// UTF-8 only in an expression made with STRAKE_REGEX_BYTES.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

G_BEGIN_DECLS

typedef struct StrakeRegex StrakeRegex;

typedef enum {
	STRAKE_REGEX_DEFAULT = 0,
	STRAKE_REGEX_BYTES = 1 << 0, // text is bytes, not UTF-8
} StrakeRegexFlags;

/** One match or group; @start == @end: empty; @start == STRAKE_REGEX_UNSET: took no part. */
typedef struct {
	size_t start; // byte offsets into the text
	size_t end;
} StrakeRegexSpan;

#define STRAKE_REGEX_UNSET ((size_t)-1)
enum { STRAKE_REGEX_GROUPS_MAX = 64 };

/** strake_regex_new: compiles; at most 64 KiB of pattern, 8 MiB of program, 64 groups.
 * Errors: INVALID with the engine's reason, LIMIT. Immutable, shared between threads freely. */
StrakeRegex *strake_regex_new(
	const char *pattern, StrakeRegexFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_regex_free(StrakeRegex *regex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRegex, strake_regex_free)

/** strake_regex_groups: number of capture groups, without the whole match. */
unsigned strake_regex_groups(const StrakeRegex *regex);

/**
 * strake_regex_find: the first match that starts at or after @from. "^" matches only at offset 0
 * (with (?m) after each newline).
 * @spans: @n_spans places: whole match, then groups; may be NULL with 0
 */
bool strake_regex_find(const StrakeRegex *regex, const char *text, size_t size, size_t from,
	StrakeRegexSpan *spans, size_t n_spans);

/** strake_regex_count: number of matches that do not overlap, as strake_regex_replace sees them. */
size_t strake_regex_count(const StrakeRegex *regex, const char *text, size_t size);

/** strake_regex_check_expand: whether the \1..\9, \0 and \\ of @replacement make sense for
 * @regex. Errors: INVALID. */
bool strake_regex_check_expand(const StrakeRegex *regex, const char *replacement,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_regex_replace: every match replaced. An empty match right behind the previous match is
 * not one (as in Go).
 * @expand: \0 is the whole match, \1..\9 the groups, \\ a backslash; false: literal text
 * @max_size: refuse a longer result with LIMIT
 * @out_count: number of matches; may be NULL
 * Returns the new text as a GString (free with g_string_free), NULL on error.
 */
GString *strake_regex_replace(const StrakeRegex *regex, const char *text, size_t size,
	const char *replacement, bool expand, size_t max_size, size_t *out_count,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
