// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One walk over the project's commits; trees are compared by id, so that a commit costs what it
// changed in the lock directory and nothing else.
#include "render/project_history.h"

#include <git2.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "format/toml.h"
#include "upstream/git.h"

#define OWN_FILE "components.lock"
#define SUFFIX ".lock"
#define MEMO_KIND "project-history"

enum { MEMO_VERSION = 1, MAX_COMMITS = 1000000 };

struct StrakeProjectHistory {
	GHashTable *head;    // name -> StrakeProjectLock
	GHashTable *changes; // name -> GPtrArray of StrakeProjectChange
};

static void lock_free(void *data)
{
	StrakeProjectLock *lock = data;

	g_free(lock->import_commit);
	g_free(lock->upstream_commit);
	g_free(lock->fingerprint);
	g_free(lock);
}

static void change_free(void *data)
{
	StrakeProjectChange *change = data;

	g_free(change->commit);
	g_free(change->author);
	g_free(change->message);
	g_free(change->upstream_commit);
	g_free(change->fingerprint);
	g_free(change);
}

static StrakeProjectHistory *history_new(void)
{
	StrakeProjectHistory *history = g_new0(StrakeProjectHistory, 1);

	history->head = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lock_free);
	history->changes = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	return history;
}

void strake_project_history_free(StrakeProjectHistory *history)
{
	if (history == NULL)
		return;
	g_hash_table_unref(history->head);
	g_hash_table_unref(history->changes);
	g_free(history);
}

const StrakeProjectLock *strake_project_history_head(
	const StrakeProjectHistory *history, const char *name)
{
	return g_hash_table_lookup(history->head, name);
}

const GPtrArray *strake_project_history_changes(
	const StrakeProjectHistory *history, const char *name)
{
	return g_hash_table_lookup(history->changes, name);
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
		add_lock(locks, name, strake_toml_root(toml));
		return true;
	}
	all = strake_toml_get(strake_toml_root(toml), "components");
	if (all == NULL || all->value.kind != STRAKE_TOML_TABLE)
		return true;
	for (size_t i = 0; i < all->value.table.count; i++)
		add_lock(
			locks, all->value.table.entries[i].key, &all->value.table.entries[i].value);
	return true;
}

// -- trees

typedef struct {
	git_repository *repo;
	char *lock_dir; // below the work tree, "" for its root
} Repo;

