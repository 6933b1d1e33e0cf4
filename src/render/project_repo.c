// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The project's own repository: where its locks lie and what they say at a commit.
#include "render/project_repo_private.h"

#include <string.h>

#include "base/error.h"
#include "format/toml.h"
#include "upstream/git.h"

#define OWN_FILE "components.lock"
#define SUFFIX ".lock"

static void lock_free(void *data)
{
	StrakeProjectLock *lock = data;

	g_free(lock->import_commit);
	g_free(lock->upstream_commit);
	g_free(lock->fingerprint);
	g_free(lock);
}

// -- locks as text

static char *string_of(const StrakeTomlValue *table, const char *key)
{
	const StrakeTomlEntry *entry = strake_toml_get(table, key);

	if (entry == NULL || entry->value.kind != STRAKE_TOML_STRING ||
		entry->value.string.size == 0)
		return NULL;
	return g_strdup(entry->value.string.text);
}

static void add_lock(GHashTable *locks, const char *name, const StrakeTomlValue *table)
{
	StrakeProjectLock *lock;

	if (table->kind != STRAKE_TOML_TABLE)
		return;
	lock = g_new0(StrakeProjectLock, 1);
	lock->import_commit = string_of(table, "import-commit");
	lock->upstream_commit = string_of(table, "upstream-commit");
	lock->fingerprint = string_of(table, "input-fingerprint");
	g_hash_table_insert(locks, g_strdup(name), lock);
}

/* Not the lock of an upstream's packages, which lies beside. */
static bool is_lock(const StrakeTomlValue *root)
{
	return strake_toml_get(root, "input-fingerprint") != NULL ||
	       strake_toml_get(root, "upstream-commit") != NULL;
}

static bool check_version(const StrakeTomlValue *root, GError **error)
{
	const StrakeTomlEntry *version = strake_toml_get(root, "version");

	if (version != NULL && version->value.kind == STRAKE_TOML_INTEGER &&
		version->value.integer == 1)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		OWN_FILE ": its version is not 1, the only one that is known");
}

/* The locks in @text. @name: of the one component of a file of azldev's; NULL: our file. */
static bool read_locks(
	GHashTable *locks, const char *name, const char *text, size_t size, GError **error)
{
	g_autoptr(StrakeToml) toml =
		strake_toml_parse(text, size, name != NULL ? name : OWN_FILE, error);
	const StrakeTomlEntry *all;

	if (toml == NULL)
		return false;
	if (name != NULL) {
		if (is_lock(strake_toml_root(toml)))
			add_lock(locks, name, strake_toml_root(toml));
		return true;
	}
	if (!check_version(strake_toml_root(toml), error))
		return false;
	all = strake_toml_get(strake_toml_root(toml), "components");
	if (all == NULL || all->value.kind != STRAKE_TOML_TABLE)
		return true;
	for (size_t i = 0; i < all->value.table.count; i++)
		add_lock(
			locks, all->value.table.entries[i].key, &all->value.table.entries[i].value);
	return true;
}

// -- trees

void strake_project_repo_clear(StrakeProjectRepo *repo)
{
	git_repository_free(repo->repo);
	g_free(repo->lock_dir);
}

bool strake_project_git_problem(GError **error, const char *verb, const char *name)
{
	const git_error *last = git_error_last();

	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s '%s': %s", verb, name,
		last != NULL ? last->message : "unknown error of libgit2");
}

char *strake_project_repo_path(const StrakeProjectRepo *repo, const char *root, const char *path)
{
	g_autofree char *work = g_canonicalize_filename(git_repository_workdir(repo->repo), "/");
	g_autofree char *wanted = g_canonicalize_filename(path, "/");
	g_autofree char *canonical = g_canonicalize_filename(root, "/");
	g_autofree char *real = realpath(root, NULL);
	size_t size = strlen(work);

	// The same place may have another name through a link.
	if (!g_str_has_prefix(wanted, work) && real != NULL &&
		g_str_has_prefix(wanted, canonical)) {
		char *moved = g_strconcat(real, wanted + strlen(canonical), NULL);
		g_free(wanted);
		wanted = moved;
	}
	if (!g_str_has_prefix(wanted, work) || (wanted[size] != '/' && wanted[size] != '\0'))
		return NULL;
	return g_strdup(wanted + size + (wanted[size] == '/'));
}

