// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The locks of a project: what its files say and, above that, what was changed since.
#include "project/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "project/project_private.h"

#define OWN_FILE "components.lock"
enum { FILE_MAX = 256 * 1024 * 1024 };

struct StrakeLocks {
	char *dir;
	bool azldev;
	StrakeLockFile *own; // NULL: azldev's, or there is none
	GTree *files;        // azldev: name -> StrakeLockFile
	GTree *changed;      // name -> StrakeComponentLock, NULL: removed
};

static int compare_names(const void *a, const void *b, void *unused)
{
	return strcmp(a, b);
}

static StrakeLockFile *read_file(const char *path, const char *component, GError **error)
{
	g_autoptr(StrakeArena) arena = strake_arena_new();
	GBytes *bytes = strake_file_read_at(AT_FDCWD, path, FILE_MAX, error);

	return bytes != NULL ? strake_lock_file_parse(
				       bytes, strake_project_display(arena, path), component, error)
			     : NULL;
}

static bool load_azldev(StrakeLocks *locks, GError **error)
{
	g_auto(GStrv) files = strake_glob_files(locks->dir, "*.lock", error);

	if (files == NULL)
		return false;
	for (char **path = files; *path != NULL; path++) {
		g_autofree char *name = g_path_get_basename(*path);
		StrakeLockFile *file;
		name[strlen(name) - strlen(".lock")] = '\0';
		file = read_file(*path, name, error);
		if (file == NULL)
			return false;
		g_tree_replace(locks->files, g_steal_pointer(&name), file);
	}
	return true;
}

static bool load_own(StrakeLocks *locks, GError **error)
{
	g_autofree char *path = g_build_filename(locks->dir, OWN_FILE, NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return true;
	locks->own = read_file(path, NULL, error);
	return locks->own != NULL;
}

StrakeLocks *strake_locks_load(const StrakeProject *project, GError **error)
{
	g_autoptr(StrakeLocks) locks = g_new0(StrakeLocks, 1);

	locks->dir = g_strdup(project->lock_dir);
	locks->azldev = project->azldev;
	locks->files =
		g_tree_new_full(compare_names, NULL, g_free, (GDestroyNotify)strake_lock_file_free);
	locks->changed = g_tree_new_full(
		compare_names, NULL, g_free, (GDestroyNotify)strake_component_lock_free);
	if (!(locks->azldev ? load_azldev(locks, error) : load_own(locks, error)))
		return NULL;
	return g_steal_pointer(&locks);
}

void strake_locks_free(StrakeLocks *locks)
{
	if (locks == NULL)
		return;
	g_free(locks->dir);
	strake_lock_file_free(locks->own);
	g_tree_unref(locks->files);
	g_tree_unref(locks->changed);
	g_free(locks);
}

const StrakeComponentLock *strake_locks_get(const StrakeLocks *locks, const char *name)
{
	const StrakeLockFile *file;
	void *changed;

	if (g_tree_lookup_extended(locks->changed, name, NULL, &changed))
		return changed;
	file = locks->azldev ? g_tree_lookup(locks->files, name) : locks->own;
	return file != NULL ? strake_lock_file_find(file, name) : NULL;
}

static gboolean add_name(void *name, void *value, void *names)
{
	g_tree_insert(names, name, NULL);
	return FALSE;
}

static gboolean add_if_locked(void *name, void *value, void *data)
{
	void **args = data;

	if (strake_locks_get(args[0], name) != NULL)
		g_strv_builder_add(args[1], name);
	return FALSE;
}

char **strake_locks_names(const StrakeLocks *locks)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	g_autoptr(GTree) all = g_tree_new_full(compare_names, NULL, NULL, NULL);
	void *args[] = {(void *)locks, names};

	for (size_t i = 0; locks->own != NULL && i < strake_lock_file_size(locks->own); i++)
		g_tree_insert(all, strake_lock_file_get(locks->own, i)->name, NULL);
	g_tree_foreach(locks->files, add_name, all);
	g_tree_foreach(locks->changed, add_name, all);
	g_tree_foreach(all, add_if_locked, args);
	return g_strv_builder_end(names);
}

