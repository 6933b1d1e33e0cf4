// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A package's history: what each commit changed and which spec it had.
#include <string.h>

#include "base/error.h"
#include "upstream/git_private.h"

enum { MAX_COMMITS = 100000, MAX_SPEC_BYTES = 16 * 1024 * 1024 };

typedef struct {
	StrakeGit *git;
	const char *spec_name;
	bool (*is_unimportant)(const char *name);
	GHashTable *specs; // blob id -> GBytes
} Walk;

static void package_commit_free(void *data)
{
	StrakeGitPackageCommit *commit = data;

	g_free(commit->id);
	g_free(commit->author);
	g_free(commit->message);
	g_clear_pointer(&commit->spec, g_bytes_unref);
	g_clear_pointer(&commit->changelog, g_bytes_unref);
	g_free(commit);
}

// NULL when @entry is no file or too large for one that we read.
static GBytes *content_of(Walk *walk, const git_tree_entry *entry)
{
	git_blob *blob = NULL;
	GBytes *content = NULL;

	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB ||
		git_blob_lookup(&blob, walk->git->repo, git_tree_entry_id(entry)) != 0)
		return NULL;
	if (git_blob_rawsize(blob) <= MAX_SPEC_BYTES)
		content = g_bytes_new(git_blob_rawcontent(blob), (gsize)git_blob_rawsize(blob));
	git_blob_free(blob);
	return content;
}

static GBytes *spec_of(Walk *walk, const git_tree_entry *entry)
{
	char id[GIT_OID_HEXSZ + 1];
	GBytes *spec;

	git_oid_tostr(id, sizeof(id), git_tree_entry_id(entry));
	spec = g_hash_table_lookup(walk->specs, id);
	if (spec == NULL) {
		spec = content_of(walk, entry);
		if (spec == NULL)
			return NULL;
		g_hash_table_insert(walk->specs, g_strdup(id), spec);
	}
	return g_bytes_ref(spec);
}

static void note_change(Walk *walk, StrakeGitPackageCommit *out, const git_tree_entry *entry)
{
	bool is_dir = git_tree_entry_type(entry) == GIT_OBJECT_TREE;
	g_autofree char *name = g_strconcat(git_tree_entry_name(entry), is_dir ? "/" : "", NULL);

	out->unimportant = (!out->changed || out->unimportant) && walk->is_unimportant(name);
	out->changed = true;
}

static void compare(
	Walk *walk, StrakeGitPackageCommit *out, const git_tree *tree, const git_tree *parent)
{
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(entry);
		const git_tree_entry *old =
			parent != NULL ? git_tree_entry_byname(parent, name) : NULL;
		if (old != NULL && git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(entry)))
			continue;
		note_change(walk, out, entry);
		if (strcmp(name, "changelog") == 0)
			out->changelog = content_of(walk, entry);
	}
	for (size_t i = 0; parent != NULL && i < git_tree_entrycount(parent); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(parent, i);
		if (git_tree_entry_byname(tree, git_tree_entry_name(entry)) == NULL)
			note_change(walk, out, entry);
	}
}

static StrakeGitPackageCommit *describe(
	Walk *walk, git_commit *commit, const git_tree *tree, const git_tree *parent)
{
	StrakeGitPackageCommit *out = g_new0(StrakeGitPackageCommit, 1);
	const git_signature *author = git_commit_author(commit);
	const git_tree_entry *spec = git_tree_entry_byname(tree, walk->spec_name);
	g_autofree char *who = g_strdup_printf("%s <%s>", author->name, author->email);
	char id[GIT_OID_HEXSZ + 1];

	git_oid_tostr(id, sizeof(id), git_commit_id(commit));
	out->id = g_strdup(id);
	out->author = g_utf8_make_valid(who, -1);
	out->message = g_utf8_make_valid(git_commit_message(commit), -1);
	out->time_s = author->when.time;
	if (spec != NULL)
		out->spec = spec_of(walk, spec);
	out->has_spec = out->spec != NULL;
	compare(walk, out, tree, parent);
	return out;
}

// The tree of @commit's first parent and the parent itself; both NULL at the root.
static bool read_parent(Walk *walk, git_commit *commit, git_commit **out_parent,
	git_tree **out_tree, GError **error)
{
	char id[GIT_OID_HEXSZ + 1];
	int rc;

	*out_parent = NULL;
	*out_tree = NULL;
	if (git_commit_parentcount(commit) == 0)
		return true;
	rc = git_commit_parent(out_parent, commit, 0);
	if (rc == GIT_ENOTFOUND) // a shallow copy ends here
		return true;
	if (rc == 0 && git_commit_tree(out_tree, *out_parent) == 0)
		return true;
	git_oid_tostr(id, sizeof(id), git_commit_id(commit));
	return strake_git_failed(error, "read parent of", id);
}

GPtrArray *strake_git_package_history(StrakeGit *git, const char *commit, const char *spec_name,
	bool (*is_unimportant)(const char *name),
	bool (*wanted)(const StrakeGitPackageCommit *commit, void *data), void *data,
	GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(package_commit_free);
	g_autoptr(GHashTable) specs = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
	Walk walk = {git, spec_name, is_unimportant, specs};
	git_commit *at = strake_git_commit_of_id(git, commit, error);
	git_tree *tree = NULL;
	bool ok = at != NULL;

	if (ok && git_commit_tree(&tree, at) != 0)
		ok = strake_git_failed(error, "read tree of", commit);
	while (ok && at != NULL) {
		git_commit *parent = NULL;
		git_tree *parent_tree = NULL;
		StrakeGitPackageCommit *described;
		bool more;

		ok = read_parent(&walk, at, &parent, &parent_tree, error);
		if (ok) {
			described = describe(&walk, at, tree, parent_tree);
			g_ptr_array_add(list, described);
			more = list->len < MAX_COMMITS &&
			       (wanted == NULL || wanted(described, data));
			if (!more) {
				g_clear_pointer(&parent, git_commit_free);
				g_clear_pointer(&parent_tree, git_tree_free);
			}
		}
		git_commit_free(at);
		git_tree_free(tree);
		at = parent;
		tree = parent_tree;
	}
	git_commit_free(at);
	git_tree_free(tree);
	return ok ? g_steal_pointer(&list) : NULL;
}
