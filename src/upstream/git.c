// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libgit2 behind our error rule.
#include "upstream/git_private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/path.h"

enum {
	MAX_FILE_BYTES = 64 * 1024 * 1024,
	MAX_TREE_BYTES = 256 * 1024 * 1024,
	MAX_FILES = 20000,
	MAX_ENTRIES = 3 * MAX_FILES,
	MAX_DEPTH = 64,
	MAX_HISTORY = 100000,
};

// All branches, and nothing else: tags and notes of the far side are not ours to keep.
#define REFSPEC "+refs/heads/*:refs/heads/*"

bool strake_git_failed(GError **error, const char *verb, const char *name)
{
	const git_error *last = git_error_last();

	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s '%s': %s", verb, name,
		last != NULL ? last->message : "unknown error of libgit2");
}

void strake_git_start(void)
{
	static gsize started;

	if (!g_once_init_enter(&started))
		return;
	git_libgit2_init();
	// Neither the user's nor the system's configuration may change what we read.
	for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	g_once_init_leave(&started, 1);
}

StrakeGit *strake_git_open(const char *path, const char *uri, GError **error)
{
	g_autoptr(StrakeGit) git = g_new0(StrakeGit, 1);

	strake_git_start();
	git->uri = g_strdup(uri);
	if (git_repository_open_bare(&git->repo, path) == 0)
		return g_steal_pointer(&git);
	if (!strake_path_mkdirs(AT_FDCWD, path, error))
		return NULL;
	if (git_repository_init(&git->repo, path, 1) != 0) {
		strake_git_failed(error, "make git repository", path);
		return NULL;
	}
	return g_steal_pointer(&git);
}

void strake_git_free(StrakeGit *git)
{
	if (git == NULL)
		return;
	git_repository_free(git->repo);
	g_free(git->uri);
	g_free(git);
}

static int stop_on_signal(const git_indexer_progress *stats, void *data)
{
	return strake_cancel_requested() ? -1 : 0;
}

bool strake_git_fetch(StrakeGit *git, GError **error)
{
	char refspec[] = REFSPEC;
	char *refspecs[] = {refspec};
	const git_strarray wanted = {refspecs, 1};
	git_fetch_options options = GIT_FETCH_OPTIONS_INIT;
	git_remote *remote = NULL;
	bool ok;

	options.prune = GIT_FETCH_PRUNE;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.callbacks.transfer_progress = stop_on_signal;
	if (git_remote_create_anonymous(&remote, git->repo, git->uri) != 0)
		return strake_git_failed(error, "fetch", git->uri);
	ok = git_remote_fetch(remote, &wanted, &options, NULL) == 0;
	if (!ok && strake_cancel_check(error))
		strake_git_failed(error, "fetch", git->uri);
	git_remote_free(remote);
	return ok;
}

git_commit *strake_git_commit_of_id(StrakeGit *git, const char *id, GError **error)
{
	size_t length = strlen(id);
	git_commit *commit = NULL;
	git_oid oid;
	int rc;

	if (length < 7 || length > 40 || strspn(id, "0123456789abcdefABCDEF") != length) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is not a commit id: expected 7 to 40 hexadecimal digits", id);
		return NULL;
	}
	git_oid_fromstrn(&oid, id, length);
	rc = git_commit_lookup_prefix(&commit, git->repo, &oid, length);
	if (rc == 0)
		return commit;
	if (rc == GIT_EAMBIGUOUS)
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"commit id '%s' is ambiguous in %s; give more digits", id, git->uri);
	else
		strake_error_set(
			error, STRAKE_ERROR_NOT_FOUND, "%s has no commit '%s'", git->uri, id);
	return NULL;
}

static git_commit *tip_of_branch(StrakeGit *git, const char *branch, GError **error)
{
	g_autofree char *name = g_strconcat("refs/heads/", branch, NULL);
	git_commit *commit = NULL;
	git_oid oid;

	if (git_reference_name_to_id(&oid, git->repo, name) == 0 &&
		git_commit_lookup(&commit, git->repo, &oid) == 0)
		return commit;
	strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "%s has no branch '%s'", git->uri, branch);
	return NULL;
}

// Replaces @commit by its first parent; false at the root.
static bool step_back(git_commit **commit)
{
	git_commit *parent = NULL;
	bool more = git_commit_parent(&parent, *commit, 0) == 0;

	git_commit_free(*commit);
	*commit = parent;
	return more;
}

static git_commit *walk_to_snapshot(
	StrakeGit *git, git_commit *tip, const StrakeGitWant *want, GError **error)
{
	git_commit *commit = tip;

	for (int steps = 0; git_commit_time(commit) > want->snapshot_s; steps++) {
		if (steps < MAX_HISTORY && step_back(&commit))
			continue;
		git_commit_free(commit);
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"branch '%s' of %s has no commit as old as the snapshot", want->branch,
			git->uri);
		return NULL;
	}
	return commit;
}