bool strake_project_repo_open(
	const char *root, const char *lock_dir, StrakeProjectRepo *out, GError **error)
{
	git_repository *repo = NULL;
	int rc;

	strake_git_start();
	rc = git_repository_open_ext(&repo, root, 0, NULL);
	if (rc == GIT_ENOTFOUND)
		return true;
	if (rc != 0)
		return strake_project_git_problem(error, "open the project's repository at", root);
	out->repo = repo;
	if (git_repository_workdir(repo) != NULL)
		out->lock_dir = strake_project_repo_path(out, root, lock_dir);
	if (out->lock_dir == NULL)
		g_clear_pointer(&out->repo, git_repository_free);
	return true;
}

git_tree *strake_project_tree_at(
	const StrakeProjectRepo *repo, const git_commit *commit, const char *path)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	git_tree *below = NULL;

	if (git_commit_tree(&tree, commit) != 0)
		return NULL;
	if (*path == '\0')
		return tree;
	if (git_tree_entry_bypath(&entry, tree, path) == 0 &&
		git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		git_tree_lookup(&below, repo->repo, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return below;
}

git_tree *strake_project_lock_tree(const StrakeProjectRepo *repo, const git_commit *commit)
{
	return strake_project_tree_at(repo, commit, repo->lock_dir);
}

static bool is_lock_file(const git_tree_entry *entry)
{
	return git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
	       g_str_has_suffix(git_tree_entry_name(entry), SUFFIX);
}

/* Adds the locks of a lock file. Files of other kinds (the packages' lock of an upstream) have no
 * table that we look for. */
static bool read_entry(const StrakeProjectRepo *repo, GHashTable *locks,
	const git_tree_entry *entry, GError **error)
{
	const char *file = git_tree_entry_name(entry);
	g_autofree char *name = NULL;
	git_blob *blob = NULL;
	bool ok;

	if (git_blob_lookup(&blob, repo->repo, git_tree_entry_id(entry)) != 0)
		return strake_project_git_problem(error, "read", file);
	if (strcmp(file, OWN_FILE) != 0)
		name = g_strndup(file, strlen(file) - strlen(SUFFIX));
	ok = read_locks(
		locks, name, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), error);
	git_blob_free(blob);
	return ok;
}

static bool same_entry(const git_tree_entry *entry, const git_tree *other)
{
	const git_tree_entry *old =
		other != NULL ? git_tree_entry_byname(other, git_tree_entry_name(entry)) : NULL;

	return old != NULL && git_oid_equal(git_tree_entry_id(old), git_tree_entry_id(entry));
}

bool strake_project_read_locks(const StrakeProjectRepo *repo, GHashTable *locks,
	const git_tree *tree, const git_tree *parent, GError **error)
{
	for (size_t i = 0; tree != NULL && i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		if (!is_lock_file(entry) || same_entry(entry, parent))
			continue;
		if (!read_entry(repo, locks, entry, error) && error != NULL)
			return false;
	}
	return true;
}

GHashTable *strake_project_locks_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lock_free);
}

bool strake_project_read_commit(
	const StrakeProjectRepo *repo, GHashTable *locks, const git_oid *id, GError **error)
{
	git_commit *commit = NULL;
	git_tree *tree;
	bool ok;

	if (git_commit_lookup(&commit, repo->repo, id) != 0)
		return strake_project_git_problem(error, "read the project's commit", "HEAD");
	tree = strake_project_lock_tree(repo, commit);
	ok = strake_project_read_locks(repo, locks, tree, NULL, error);
	git_tree_free(tree);
	git_commit_free(commit);
	if (!ok)
		g_prefix_error(error, "as committed in the project: ");
	return ok;
}
