// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Many components at once. The index in the store says for which inputs a directory was made and
// how its files looked then, so that a run without changes reads no file of them.
#include "render/render.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "base/path.h"
#include "base/progress.h"
#include "project/uri.h"
#include "render/history.h"
#include "render/provenance.h"
#include "render/spec_tree.h"
#include "render/tree.h"

// Raised when the same inputs give other bytes.
enum { RENDER_VERSION = 1 };
#define INDEX_KIND "render-index"

typedef struct {
	char *key;   // of the inputs
	char *stamp; // of the directory
} IndexEntry;

typedef struct {
	StrakeWorkspace *ws;
	const StrakeRenderOptions *options;
	char *dir;
	int dir_fd; // -1: not there (check only)
	char *const *names;
	GPtrArray *out;
	GHashTable *index; // name -> IndexEntry, as read
	IndexEntry *fresh; // by index of @names
	StrakeProgress *progress;
	GMutex lock; // of @progress
} Run;

static void rendered_free(void *data)
{
	StrakeRendered *r = data;

	g_free(r->name);
	g_free(r->dir);
	g_free(r->error);
	g_free(r);
}

static void entry_free(void *data)
{
	IndexEntry *entry = data;

	g_free(entry->key);
	g_free(entry->stamp);
	g_free(entry);
}

char *strake_render_dir(const char *name)
{
	return g_strdup_printf("%c/%s", g_ascii_tolower(*name), name);
}

// -- the index

static char *index_key(const char *dir)
{
	return strake_digest_data(STRAKE_DIGEST_SHA256, dir, strlen(dir));
}

