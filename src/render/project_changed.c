// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Locks are read, rendered `sources` compared by id only.
#include "render/project_changed.h"

#include <string.h>

#include "base/error.h"
#include "render/project_repo_private.h"
#include "render/render.h"

typedef struct {
	git_commit *commit;
	GHashTable *locks;
	git_tree *rendered; // NULL: none
} State;

static void state_clear(State *state)
{
	git_tree_free(state->rendered);
	git_commit_free(state->commit);
	g_clear_pointer(&state->locks, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(State, state_clear)

static bool open_state(const StrakeProjectRepo *repo, const char *revision, const char *rendered,
	State *out, GError **error)
{
	git_object *object = NULL;
	git_object *commit = NULL;

	if (git_revparse_single(&object, repo->repo, revision) != 0 ||
		git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0) {
		git_object_free(object);
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the project's repository has no revision '%s'", revision);
	}
	git_object_free(object);
	out->commit = (git_commit *)commit;
	out->locks = strake_project_locks_new();
	if (rendered != NULL)
		out->rendered = strake_project_tree_at(repo, out->commit, rendered);
	return strake_project_read_commit(repo, out->locks, git_commit_id(out->commit), error);
}

static git_tree_entry *sources_of(const State *state, const char *name)
{
	g_autofree char *dir = strake_render_dir(name);
	g_autofree char *path = g_strconcat(dir, "/sources", NULL);
	git_tree_entry *entry = NULL;

	if (state->rendered != NULL)
		(void)git_tree_entry_bypath(&entry, state->rendered, path);
	return entry;
}

static bool sources_differ(const State *from, const State *to, const char *name)
{
	git_tree_entry *a = sources_of(from, name);
	git_tree_entry *b = sources_of(to, name);
	bool differ = (a == NULL) != (b == NULL) ||
		      (a != NULL && !git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)));

	git_tree_entry_free(a);
	git_tree_entry_free(b);
	return differ;
}

static void diff_free(void *data)
{
	StrakeComponentDiff *diff = data;

	g_free(diff->name);
	g_free(diff->old_commit);
	g_free(diff->new_commit);
	g_free(diff);
}

static StrakeComponentDiff *compare(const State *from, const State *to, const char *name)
{
	const StrakeProjectLock *a = g_hash_table_lookup(from->locks, name);
	const StrakeProjectLock *b = g_hash_table_lookup(to->locks, name);
	StrakeComponentDiff *diff = g_new0(StrakeComponentDiff, 1);

	diff->name = g_strdup(name);
	diff->old_commit = g_strdup(a != NULL ? a->upstream_commit : NULL);
	diff->new_commit = g_strdup(b != NULL ? b->upstream_commit : NULL);
	if (a == NULL || b == NULL)
		diff->change = a == NULL ? STRAKE_COMPONENT_ADDED : STRAKE_COMPONENT_DELETED;
	else if (g_strcmp0(a->fingerprint, b->fingerprint) != 0 ||
		 g_strcmp0(a->upstream_commit, b->upstream_commit) != 0)
		diff->change = STRAKE_COMPONENT_CHANGED;
	diff->sources = sources_differ(from, to, name);
	return diff;
}

static int compare_diffs(const void *a, const void *b)
{
	return strcmp((*(const StrakeComponentDiff *const *)a)->name,
		(*(const StrakeComponentDiff *const *)b)->name);
}

static GPtrArray *compare_all(const State *from, const State *to)
{
	GPtrArray *out = g_ptr_array_new_with_free_func(diff_free);
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, from->locks);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(out, compare(from, to, name));
	g_hash_table_iter_init(&iter, to->locks);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(from->locks, name))
			g_ptr_array_add(out, compare(from, to, name));
	g_ptr_array_sort(out, compare_diffs);
	return out;
}

GPtrArray *strake_project_changed(const char *root, const char *lock_dir, const char *rendered_dir,
	const char *from_name, const char *to_name, GError **error)
{
	g_auto(StrakeProjectRepo) repo = {NULL, NULL};
	g_auto(State) from = {NULL, NULL, NULL};
	g_auto(State) to = {NULL, NULL, NULL};
	g_autofree char *rendered = NULL;

	if (!strake_project_repo_open(root, lock_dir, &repo, error))
		return NULL;
	if (repo.repo == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the project at '%s' (or its lock directory) is not in a git repository",
			root);
		return NULL;
	}
	if (rendered_dir != NULL)
		rendered = strake_project_repo_path(&repo, root, rendered_dir);
	if (!open_state(&repo, from_name, rendered, &from, error) ||
		!open_state(&repo, to_name, rendered, &to, error))
		return NULL;
	return compare_all(&from, &to);
}
