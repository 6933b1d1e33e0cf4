// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlay files: which ones a component's patterns name, in which order, and what they hold.
#include "project/overlay_files.h"

#include <string.h>

#include "base/glob.h"
#include "project/project_private.h"

// Fills @out from the file at @path; problems are noted.
static void load_one(
	StrakeLoad *load, const char *path, bool needs_metadata, StrakeOverlayFile *out)
{
	g_autofree char *dir = g_path_get_dirname(path);
	const StrakeTomlValue *root;

	load->file = strake_project_display(load->arena, path);
	load->dir = strake_arena_strdup(load->arena, dir);
	root = strake_project_parse(load, path);
	if (root == NULL)
		return;
	load->in_overlay_file = needs_metadata || strake_toml_get(root, "metadata") != NULL;
	if (needs_metadata && strake_toml_get(root, "metadata") == NULL)
		strake_load_problem(load, (StrakeOrigin){load->file, 1, 1},
			"an overlay file needs one [metadata] table");
	strake_schema_load(&strake_overlay_file_schema, load, root, out);
	if (out->overlays != NULL && out->overlays->len == 0)
		strake_load_problem(load, (StrakeOrigin){load->file, 1, 1},
			"an overlay file needs at least one [[overlays]]");
	for (guint i = 0; out->overlays != NULL && i < out->overlays->len; i++) {
		StrakeOverlay *overlay = out->overlays->pdata[i];
		if (overlay->metadata == NULL)
			overlay->metadata = out->metadata;
	}
}

static bool load_reported(StrakeArena *arena, const char *path, bool needs_metadata,
	StrakeOverlayFile *out, GError **error)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) where = g_string_new(NULL);
	StrakeLoad load = {.arena = arena, .problems = problems, .path = where};

	strake_tables_init();
	load_one(&load, path, needs_metadata, out);
	if (problems->len == 0)
		return true;
	g_ptr_array_add(problems, NULL);
	g_autofree char *text = g_strjoinv("\n", (char **)problems->pdata);
	return strake_error_set(error, STRAKE_ERROR_INVALID, "%s", text);
}

StrakeOverlaySet *strake_overlay_set_load(const char *path, GError **error)
{
	g_autoptr(StrakeOverlaySet) set = g_new0(StrakeOverlaySet, 1);
	g_autofree char *absolute = g_canonicalize_filename(path, NULL);
	StrakeOverlayFile file = {0};

	set->arena = strake_arena_new();
	if (!load_reported(set->arena, absolute, false, &file, error))
		return NULL;
	set->overlays = file.overlays;
	return g_steal_pointer(&set);
}

void strake_overlay_set_free(StrakeOverlaySet *set)
{
	if (set == NULL)
		return;
	strake_arena_free(set->arena);
	g_free(set);
}

static int compare_by_base_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a;
	const char *y = *(char *const *)b;
	int order = strcmp(strrchr(x, '/'), strrchr(y, '/'));

	return order != 0 ? order : strcmp(x, y);
}

// The files of all patterns, each once, in order.
static bool find_files(const StrakeComponent *c, const char *dir, GPtrArray *out, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (char **pattern = c->overlay_files; *pattern != NULL; pattern++) {
		g_auto(GStrv) files =
			strake_glob_files(**pattern == '/' ? "" : dir, *pattern, error);
		if (files == NULL)
			return false;
		if (files[0] == NULL && strake_glob_is_literal(*pattern))
			return strake_error_at(error, STRAKE_ERROR_INVALID, c->origin,
				"component '%s': overlay-files: there is no file '%s' below '%s'",
				c->name, *pattern, dir);
		qsort(files, g_strv_length(files), sizeof(char *), compare_by_base_name);
		for (char **file = files; *file != NULL; file++) {
			char *path = g_canonicalize_filename(*file, NULL);
			if (g_hash_table_contains(seen, path)) {
				g_free(path);
				continue;
			}
			g_ptr_array_add(out, path);
			g_hash_table_add(seen, path);
		}
	}
	return true;
}

static bool all_described(const StrakeOverlayFile *file, GError **error)
{
	for (guint i = 0; i < file->overlays->len; i++) {
		const StrakeOverlay *o = file->overlays->pdata[i];
		if (o->description == NULL || *o->description == '\0')
			return strake_error_at(error, STRAKE_ERROR_INVALID, o->origin,
				"an overlay of type '%s' has no 'description'; in a strict project "
				"every change says why it is made",
				strake_overlay_type_name(o->type));
	}
	return true;
}

static StrakeOverlayFile *cached_file(StrakeProject *project, const char *path, GError **error)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&project->lock);
	StrakeOverlayFile *file = g_hash_table_lookup(project->overlay_files, path);

	if (file != NULL)
		return file;
	file = strake_arena_alloc(project->arena, sizeof(*file));
	if (!load_reported(project->arena, path, true, file, error) ||
		(project->all.project.strict && !all_described(file, error)))
		return NULL;
	g_hash_table_insert(
		project->overlay_files, strake_arena_strdup(project->arena, path), file);
	return file;
}

static const char *dir_of(const StrakeProject *project, const StrakeComponent *c)
{
	const char *dir = g_hash_table_lookup(project->component_dirs, c->name);

	if (dir == NULL && c->origin.file != NULL)
		dir = g_hash_table_lookup(project->file_dirs, c->origin.file);
	return dir != NULL ? dir : project->root_dir;
}

bool strake_project_load_overlay_files(StrakeProject *project, StrakeComponent *c, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	GPtrArray *all;

	if (!find_files(c, dir_of(project, c), paths, error))
		return false;
	all = g_ptr_array_new();
	strake_arena_defer(c->arena, all, (GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; c->overlays != NULL && i < c->overlays->len; i++)
		g_ptr_array_add(all, c->overlays->pdata[i]);
	for (guint i = 0; i < paths->len; i++) {
		const StrakeOverlayFile *file = cached_file(project, paths->pdata[i], error);
		if (file == NULL)
			return false;
		for (guint j = 0; j < file->overlays->len; j++)
			g_ptr_array_add(all, file->overlays->pdata[j]);
	}
	c->overlays = all;
	return true;
}