static GHashTable *read_index(StrakeStore *store, const char *dir)
{
	GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
	g_autofree char *key = index_key(dir);
	g_autoptr(GBytes) bytes = strake_store_get_key(store, INDEX_KIND, key, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (bytes == NULL)
		return index;
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", 4);
		IndexEntry *entry;
		if (g_strv_length(fields) != 3)
			continue;
		entry = g_new0(IndexEntry, 1);
		entry->key = g_strdup(fields[1]);
		entry->stamp = g_strdup(fields[2]);
		g_hash_table_insert(index, g_strdup(fields[0]), entry);
	}
	return index;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool write_index(Run *run, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *key = index_key(run->dir);
	g_autofree void **names = NULL;
	guint n_names;
	bool changed = false;

	for (size_t i = 0; run->names[i] != NULL; i++) {
		IndexEntry *entry;
		if (run->fresh[i].key == NULL)
			continue;
		entry = g_new0(IndexEntry, 1);
		*entry = run->fresh[i];
		run->fresh[i] = (IndexEntry){0};
		g_hash_table_replace(run->index, g_strdup(run->names[i]), entry);
		changed = true;
	}
	if (!changed)
		return true;
	names = g_hash_table_get_keys_as_array(run->index, &n_names);
	qsort(names, n_names, sizeof(*names), compare_names);
	for (guint i = 0; i < n_names; i++) {
		const IndexEntry *entry = g_hash_table_lookup(run->index, names[i]);
		g_string_append_printf(
			text, "%s\t%s\t%s\n", (char *)names[i], entry->key, entry->stamp);
	}
	return strake_store_put_key(run->ws->store, INDEX_KIND, key, text->str, text->len, error);
}

// -- one component

static void put(StrakeDigest *digest, const char *text)
{
	uint64_t size = text != NULL ? strlen(text) : UINT64_MAX;

	strake_digest_update(digest, &size, sizeof(size));
	if (text != NULL)
		strake_digest_update(digest, text, strlen(text));
}

// Everything that the rendered files depend on.
static char *input_key(const Run *run, const StrakePick *pick)
{
	const StrakeProjectInfo *info = strake_project_info(run->ws->project);
	const char *name = pick->component->name;
	const GPtrArray *changes = strake_project_history_changes(run->ws->history, name);
	const StrakeProjectLock *head = strake_project_history_head(run->ws->history, name);
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	g_autofree char *spec = strake_pick_spec_name(pick);
	g_autofree char *dist = strake_provenance_dist(run->ws, pick);
	uint32_t numbers[] = {RENDER_VERSION, info->overlay_style, pick->dirty,
		pick->component->release_calculation, pick->component->skip_file_filter};
	char hex[STRAKE_DIGEST_HEX_MAX];

	strake_digest_update(digest, numbers, sizeof(numbers));
	put(digest, name);
	put(digest, spec);
	put(digest, pick->fingerprint->sha256);
	put(digest, pick->commit);
	put(digest, info->default_author_email);
	put(digest, pick->component->build.check.skip_reason);
	put(digest, dist);
	put(digest, head != NULL ? head->import_commit : NULL);
	for (guint i = 0; changes != NULL && i < changes->len; i++) {
		const StrakeProjectChange *change = changes->pdata[i];
		put(digest, change->commit); // its id covers author, time and message
		put(digest, change->upstream_commit);
	}
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}

static bool is_up_to_date(const Run *run, const char *key, const StrakeRendered *r)
{
	const IndexEntry *entry = g_hash_table_lookup(run->index, r->name);
	g_autofree char *stamp = NULL;

	if (entry == NULL || run->dir_fd < 0 || strcmp(entry->key, key) != 0)
		return false;
	stamp = strake_file_tree_stamp(run->dir_fd, r->dir);
	return g_strcmp0(stamp, entry->stamp) == 0;
}

static bool is_same_on_disk(const Run *run, const StrakeRendered *r, StrakeFileTree *tree)
{
	g_autoptr(StrakeFileTree) old =
		run->dir_fd >= 0 ? strake_file_tree_read(run->dir_fd, r->dir, NULL) : NULL;

	return old != NULL && strake_file_tree_equal(old, tree);
}

// Names that URLs cannot hold are also found by how they are written there.
static bool link_encoded(const Run *run, const StrakeRendered *r, GError **error)
{
	StrakeUriValues values = {.pkg = r->name};
	g_autofree char *encoded = strake_uri_expand("$pkg", &values);
	g_autofree char *link = NULL;

	if (strcmp(encoded, r->name) == 0)
		return true;
	link = g_strdup_printf("%c/%s", g_ascii_tolower(*r->name), encoded);
	if (symlinkat(r->name, run->dir_fd, link) < 0 && errno != EEXIST)
		return strake_error_errno(error, errno, "make link", link);
	return true;
}

static bool write_component(
	const Run *run, const StrakeRendered *r, StrakeFileTree *tree, GError **error)
{
	g_autofree char *letter = g_strndup(r->dir, 1);
	g_auto(strake_fd) fd = -1;

	return strake_path_mkdirs(run->dir_fd, letter, error) &&
	       strake_path_open_dir(run->dir_fd, letter, &fd, error) &&
	       strake_file_tree_replace(tree, fd, r->name, error) && link_encoded(run, r, error);
}

static bool render_one(Run *run, size_t index, StrakeRendered *r, GError **error)
{
	static const StrakeSpecTreeOptions options = {0};
	g_autoptr(StrakePick) pick = strake_pick(run->ws, r->name, STRAKE_PICK_FINGERPRINT, error);
	g_autoptr(StrakeFileTree) tree = NULL;
	g_autofree char *key = NULL;

	if (pick == NULL)
		return false;
	r->dirty = pick->dirty;
	key = input_key(run, pick);
	if (is_up_to_date(run, key, r))
		return true;
	tree = strake_spec_tree_render(run->ws, pick, &options, error);
	if (tree == NULL)
		return false;
	if (!is_same_on_disk(run, r, tree)) {
		r->status = STRAKE_RENDER_WRITTEN;
		if (run->options->check_only)
			return true;
		if (!write_component(run, r, tree, error)) {
			g_prefix_error(error, "component '%s': ", r->name);
			return false;
		}
	}
	if (run->dir_fd >= 0) {
		run->fresh[index].stamp = strake_file_tree_stamp(run->dir_fd, r->dir);
		if (run->fresh[index].stamp != NULL)
			run->fresh[index].key = g_steal_pointer(&key);
	}
	return true;
}

static bool render_item(size_t index, void *data, GError **error)
{
	Run *run = data;
	StrakeRendered *r = run->out->pdata[index];
	g_autoptr(GError) local = NULL;

	if (!render_one(run, index, r, &local)) {
		r->status = STRAKE_RENDER_FAILED;
		r->error = g_strdup(local->message);
		// One full disk or signal stops all of them.
		if (g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_CANCELLED) ||
			g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_NO_SPACE)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
	}
	if (run->progress != NULL) {
		g_mutex_lock(&run->lock);
		strake_progress_add(run->progress, 1, r->name);
		g_mutex_unlock(&run->lock);
	}
	return true;
}

// -- directories of components that are gone

