// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// %autorelease and %autochangelog from a package's history, as rpmautospec computes and writes
// them, without git, rpm or a clock: a function of the commits given. Format: rpmautospec's
// documentation ("Autorelease", "Autochangelog") and its output in Fedora's specs. Python's
// textwrap decides where changelog lines break (width 75, second indent 2), so its rules are
// followed here.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** One commit of a first-parent history. All borrowed. */
typedef struct {
	const char *message;
	const char *author; // "Name <mail>"
	int64_t time_s;     // commit time, UTC
	// "[epoch:]version" of the spec in this commit; NULL when there is none that can be read.
	const char *epoch_version;
	bool has_spec;
	bool prerelease;   // %autorelease -p
	unsigned base;     // %autorelease -b; 0 counts as 1
	const char *extra; // ".extraver.snapinfo" of -e and -s, or NULL
	// Nothing but .gitignore, gating.yaml, sources and tests/ changed, and something did.
	bool unimportant;
	const char *changelog; // content of the file `changelog` if this commit changed it
} StrakeAutospecCommit;

typedef struct {
	unsigned release_number; // for %autorelease, before the base is added
	char *changelog;         // entries, each line ended; NULL without commits
} StrakeAutospec;

/** strake_autospec_compute: @commits: newest first. Clear with strake_autospec_clear. */
void strake_autospec_compute(
	const StrakeAutospecCommit *commits, size_t n_commits, StrakeAutospec *out);
void strake_autospec_clear(StrakeAutospec *autospec);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeAutospec, strake_autospec_clear)

/** strake_autospec_is_unimportant: whether a change of @path alone makes no changelog entry. */
bool strake_autospec_is_unimportant(const char *path);

/** Which macros a spec uses, found the way rpmautospec finds them: by line. */
typedef struct {
	bool autorelease;
	bool autochangelog;
	bool processed;     // its marks are there already
	bool has_changelog; // a %changelog section
} StrakeAutospecFeatures;

StrakeAutospecFeatures strake_autospec_features(const char *spec, size_t size);

/**
 * strake_autospec_write: the spec with the block on top and the changelog filled in, where it
 * uses either macro (or has no %changelog at all); an unchanged copy otherwise.
 * @version: rpmautospec version that the block names ("0.8.4")
 * Free with g_free.
 */
char *strake_autospec_write(
	const char *spec, size_t size, const StrakeAutospec *autospec, const char *version);

/** strake_autospec_wrap: "- TEXT" in lines of 75, continued with two blanks; no final newline. */
char *strake_autospec_wrap(const char *text);
/** strake_autospec_items: the changelog items of a commit message, NULL-terminated. */
char **strake_autospec_items(const char *message);