void strake_locks_set(StrakeLocks *locks, const StrakeComponentLock *lock)
{
	const StrakeComponentLock *old = strake_locks_get(locks, lock->name);
	StrakeComponentLock *new = strake_component_lock_copy(lock);

	if (old != NULL && old->import_commit != NULL) {
		g_free(new->import_commit);
		new->import_commit = g_strdup(old->import_commit);
	}
	// @lock may be the old one, which goes now.
	g_tree_replace(locks->changed, g_strdup(new->name), new);
}

void strake_locks_remove(StrakeLocks *locks, const char *name)
{
	if (strake_locks_get(locks, name) != NULL)
		g_tree_replace(locks->changed, g_strdup(name), NULL);
}

// -- writing

typedef struct {
	const StrakeLocks *locks;
	GError *error;
} Store;

static bool write_text(const StrakeLocks *locks, const char *name, GString *text, GError **error)
{
	g_autofree char *path = g_build_filename(locks->dir, name, NULL);

	return strake_file_write_at(AT_FDCWD, path, text->str, text->len, 0644, error);
}

static gboolean store_azldev_file(void *name, void *lock, void *data)
{
	Store *store = data;
	g_autofree char *file = g_strconcat(name, ".lock", NULL);
	g_autofree char *path = g_build_filename(store->locks->dir, file, NULL);
	g_autoptr(GString) text = NULL;

	if (lock == NULL)
		return unlink(path) < 0 && errno != ENOENT &&
		       !strake_error_errno(&store->error, errno, "remove", path);
	text = strake_lock_file_format_azldev(lock);
	return !write_text(store->locks, file, text, &store->error);
}

static bool store_azldev(const StrakeLocks *locks, GError **error)
{
	Store store = {locks, NULL};

	g_tree_foreach(locks->changed, store_azldev_file, &store);
	if (store.error != NULL)
		g_propagate_error(error, store.error);
	return store.error == NULL;
}

static bool store_own(const StrakeLocks *locks, GError **error)
{
	g_auto(GStrv) names = strake_locks_names(locks);
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	g_autoptr(GString) text = NULL;

	for (char **name = names; *name != NULL; name++)
		g_ptr_array_add(all, (void *)strake_locks_get(locks, *name));
	text = strake_lock_file_format((const StrakeComponentLock *const *)all->pdata, all->len);
	return write_text(locks, OWN_FILE, text, error);
}

bool strake_locks_store(StrakeLocks *locks, GError **error)
{
	if (g_tree_nnodes(locks->changed) == 0)
		return true;
	return strake_path_mkdirs(AT_FDCWD, locks->dir, error) &&
	       (locks->azldev ? store_azldev(locks, error) : store_own(locks, error));
}

char *strake_component_resolution_hash(const StrakeProject *project, const StrakeComponent *c)
{
	const StrakeDistroRef *ref = &c->spec.upstream_distro;
	const StrakeDistro *distro;
	const StrakeDistroVersion *version;
	g_autoptr(StrakeDigest) digest = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (c->spec.type != STRAKE_SPEC_UPSTREAM)
		return NULL;
	distro = strake_project_distro(project, ref->name, NULL);
	version = strake_project_distro_version(project, ref, NULL);
	const char *const values[] = {distro != NULL ? distro->name : NULL,
		version != NULL ? version->name : NULL,
		version != NULL ? version->dist_git_branch : NULL,
		distro != NULL ? distro->dist_git_base_uri : NULL, ref->snapshot,
		c->spec.upstream_commit,
		c->spec.upstream_name != NULL ? c->spec.upstream_name : c->name};
	digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		const char *value = values[i] != NULL ? values[i] : "";
		uint64_t size = GUINT64_TO_LE((uint64_t)strlen(value));
		strake_digest_update(digest, &size, sizeof(size));
		strake_digest_update(digest, value, strlen(value));
	}
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}
