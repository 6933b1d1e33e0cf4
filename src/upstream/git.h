// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Git repositories of a dist-git upstream: a bare copy in the store, resolved to one commit, its
// tree as files in memory and its first-parent history. Nothing is checked out, no hook is run and
// no file of the repository's configuration is honoured.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct StrakeGit StrakeGit;

/** strake_git_start: initialises libgit2 without any configuration of the machine; only for who
 * calls it directly. */
void strake_git_start(void);

/**
 * strake_git_open: the bare copy at @path (made when missing) of the repository at @uri (https://,
 * file:// or a path). Opening does not use the network. One thread at a time a copy.
 */
StrakeGit *strake_git_open(
	const char *path, const char *uri, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_git_free(StrakeGit *git);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeGit, strake_git_free)

/** strake_git_fetch: brings all branches up to date. Errors name the URI. */
bool strake_git_fetch(StrakeGit *git, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Which commit is wanted; the first field that is set decides. */
typedef struct {
	const char *commit; // 7 to 40 hexadecimal digits
	const char *branch; // needed unless @commit
	int64_t snapshot_s; // newest first-parent commit not after this time; 0: the branch's tip
} StrakeGitWant;

/**
 * strake_git_resolve: the full commit id. Errors: NOT_FOUND when the local copy does not have it
 * (fetch, then try again), INVALID for a malformed or ambiguous id.
 */
char *strake_git_resolve(
	StrakeGit *git, const StrakeGitWant *want, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	char *path;
	mode_t mode; // 0644, 0755, or S_IFLNK for a symbolic link, whose target is the content
	GBytes *content;
} StrakeGitFile;

/**
 * strake_git_tree: all files of @commit, sorted by path. Sub-modules are left out (as azldev does).
 * Errors: INVALID for a hostile tree (a path with "..", ".git", a control character; more than
 * 64 MiB a file, 20,000 files or 256 MiB together). Elements freed with the array.
 */
GPtrArray *strake_git_tree(
	StrakeGit *git, const char *commit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_git_file: one file of @commit; NULL with NOT_FOUND. */
GBytes *strake_git_file(StrakeGit *git, const char *commit, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	char *id;
	char *author;
	char *email;
	int64_t time_s;     // author time
	int offset_minutes; // author's zone
	char *subject;      // first line
	char *body;         // the rest, trimmed; may be empty
} StrakeGitCommit;

/**
 * strake_git_history: first-parent commits from @commit back to @stop (included; NULL: the root),
 * newest first, at most 100,000. Errors: INVALID when @stop is not on the way.
 */
GPtrArray *strake_git_history(StrakeGit *git, const char *commit, const char *stop,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** One commit of a package's history. */
typedef struct {
	char *id;
	char *author;   // "Name <mail>"
	char *message;  // whole
	int64_t time_s; // author time
	bool has_spec;
	bool changed;      // anything differs from the first parent
	bool unimportant;  // nothing but what @is_unimportant accepts
	GBytes *spec;      // shared by commits with the same; NULL without one
	GBytes *changelog; // content of the file `changelog` if this commit changed it
} StrakeGitPackageCommit;

/**
 * strake_git_package_history: first-parent commits from @commit back to the root, newest first,
 * with the spec named @spec_name in each. Only the entries at the top of the trees are compared.
 * @is_unimportant: called with the names that differ; those of directories end with a slash
 * @wanted: called with each commit; false ends the walk after it; may be NULL
 */
GPtrArray *strake_git_package_history(StrakeGit *git, const char *commit, const char *spec_name,
	bool (*is_unimportant)(const char *name),
	bool (*wanted)(const StrakeGitPackageCommit *commit, void *data), void *data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