static char *id_of_commit(git_commit *commit)
{
	char text[GIT_OID_HEXSZ + 1];

	git_oid_tostr(text, sizeof(text), git_commit_id(commit));
	git_commit_free(commit);
	return g_strdup(text);
}

char *strake_git_resolve(StrakeGit *git, const StrakeGitWant *want, GError **error)
{
	git_commit *commit;

	if (want->commit != NULL) {
		commit = strake_git_commit_of_id(git, want->commit, error);
		return commit != NULL ? id_of_commit(commit) : NULL;
	}
	commit = tip_of_branch(git, want->branch, error);
	if (commit != NULL && want->snapshot_s > 0)
		commit = walk_to_snapshot(git, commit, want, error);
	return commit != NULL ? id_of_commit(commit) : NULL;
}

typedef struct {
	StrakeGit *git;
	const char *commit;
	GPtrArray *files;
	uint64_t bytes;
	unsigned n_entries;
} Reader;

static void file_free(gpointer data)
{
	StrakeGitFile *file = data;

	g_free(file->path);
	g_clear_pointer(&file->content, g_bytes_unref);
	g_free(file);
}

static bool hostile(const Reader *reader, const char *path, const char *why, GError **error)
{
	g_autofree char *shown = g_strescape(path, NULL);

	return strake_error_set(error, STRAKE_ERROR_INVALID, "commit %.12s of %s: '%s' %s",
		reader->commit, reader->git->uri, shown, why);
}

static bool check_name(const Reader *reader, const char *name, const char *path, GError **error)
{
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return hostile(reader, path, "has a control character in its name", error);
	if (!strake_path_is_clean(name) || strchr(name, '/') != NULL)
		return hostile(reader, path, "is not a plain name", error);
	// The second is what Windows may call the first.
	if (g_ascii_strcasecmp(name, ".git") == 0 || g_ascii_strcasecmp(name, "git~1") == 0)
		return hostile(reader, path, "is a git directory inside the tree", error);
	return true;
}

static GBytes *read_blob(const Reader *reader, const git_oid *id, const char *path, GError **error)
{
	git_blob *blob = NULL;
	git_odb *odb = NULL;
	git_object_t type;
	size_t size = 0;
	GBytes *content = NULL;

	// The size comes from the object's header, before anything is inflated.
	if (git_repository_odb(&odb, reader->git->repo) != 0 ||
		git_odb_read_header(&size, &type, odb, id) != 0) {
		strake_git_failed(error, "read", path);
	} else if (size > MAX_FILE_BYTES || reader->bytes + size > MAX_TREE_BYTES) {
		hostile(reader, path, "is too large for a package's sources", error);
	} else if (git_blob_lookup(&blob, reader->git->repo, id) != 0) {
		strake_git_failed(error, "read", path);
	} else {
		content = g_bytes_new(git_blob_rawcontent(blob), size);
	}
	git_blob_free(blob);
	git_odb_free(odb);
	return content;
}

static bool link_stays(const char *path, GBytes *content)
{
	size_t size;
	const char *data = g_bytes_get_data(content, &size);
	g_autofree char *target = g_strndup(data, size);

	return strake_path_link_stays(path, target);
}

static bool add_file(Reader *reader, const git_tree_entry *entry, char *path, GError **error)
{
	g_autofree char *owned = path;
	StrakeGitFile *file;
	GBytes *content;

	if (reader->files->len >= MAX_FILES)
		return hostile(reader, path, "is one file too many for a package's sources", error);
	content = read_blob(reader, git_tree_entry_id(entry), path, error);
	if (content == NULL)
		return false;
	if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK && !link_stays(path, content)) {
		g_bytes_unref(content);
		return hostile(reader, path, "is a link that leads out of the tree", error);
	}
	file = g_new0(StrakeGitFile, 1);
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_LINK:
		file->mode = S_IFLNK;
		break;
	case GIT_FILEMODE_BLOB_EXECUTABLE:
		file->mode = 0755;
		break;
	default:
		file->mode = 0644;
	}
	file->path = g_steal_pointer(&owned);
	file->content = content;
	reader->bytes += g_bytes_get_size(content);
	g_ptr_array_add(reader->files, file);
	return true;
}

static bool read_tree(
	Reader *reader, const git_tree *tree, const char *prefix, int depth, GError **error);

