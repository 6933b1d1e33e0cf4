// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The project's own repository, for what reads its history and compares its states.
#pragma once

#include <git2.h>
#include <glib.h>
#include <stdbool.h>

#include "render/project_history.h"

typedef struct {
	git_repository *repo; // NULL: the project, or its lock directory, is not in one
	char *lock_dir;       // below the work tree, "" for its root
} StrakeProjectRepo;

void strake_project_repo_clear(StrakeProjectRepo *repo);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeProjectRepo, strake_project_repo_clear)

/** strake_project_git_problem: always false; the error says what libgit2 says. */
bool strake_project_git_problem(GError **error, const char *verb, const char *name);

/** strake_project_repo_open: leaves @out->repo NULL for a project outside of git or with its locks
 * outside of the work tree. */
bool strake_project_repo_open(
	const char *root, const char *lock_dir, StrakeProjectRepo *out, GError **error);
/** strake_project_repo_path: absolute @path as the work tree calls it, NULL: it is outside. */
char *strake_project_repo_path(const StrakeProjectRepo *repo, const char *root, const char *path);

/** strake_project_tree_at: directory @path of @commit; NULL without an error: there is none. */
git_tree *strake_project_tree_at(
	const StrakeProjectRepo *repo, const git_commit *commit, const char *path);
git_tree *strake_project_lock_tree(const StrakeProjectRepo *repo, const git_commit *commit);

/** strake_project_locks_new: name -> StrakeProjectLock. */
GHashTable *strake_project_locks_new(void);
/** strake_project_read_locks: adds the locks of @tree in files that differ from those of @parent
 * (NULL: all). Broken ones are no locks, unless @error is given. */
bool strake_project_read_locks(const StrakeProjectRepo *repo, GHashTable *locks,
	const git_tree *tree, const git_tree *parent, GError **error);
/** strake_project_read_commit: all locks of the commit @id; broken ones are an error. */
bool strake_project_read_commit(
	const StrakeProjectRepo *repo, GHashTable *locks, const git_oid *id, GError **error);
