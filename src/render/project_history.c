// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One walk over the project's commits; trees are compared by id, so that a commit costs what it
// changed in the lock directory and nothing else.
#include "render/project_history.h"

#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "render/project_repo_private.h"

#define MEMO_KIND "project-history"

enum { MEMO_VERSION = 2, MAX_COMMITS = 1000000 };

struct StrakeProjectHistory {
	GHashTable *head;    // name -> StrakeProjectLock
	GHashTable *changes; // name -> GPtrArray of StrakeProjectChange
	GBytes *memo;        // what is not in them yet, NULL: all is
	GHashTable *taken;   // names that were looked up in @memo
	GMutex lock;         // of all of them
};

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

	history->head = strake_project_locks_new();
	history->changes = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	history->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_mutex_init(&history->lock);
	return history;
}

void strake_project_history_free(StrakeProjectHistory *history)
{
	if (history == NULL)
		return;
	g_hash_table_unref(history->head);
	g_hash_table_unref(history->changes);
	g_hash_table_unref(history->taken);
	g_clear_pointer(&history->memo, g_bytes_unref);
	g_mutex_clear(&history->lock);
	g_free(history);
}

static void take_from_memo(StrakeProjectHistory *history, const char *name);

static void *look_up(const StrakeProjectHistory *history, GHashTable *table, const char *name)
{
	StrakeProjectHistory *h = (StrakeProjectHistory *)history;
	void *found;

	g_mutex_lock(&h->lock);
	if (h->memo != NULL && g_hash_table_add(h->taken, g_strdup(name)))
		take_from_memo(h, name);
	found = g_hash_table_lookup(table, name);
	g_mutex_unlock(&h->lock);
	return found;
}

const StrakeProjectLock *strake_project_history_head(
	const StrakeProjectHistory *history, const char *name)
{
	return look_up(history, history->head, name);
}

const GPtrArray *strake_project_history_changes(
	const StrakeProjectHistory *history, const char *name)
{
	return look_up(history, history->changes, name);
}

// -- the walk