static void repo_clear(Repo *repo)
{
	git_repository_free(repo->repo);
	g_free(repo->lock_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Repo, repo_clear)

static bool git_problem(GError **error, const char *verb, const char *name)
{
	const git_error *last = git_error_last();

	return strake_error_set(error, STRAKE_ERROR_FAILED, "%s '%s': %s", verb, name,
		last != NULL ? last->message : "unknown error of libgit2");
}

// Leaves @out->repo NULL for a project outside of git or with its locks outside of the work tree.
static bool open_repo(const char *root, const char *lock_dir, Repo *out, GError **error)
{
	git_repository *repo = NULL;
	g_autofree char *workdir = NULL;
	g_autofree char *locks = NULL;
	int rc;

	strake_git_start();
	rc = git_repository_open_ext(&repo, root, 0, NULL);
	if (rc == GIT_ENOTFOUND)
		return true;
	if (rc != 0)
		return git_problem(error, "open the project's repository at", root);
	out->repo = repo;
	if (git_repository_workdir(repo) == NULL) {
		g_clear_pointer(&out->repo, git_repository_free);
		return true;
	}
	workdir = g_canonicalize_filename(git_repository_workdir(repo), "/");
	locks = g_canonicalize_filename(lock_dir, "/");
	if (!g_str_has_prefix(locks, workdir) ||
		(locks[strlen(workdir)] != '/' && locks[strlen(workdir)] != '\0')) {
		// The same place may have another name through a link.
		g_autofree char *real = realpath(root, NULL);
		g_autofree char *canonical = g_canonicalize_filename(root, "/");
		const char *below = NULL;
		if (real != NULL && g_str_has_prefix(real, workdir) &&
			g_str_has_prefix(locks, canonical))
			below = locks + strlen(canonical);
		if (below == NULL) {
			g_clear_pointer(&out->repo, git_repository_free);
			return true;
		}
		g_autofree char *moved = g_strconcat(real, below, NULL);
		g_free(g_steal_pointer(&locks));
		locks = g_steal_pointer(&moved);
	}
	out->lock_dir = g_strdup(locks + strlen(workdir) + (locks[strlen(workdir)] == '/'));
	return true;
}

// NULL without an error when @commit has no lock directory.
static git_tree *lock_tree(const Repo *repo, const git_commit *commit)
{
	git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	git_tree *below = NULL;

	if (git_commit_tree(&tree, commit) != 0)
		return NULL;
	if (*repo->lock_dir == '\0')
		return tree;
	if (git_tree_entry_bypath(&entry, tree, repo->lock_dir) == 0 &&
		git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		git_tree_lookup(&below, repo->repo, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return below;
}

static bool is_lock_file(const git_tree_entry *entry)
{
	return git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
	       g_str_has_suffix(git_tree_entry_name(entry), SUFFIX);
}

/* Adds the locks of a lock file. Files of other kinds (the packages' lock of an upstream) have no
 * table that we look for. */
static bool read_entry(
	const Repo *repo, GHashTable *locks, const git_tree_entry *entry, GError **error)
{
	const char *file = git_tree_entry_name(entry);
	g_autofree char *name = NULL;
	git_blob *blob = NULL;
	bool ok;

	if (git_blob_lookup(&blob, repo->repo, git_tree_entry_id(entry)) != 0)
		return git_problem(error, "read", file);
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

// The locks of @tree in files that differ from those of @parent (NULL: all). Broken ones are no
// locks, unless @error is given.
static bool read_tree(const Repo *repo, GHashTable *locks, const git_tree *tree,
	const git_tree *parent, GError **error)
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

static GHashTable *locks_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, lock_free);
}

// -- the walk

typedef struct {
	const Repo *repo;
	StrakeProjectHistory *history;
} Walk;

static void add_change(
	Walk *walk, git_commit *commit, const char *name, const StrakeProjectLock *lock)
{
	GPtrArray *list = g_hash_table_lookup(walk->history->changes, name);
	const git_signature *author = git_commit_author(commit);
	const StrakeProjectChange *last = list != NULL ? list->pdata[list->len - 1] : NULL;
	StrakeProjectChange *change;
	g_autofree char *who = NULL;
	char id[GIT_OID_HEXSZ + 1];

	if (g_strcmp0(last != NULL ? last->fingerprint : NULL, lock->fingerprint) == 0)
		return;
	if (list == NULL) {
		list = g_ptr_array_new_with_free_func(change_free);
		g_hash_table_insert(walk->history->changes, g_strdup(name), list);
	}
	change = g_new0(StrakeProjectChange, 1);
	git_oid_tostr(id, sizeof(id), git_commit_id(commit));
	who = g_strdup_printf("%s <%s>", author->name, author->email);
	change->commit = g_strdup(id);
	change->author = g_utf8_make_valid(who, -1);
	change->time_s = author->when.time;
	change->message = g_utf8_make_valid(
		git_commit_summary(commit) != NULL ? git_commit_summary(commit) : "", -1);
	change->upstream_commit = g_strdup(lock->upstream_commit);
	change->fingerprint = g_strdup(lock->fingerprint);
	g_ptr_array_add(list, change);
}

static bool is_same_tree(const git_tree *a, const git_tree *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return git_oid_equal(git_tree_id(a), git_tree_id(b));
}

static void look_at(Walk *walk, git_commit *commit)
{
	git_tree *tree = lock_tree(walk->repo, commit);
	git_tree *first = NULL;
	bool same = false;

	// A merge that took one side as it was has changed nothing itself.
	for (unsigned i = 0; !same && i < git_commit_parentcount(commit); i++) {
		git_commit *parent = NULL;
		git_tree *theirs;
		if (git_commit_parent(&parent, commit, i) != 0)
			continue;
		theirs = lock_tree(walk->repo, parent);
		same = is_same_tree(tree, theirs);
		if (i == 0)
			first = theirs;
		else
			git_tree_free(theirs);
		git_commit_free(parent);
	}
	if (!same && tree != NULL) {
		g_autoptr(GHashTable) locks = locks_new();
		GHashTableIter iter;
		void *name, *lock;
		(void)read_tree(walk->repo, locks, tree, first, NULL);
		g_hash_table_iter_init(&iter, locks);
		while (g_hash_table_iter_next(&iter, &name, &lock))
			add_change(walk, commit, name, lock);
	}
	git_tree_free(tree);
	git_tree_free(first);
}

static bool walk_commits(Walk *walk, const git_oid *head, GError **error)
{
	git_revwalk *revwalk = NULL;
	git_oid id;
	size_t n = 0;

	if (git_revwalk_new(&revwalk, walk->repo->repo) != 0)
		return git_problem(error, "walk the project's history from", "HEAD");
	git_revwalk_sorting(revwalk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME | GIT_SORT_REVERSE);
	if (git_revwalk_push(revwalk, head) != 0) {
		git_revwalk_free(revwalk);
		return git_problem(error, "walk the project's history from", "HEAD");
	}
	while (n++ < MAX_COMMITS && git_revwalk_next(&id, revwalk) == 0) {
		git_commit *commit = NULL;
		if (git_commit_lookup(&commit, walk->repo->repo, &id) != 0)
			continue;
		look_at(walk, commit);
		git_commit_free(commit);
	}
	git_revwalk_free(revwalk);
	return true;
}

// -- what the store keeps: a line a fact, fields between tabs

static void append_fields(GString *out, const char *first, ...) G_GNUC_NULL_TERMINATED;
static void append_fields(GString *out, const char *first, ...)
{
	va_list fields;
	const char *field = first;

	va_start(fields, first);
	for (; field != NULL; field = va_arg(fields, const char *)) {
		g_autofree char *escaped = g_strescape(field, NULL);
		g_string_append_printf(out, "%s%s", field == first ? "" : "\t", escaped);
	}
	va_end(fields);
	g_string_append_c(out, '\n');
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static char *or_null(const char *text)
{
	return *text != '\0' ? g_strcompress(text) : NULL;
}

static GString *format(const StrakeProjectHistory *history)
{
	GString *out = g_string_new(NULL);
	GHashTableIter iter;
	void *name, *value;

	g_hash_table_iter_init(&iter, history->head);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const StrakeProjectLock *lock = value;
		append_fields(out, "h", name, or_empty(lock->import_commit),
			or_empty(lock->upstream_commit), or_empty(lock->fingerprint), NULL);
	}
	g_hash_table_iter_init(&iter, history->changes);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		const GPtrArray *list = value;
		for (guint i = 0; i < list->len; i++) {
			const StrakeProjectChange *c = list->pdata[i];
			g_autofree char *time = g_strdup_printf("%" G_GINT64_FORMAT, c->time_s);
			append_fields(out, "c", name, c->commit, c->author, time, c->message,
				or_empty(c->upstream_commit), or_empty(c->fingerprint), NULL);
		}
	}
	return out;
}

static void take_line(StrakeProjectHistory *history, char *line)
{
	char *fields[8] = {line};
	size_t n = 1;

	for (char *tab = strchr(line, '\t'); tab != NULL && n < G_N_ELEMENTS(fields);
		tab = strchr(tab + 1, '\t')) {
		*tab = '\0';
		fields[n++] = tab + 1;
	}
	if (n == 5 && *fields[0] == 'h') {
		StrakeProjectLock *lock = g_new0(StrakeProjectLock, 1);
		lock->import_commit = or_null(fields[2]);
		lock->upstream_commit = or_null(fields[3]);
		lock->fingerprint = or_null(fields[4]);
		g_hash_table_insert(history->head, g_strcompress(fields[1]), lock);
	} else if (n == 8 && *fields[0] == 'c') {
		g_autofree char *name = g_strcompress(fields[1]);
		GPtrArray *list = g_hash_table_lookup(history->changes, name);
		StrakeProjectChange *change = g_new0(StrakeProjectChange, 1);
		if (list == NULL) {
			list = g_ptr_array_new_with_free_func(change_free);
			g_hash_table_insert(history->changes, g_steal_pointer(&name), list);
		}
		change->commit = g_strcompress(fields[2]);
		change->author = g_strcompress(fields[3]);
		change->time_s = g_ascii_strtoll(fields[4], NULL, 10);
		change->message = g_strcompress(fields[5]);
		change->upstream_commit = or_null(fields[6]);
		change->fingerprint = or_null(fields[7]);
		g_ptr_array_add(list, change);
	}
}

static bool from_memo(StrakeProjectHistory *history, StrakeStore *store, const char *key)
{
	g_autoptr(GBytes) bytes = strake_store_get_key(store, MEMO_KIND, key, NULL);
	g_autofree char *text = NULL;
	char *rest;

	if (bytes == NULL)
		return false;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	for (char *line = text; *line != '\0'; line = rest) {
		rest = line + strcspn(line, "\n");
		if (*rest != '\0')
			*rest++ = '\0';
		take_line(history, line);
	}
	return true;
}

static char *memo_key(const Repo *repo, const git_oid *head)
{
	g_autofree char *text = NULL;
	char id[GIT_OID_HEXSZ + 1];

	git_oid_tostr(id, sizeof(id), head);
	text = g_strdup_printf("%d\n%s\n%s", MEMO_VERSION, id, repo->lock_dir);
	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

static bool read_head(const Repo *repo, GHashTable *locks, const git_oid *id, GError **error)
{
	git_commit *commit = NULL;
	git_tree *tree;
	bool ok;

	if (git_commit_lookup(&commit, repo->repo, id) != 0)
		return git_problem(error, "read the project's commit", "HEAD");
	tree = lock_tree(repo, commit);
	ok = read_tree(repo, locks, tree, NULL, error);
	git_tree_free(tree);
	git_commit_free(commit);
	if (!ok)
		g_prefix_error(error, "as committed in the project: ");
	return ok;
}

StrakeProjectHistory *strake_project_history_read(
	const char *root, const char *lock_dir, StrakeStore *store, GError **error)
{
	g_autoptr(StrakeProjectHistory) history = history_new();
	g_auto(Repo) repo = {NULL, NULL};
	Walk walk = {&repo, history};
	g_autofree char *key = NULL;
	g_autoptr(GString) text = NULL;
	git_oid head;

	if (!open_repo(root, lock_dir, &repo, error))
		return NULL;
	if (repo.repo == NULL || git_reference_name_to_id(&head, repo.repo, "HEAD") != 0)
		return g_steal_pointer(&history); // no git, or no commit yet
	key = memo_key(&repo, &head);
	if (store != NULL && from_memo(history, store, key))
		return g_steal_pointer(&history);
	if (!read_head(&repo, history->head, &head, error) || !walk_commits(&walk, &head, error))
		return NULL;
	text = format(history);
	if (store != NULL &&
		!strake_store_put_key(store, MEMO_KIND, key, text->str, text->len, error))
		return NULL;
	return g_steal_pointer(&history);
}

GHashTable *strake_project_locks_at(
	const char *root, const char *lock_dir, const char *revision, GError **error)
{
	g_autoptr(GHashTable) locks = locks_new();
	g_auto(Repo) repo = {NULL, NULL};
	git_object *object = NULL;
	git_object *commit = NULL;
	bool ok;

	if (!open_repo(root, lock_dir, &repo, error))
		return NULL;
	if (repo.repo == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the project at '%s' (or its lock directory) is not in a git repository",
			root);
		return NULL;
	}
	if (git_revparse_single(&object, repo.repo, revision) != 0 ||
		git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0) {
		git_object_free(object);
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"the project's repository has no revision '%s'", revision);
		return NULL;
	}
	ok = read_head(&repo, locks, git_object_id(commit), error);
	git_object_free(commit);
	git_object_free(object);
	return ok ? g_steal_pointer(&locks) : NULL;
}