static bool has_spec(int letter_fd, const char *name)
{
	g_autofree char *spec = g_strdup_printf("%s/%s.spec", name, name);
	g_autofree char *marker = g_strdup_printf("%s/RENDER_FAILED", name);

	return faccessat(letter_fd, spec, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       faccessat(letter_fd, marker, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static GPtrArray *list(int dir_fd, const char *path)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.')
			g_ptr_array_add(names, g_strdup(entry->d_name));
	if (dir != NULL)
		closedir(dir);
	g_ptr_array_sort(names, compare_names);
	return names;
}

static bool remove_one(
	Run *run, int letter_fd, const char *letter, const char *name, GError **error)
{
	StrakeRendered *r;
	struct stat st;

	if (fstatat(letter_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (S_ISLNK(st.st_mode)) { // of an encoded name, and what it leads to is gone
		if (faccessat(letter_fd, name, F_OK, 0) < 0 && !run->options->check_only)
			unlinkat(letter_fd, name, 0);
		return true;
	}
	if (!S_ISDIR(st.st_mode) || strake_project_has_component(run->ws->project, name) ||
		!has_spec(letter_fd, name))
		return true;
	if (!run->options->check_only && !strake_path_remove_tree(letter_fd, name, error))
		return false;
	r = g_new0(StrakeRendered, 1);
	r->name = g_strdup(name);
	r->dir = g_strdup_printf("%s/%s", letter, name);
	r->status = STRAKE_RENDER_REMOVED;
	g_ptr_array_add(run->out, r);
	return true;
}

static bool clean_stale(Run *run, GError **error)
{
	g_autoptr(GPtrArray) letters = list(run->dir_fd, ".");

	for (guint i = 0; i < letters->len; i++) {
		const char *letter = letters->pdata[i];
		g_autoptr(GPtrArray) names = NULL;
		g_auto(strake_fd) fd = -1;
		if (strlen(letter) != 1)
			continue;
		fd = openat(run->dir_fd, letter, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		names = list(run->dir_fd, letter);
		// Twice, as links are left over by what the first pass removes.
		for (guint j = 0; j < 2 * names->len; j++)
			if (!remove_one(run, fd, letter, names->pdata[j % names->len], error))
				return false;
	}
	return true;
}

// -- all of them

static bool open_dir(Run *run, GError **error)
{
	const char *configured = strake_project_info(run->ws->project)->rendered_specs_dir;
	const char *dir = run->options->dir != NULL ? run->options->dir : configured;

	if (dir == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"the project says nowhere where rendered specs go: set [project] "
			"rendered-specs-dir, or give -o DIR");
	run->dir = g_canonicalize_filename(dir, NULL);
	if (run->options->check_only) {
		run->dir_fd = open(run->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (run->dir_fd < 0 && errno != ENOENT)
			return strake_error_errno(error, errno, "open directory", run->dir);
		return true;
	}
	return strake_path_mkdirs(AT_FDCWD, run->dir, error) &&
	       strake_path_open_dir(AT_FDCWD, run->dir, &run->dir_fd, error);
}

static void run_clear(Run *run, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		g_free(run->fresh[i].key);
		g_free(run->fresh[i].stamp);
	}
	g_free(run->fresh);
	g_free(run->dir);
	g_clear_pointer(&run->index, g_hash_table_unref);
	strake_fd_clear(&run->dir_fd);
	g_clear_pointer(&run->progress, strake_progress_end);
	g_mutex_clear(&run->lock);
}

GPtrArray *strake_render_all(
	StrakeWorkspace *ws, char *const *names, const StrakeRenderOptions *options, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(rendered_free);
	Run run = {.ws = ws, .options = options, .names = names, .out = out, .dir_fd = -1};
	size_t n = 0;
	bool ok;

	g_mutex_init(&run.lock);
	for (; names[n] != NULL; n++) {
		StrakeRendered *r = g_new0(StrakeRendered, 1);
		r->name = g_strdup(names[n]);
		r->dir = strake_render_dir(names[n]);
		g_ptr_array_add(out, r);
	}
	run.fresh = g_new0(IndexEntry, n + 1);
	ok = open_dir(&run, error);
	if (ok) {
		g_autoptr(GError) index_error = NULL;
		run.index = read_index(ws->store, run.dir);
		if (n > 1)
			run.progress = strake_progress_new("render", n, false);
		ok = strake_parallel_for(n, options->jobs, render_item, &run, error);
		// What was done before a failure stays done.
		if (!options->check_only && !write_index(&run, &index_error))
			strake_warn("%s", index_error->message);
		if (ok && options->clean_stale && run.dir_fd >= 0)
			ok = clean_stale(&run, error);
	}
	run_clear(&run, n);
	return ok ? g_steal_pointer(&out) : NULL;
}