static bool read_entry(
	Reader *reader, const git_tree_entry *entry, const char *prefix, int depth, GError **error)
{
	const char *name = git_tree_entry_name(entry);
	g_autofree char *path = g_strconcat(prefix, name, NULL);
	g_autofree char *below = NULL;
	git_tree *tree = NULL;
	bool ok;

	if (!check_name(reader, name, path, error))
		return false;
	// Directories that hold each other's like cost nothing to make.
	if (++reader->n_entries > MAX_ENTRIES)
		return hostile(
			reader, path, "is one entry too many for a package's sources", error);
	switch (git_tree_entry_type(entry)) {
	case GIT_OBJECT_BLOB:
		return add_file(reader, entry, g_steal_pointer(&path), error);
	case GIT_OBJECT_TREE:
		break;
	default:
		return true; // a sub-module: scrubbed
	}
	if (git_tree_lookup(&tree, reader->git->repo, git_tree_entry_id(entry)) != 0)
		return strake_git_failed(error, "read", path);
	below = g_strconcat(path, "/", NULL);
	ok = read_tree(reader, tree, below, depth + 1, error);
	git_tree_free(tree);
	return ok;
}

static bool read_tree(
	Reader *reader, const git_tree *tree, const char *prefix, int depth, GError **error)
{
	if (depth > MAX_DEPTH)
		return hostile(reader, prefix, "is nested too deeply", error);
	for (size_t i = 0; i < git_tree_entrycount(tree); i++)
		if (!read_entry(reader, git_tree_entry_byindex(tree, i), prefix, depth, error))
			return false;
	return true;
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	return strcmp(
		(*(const StrakeGitFile *const *)a)->path, (*(const StrakeGitFile *const *)b)->path);
}

GPtrArray *strake_git_tree(StrakeGit *git, const char *commit, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_free);
	Reader reader = {.git = git, .commit = commit, .files = files};
	git_commit *found = strake_git_commit_of_id(git, commit, error);
	git_tree *tree = NULL;
	bool ok;

	if (found == NULL)
		return NULL;
	ok = git_commit_tree(&tree, found) == 0 ? read_tree(&reader, tree, "", 0, error)
						: strake_git_failed(error, "read tree of", commit);
	git_tree_free(tree);
	git_commit_free(found);
	if (!ok)
		return NULL;
	g_ptr_array_sort(files, by_path);
	return g_steal_pointer(&files);
}

GBytes *strake_git_file(StrakeGit *git, const char *commit, const char *path, GError **error)
{
	const Reader reader = {.git = git, .commit = commit};
	git_commit *found = strake_git_commit_of_id(git, commit, error);
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	GBytes *content = NULL;

	if (found == NULL)
		return NULL;
	if (git_commit_tree(&tree, found) != 0 || git_tree_entry_bypath(&entry, tree, path) != 0 ||
		git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"commit %.12s of %s has no file '%s'", commit, git->uri, path);
	else
		content = read_blob(&reader, git_tree_entry_id(entry), path, error);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	git_commit_free(found);
	return content;
}

static void commit_free(gpointer data)
{
	StrakeGitCommit *commit = data;

	g_free(commit->id);
	g_free(commit->author);
	g_free(commit->email);
	g_free(commit->subject);
	g_free(commit->body);
	g_free(commit);
}

static StrakeGitCommit *describe(git_commit *commit)
{
	const git_signature *author = git_commit_author(commit);
	const char *subject = git_commit_summary(commit);
	const char *body = git_commit_body(commit);
	StrakeGitCommit *out = g_new0(StrakeGitCommit, 1);
	char id[GIT_OID_HEXSZ + 1];

	git_oid_tostr(id, sizeof(id), git_commit_id(commit));
	out->id = g_strdup(id);
	out->author = g_utf8_make_valid(author->name, -1);
	out->email = g_utf8_make_valid(author->email, -1);
	out->time_s = author->when.time;
	out->offset_minutes = author->when.offset;
	out->subject = g_utf8_make_valid(subject != NULL ? subject : "", -1);
	out->body = g_utf8_make_valid(body != NULL ? body : "", -1);
	return out;
}

GPtrArray *strake_git_history(StrakeGit *git, const char *commit, const char *stop, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(commit_free);
	git_commit *at = strake_git_commit_of_id(git, commit, error);
	bool found = stop == NULL;

	if (at == NULL)
		return NULL;
	do {
		StrakeGitCommit *described = describe(at);

		g_ptr_array_add(list, described);
		if (stop != NULL && g_str_has_prefix(described->id, stop)) {
			found = true;
			break;
		}
	} while (list->len < MAX_HISTORY && step_back(&at));
	git_commit_free(at);
	if (!found) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"commit %.12s is not a first-parent ancestor of %.12s in %s", stop, commit,
			git->uri);
		return NULL;
	}
	return g_steal_pointer(&list);
}
