// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The list of source files with what overlays change in it; nothing here touches the disk.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "overlay/sources_private.h"

enum { FILE_MAX_BYTES = 1 << 30 };

static void node_free(void *data)
{
	StrakeSourceNode *node = data;

	g_free(node->disk);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	g_free(node->staged);
	g_free(node);
}

StrakeSources *strake_sources_new(void)
{
	StrakeSources *s = g_new0(StrakeSources, 1);

	s->dir = g_strdup("the sources");
	s->fd = s->stage_fd = s->stage_parent = -1;
	s->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
	s->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	s->anonymous = g_array_new(FALSE, FALSE, sizeof(int));
	return s;
}

void strake_sources_free(StrakeSources *s)
{
	if (s == NULL)
		return;
	strake_sources_drop_stage(s);
	strake_fd_clear(&s->fd);
	g_hash_table_unref(s->nodes);
	g_hash_table_unref(s->removed);
	g_array_unref(s->anonymous);
	g_free(s->dir);
	g_free(s);
}

static bool is_spec(const char *path)
{
	return g_str_has_suffix(path, ".spec");
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *strake_sources_glob(StrakeSources *s, const char *pattern, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	void *path, *node;
	unsigned specs = 0;

	if (glob == NULL)
		return NULL;
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &node)) {
		if (!((StrakeSourceNode *)node)->regular || !strake_glob_match(glob, path))
			continue;
		if (is_spec(path))
			specs++;
		else
			g_ptr_array_add(found, g_strdup(path));
	}
	if (found->len == 0) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "'%s' matches no file in '%s'%s",
			pattern, s->dir,
			specs > 0 ? " but specs, which only spec-* overlays edit" : "");
		return NULL;
	}
	g_ptr_array_sort(found, compare_paths);
	return g_steal_pointer(&found);
}

// -- content

StrakeSourceNode *strake_sources_lookup(const StrakeSources *s, const char *path)
{
	return g_hash_table_lookup(s->nodes, path);
}

bool strake_sources_has(const StrakeSources *s, const char *path)
{
	const StrakeSourceNode *node = strake_sources_lookup(s, path);

	return node != NULL && node->regular;
}

GBytes *strake_sources_read(StrakeSources *s, const char *path, GError **error)
{
	StrakeSourceNode *node = strake_sources_lookup(s, path);
	g_auto(strake_fd) dir = -1;
	const char *name;

	g_return_val_if_fail(node != NULL && node->regular, NULL);
	if (node->bytes != NULL)
		return g_bytes_ref(node->bytes);
	if (node->staged != NULL)
		return strake_sources_read_staged(s, node->staged, error);
	if (!strake_sources_open_parent(s, node->disk, &dir, &name, error))
		return NULL;
	return strake_file_read_at(dir, name, FILE_MAX_BYTES, error);
}

bool strake_sources_open_file(StrakeSources *s, const char *path, int *out_fd, GError **error)
{
	StrakeSourceNode *node = strake_sources_lookup(s, path);

	if (node == NULL || !node->regular || (node->disk == NULL && s->fd >= 0))
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no file '%s' in '%s'", path, s->dir);
	if (s->fd < 0)
		return strake_sources_anonymous(node->bytes, out_fd, error);
	return strake_sources_open_disk(s, node->disk, out_fd, error);
}

bool strake_sources_add(
	StrakeSources *s, const char *path, GBytes *content, mode_t mode, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	StrakeSourceNode *above = strake_sources_lookup(s, parent);
	StrakeSourceNode *node;

	if (!strake_path_is_clean(path) || strcmp(path, ".git") == 0 ||
		g_str_has_prefix(path, ".git/") || strstr(path, "/.git/") != NULL ||
		g_str_has_prefix(path, STRAKE_STAGE_PREFIX))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is no name that a source file may have", path);
	if (strake_sources_lookup(s, path) != NULL)
		return strake_error_set(
			error, STRAKE_ERROR_EXISTS, "'%s' exists already in '%s'", path, s->dir);
	// A directory that is a link, or none, has no directory's node.
	if (strcmp(parent, ".") != 0) {
		g_auto(strake_fd) dir = -1;
		const char *name;
		if (above == NULL || above->regular || S_ISLNK(above->mode))
			return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"there is no directory '%s' in '%s'", parent, s->dir);
		if (s->fd >= 0 && !strake_sources_open_parent(s, path, &dir, &name, error))
			return false;
	}
	node = g_new0(StrakeSourceNode, 1);
	node->regular = true;
	node->mode = mode;
	node->bytes = g_bytes_ref(content);
	g_hash_table_insert(s->nodes, g_strdup(path), node);
	return true;
}

void strake_sources_write(StrakeSources *s, const char *path, GBytes *content)
{
	StrakeSourceNode *node = strake_sources_lookup(s, path);

	g_return_if_fail(node != NULL);
	g_bytes_ref(content);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	node->bytes = content;
}

void strake_sources_write_staged(StrakeSources *s, const char *path, const char *staged)
{
	StrakeSourceNode *node = strake_sources_lookup(s, path);

	g_return_if_fail(node != NULL);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	g_free(node->staged);
	node->staged = g_strdup(staged);
}

static void forget(StrakeSources *s, const char *path)
{
	StrakeSourceNode *node = strake_sources_lookup(s, path);

	if (node != NULL && node->disk != NULL)
		g_hash_table_add(s->removed, g_strdup(node->disk));
}

void strake_sources_remove(StrakeSources *s, const char *path)
{
	forget(s, path);
	g_hash_table_remove(s->nodes, path);
}

bool strake_sources_rename(StrakeSources *s, const char *path, const char *new_path, GError **error)
{
	StrakeSourceNode *old = strake_sources_lookup(s, new_path);
	void *key, *node;

	if (strcmp(path, new_path) == 0)
		return true;
	if (old != NULL && !old->regular)
		return strake_error_set(error, STRAKE_ERROR_EXISTS,
			"'%s' exists and is not a regular file", new_path);
	strake_sources_remove(s, new_path);
	if (!g_hash_table_steal_extended(s->nodes, path, &key, &node))
		return strake_error_set(
			error, STRAKE_ERROR_NOT_FOUND, "there is no file '%s'", path);
	g_free(key);
	g_hash_table_insert(s->nodes, g_strdup(new_path), node);
	return true;
}

// -- in memory

void strake_sources_put(StrakeSources *s, const char *path, GBytes *content, mode_t mode)
{
	StrakeSourceNode *node;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		g_autofree char *above = g_strndup(path, (size_t)(slash - path));
		if (strake_sources_lookup(s, above) == NULL)
			g_hash_table_insert(
				s->nodes, g_steal_pointer(&above), g_new0(StrakeSourceNode, 1));
	}
	node = g_new0(StrakeSourceNode, 1);
	node->regular = !S_ISLNK(mode);
	node->mode = mode;
	node->bytes = g_bytes_ref(content);
	g_hash_table_replace(s->nodes, g_strdup(path), node);
}

bool strake_sources_each(StrakeSources *s, StrakeSourcesVisit visit, void *data, GError **error)
{
	GHashTableIter iter;
	void *path, *value;

	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const StrakeSourceNode *node = value;
		g_autoptr(GBytes) content = NULL;
		if (!node->regular && node->bytes == NULL)
			continue;
		content = node->regular ? strake_sources_read(s, path, error)
					: g_bytes_ref(node->bytes);
		if (content == NULL)
			return false;
		visit(path, content, node->mode, data);
	}
	return true;
}