typedef struct {
	const StrakeProjectRepo *repo;
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
	git_tree *tree = strake_project_lock_tree(walk->repo, commit);
	git_tree *first = NULL;
	bool same = false;

	// A merge that took one side as it was has changed nothing itself.
	for (unsigned i = 0; !same && i < git_commit_parentcount(commit); i++) {
		git_commit *parent = NULL;
		git_tree *theirs;
		if (git_commit_parent(&parent, commit, i) != 0)
			continue;
		theirs = strake_project_lock_tree(walk->repo, parent);
		same = is_same_tree(tree, theirs);
		if (i == 0)
			first = theirs;
		else
			git_tree_free(theirs);
		git_commit_free(parent);
	}
	if (!same && tree != NULL) {
		g_autoptr(GHashTable) locks = strake_project_locks_new();
		GHashTableIter iter;
		void *name, *lock;
		(void)strake_project_read_locks(walk->repo, locks, tree, first, NULL);
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
		return strake_project_git_problem(error, "walk the project's history from", "HEAD");
	git_revwalk_sorting(revwalk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME | GIT_SORT_REVERSE);
	if (git_revwalk_push(revwalk, head) != 0) {
		git_revwalk_free(revwalk);
		return strake_project_git_problem(error, "walk the project's history from", "HEAD");
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

// -- what the store keeps: a line a fact, fields between tabs, the component first. Lines are in
// the order of components, so that those of one are found without a look at the others.

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

static void append_component(GString *out, const StrakeProjectHistory *history, const char *name)
{
	const StrakeProjectLock *lock = g_hash_table_lookup(history->head, name);
	const GPtrArray *list = g_hash_table_lookup(history->changes, name);

	if (lock != NULL)
		append_fields(out, name, "h", or_empty(lock->import_commit),
			or_empty(lock->upstream_commit), or_empty(lock->fingerprint), NULL);
	for (guint i = 0; list != NULL && i < list->len; i++) {
		const StrakeProjectChange *c = list->pdata[i];
		g_autofree char *time = g_strdup_printf("%" G_GINT64_FORMAT, c->time_s);
		append_fields(out, name, "c", c->commit, c->author, time, c->message,
			or_empty(c->upstream_commit), or_empty(c->fingerprint), NULL);
	}
}

static int compare_escaped(const void *a, const void *b)
{
	g_autofree char *x = g_strescape(*(const char *const *)a, NULL);
	g_autofree char *y = g_strescape(*(const char *const *)b, NULL);

	return strcmp(x, y);
}

static GString *format(const StrakeProjectHistory *history)
{
	GString *out = g_string_new(NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, history->head);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_hash_table_iter_init(&iter, history->changes);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		if (!g_hash_table_contains(history->head, name))
			g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_escaped);
	for (guint i = 0; i < names->len; i++)
		append_component(out, history, names->pdata[i]);
	return out;
}

// @line: without its newline, changed
static void take_line(StrakeProjectHistory *history, const char *name, char *line)
{
	char *fields[8] = {line};
	size_t n = 1;

	for (char *tab = strchr(line, '\t'); tab != NULL && n < G_N_ELEMENTS(fields);
		tab = strchr(tab + 1, '\t')) {
		*tab = '\0';
		fields[n++] = tab + 1;
	}
	if (n == 5 && *fields[1] == 'h') {
		StrakeProjectLock *lock = g_new0(StrakeProjectLock, 1);
		lock->import_commit = or_null(fields[2]);
		lock->upstream_commit = or_null(fields[3]);
		lock->fingerprint = or_null(fields[4]);
		g_hash_table_insert(history->head, g_strdup(name), lock);
	} else if (n == 8 && *fields[1] == 'c') {
		GPtrArray *list = g_hash_table_lookup(history->changes, name);
		StrakeProjectChange *change = g_new0(StrakeProjectChange, 1);
		if (list == NULL) {
			list = g_ptr_array_new_with_free_func(change_free);
			g_hash_table_insert(history->changes, g_strdup(name), list);
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

// Orders the component of the line at @line by @name; @end: of the text.
static int compare_line(const char *line, const char *end, const char *name)
{
	const char *tab = memchr(line, '\t', (size_t)(end - line));
	size_t size = tab != NULL ? (size_t)(tab - line) : (size_t)(end - line);
	size_t wanted = strlen(name);
	int order = memcmp(line, name, MIN(size, wanted));

	return order != 0 ? order : size < wanted ? -1 : size > wanted;
}

// The first line that does not come before @name.
static const char *find_line(const char *text, const char *end, const char *name)
{
	const char *low = text;
	const char *high = end;

	while (low < high) {
		const char *middle = low + (high - low) / 2;
		const char *newline;
		while (middle > low && middle[-1] != '\n')
			middle--;
		newline = memchr(middle, '\n', (size_t)(end - middle));
		if (compare_line(middle, end, name) < 0)
			low = newline != NULL ? newline + 1 : end;
		else
			high = middle;
	}
	return low;
}

static void take_from_memo(StrakeProjectHistory *history, const char *name)
{
	g_autofree char *escaped = g_strescape(name, NULL);
	size_t size;
	const char *text = g_bytes_get_data(history->memo, &size);
	const char *end = text + size;
	const char *line = find_line(text, end, escaped);

	while (line < end && compare_line(line, end, escaped) == 0) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		g_autofree char *copy = NULL;
		if (newline == NULL)
			return;
		copy = g_strndup(line, (gsize)(newline - line));
		take_line(history, name, copy);
		line = newline + 1;
	}
}

static char *memo_key(const StrakeProjectRepo *repo, const git_oid *head)
{
	g_autofree char *text = NULL;
	char id[GIT_OID_HEXSZ + 1];

	git_oid_tostr(id, sizeof(id), head);
	text = g_strdup_printf("%d\n%s\n%s", MEMO_VERSION, id, repo->lock_dir);
	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

StrakeProjectHistory *strake_project_history_read(
	const char *root, const char *lock_dir, StrakeStore *store, GError **error)
{
	g_autoptr(StrakeProjectHistory) history = history_new();
	g_auto(StrakeProjectRepo) repo = {NULL, NULL};
	Walk walk = {&repo, history};
	g_autofree char *key = NULL;
	g_autoptr(GString) text = NULL;
	git_oid head;

	if (!strake_project_repo_open(root, lock_dir, &repo, error))
		return NULL;
	if (repo.repo == NULL || git_reference_name_to_id(&head, repo.repo, "HEAD") != 0)
		return g_steal_pointer(&history); // no git, or no commit yet
	key = memo_key(&repo, &head);
	if (store != NULL)
		history->memo = strake_store_get_key(store, MEMO_KIND, key, NULL);
	if (history->memo != NULL)
		return g_steal_pointer(&history);
	if (!strake_project_read_commit(&repo, history->head, &head, error) ||
		!walk_commits(&walk, &head, error))
		return NULL;
	text = format(history);
	if (store != NULL &&
		!strake_store_put_key(store, MEMO_KIND, key, text->str, text->len, error))
		return NULL;
	return g_steal_pointer(&history);
}
