// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Components that exist because a group's globs find their spec files.
#include <string.h>

#include "base/glob.h"
#include "project/project_private.h"

typedef struct {
	StrakeProject *p;
	StrakeLoad *load;
	GHashTable *known;      // name -> StrakeComponent *, defined by a table
	GHashTable *discovered; // name -> path of the spec
	GPtrArray *members;     // names found for the group at hand
} Discovery;

static bool is_excluded(GPtrArray *globs, const char *relative)
{
	for (guint i = 0; i < globs->len; i++)
		if (strake_glob_match(globs->pdata[i], relative))
			return true;
	return false;
}

static void add_spec(Discovery *d, const StrakeComponentGroup *group, const char *path)
{
	StrakeArena *arena = d->p->arena;
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *dir = g_path_get_dirname(path);
	const char *other;
	char *name;

	if (!g_str_has_suffix(base, ".spec") || base[5] == '\0')
		return;
	name = strake_arena_strndup(arena, base, strlen(base) - 5);
	other = g_hash_table_lookup(d->discovered, name);
	if (other != NULL && strcmp(other, path) != 0) {
		strake_load_problem(d->load, group->at,
			"component group '%s': both '%s' and '%s' would be the component '%s'",
			group->name, other, path, name);
		return;
	}
	g_ptr_array_add(d->members, name);
	if (other != NULL)
		return;
	g_hash_table_insert(d->discovered, name, strake_arena_strdup(arena, path));
	g_hash_table_insert(d->p->component_dirs, name, strake_arena_strdup(arena, dir));
	if (g_hash_table_contains(d->known, name))
		return; // its own table says what it is
	StrakeComponent *c = strake_schema_new(&strake_component_schema, arena);
	c->name = name;
	c->origin = group->at;
	c->spec.type = STRAKE_SPEC_LOCAL;
	c->spec.path = strake_arena_strdup(arena, path);
	if (d->p->all.components == NULL) {
		d->p->all.components = g_ptr_array_new();
		strake_arena_defer(arena, d->p->all.components, (GDestroyNotify)g_ptr_array_unref);
	}
	g_ptr_array_add(d->p->all.components, c);
}

static void scan_group(Discovery *d, StrakeComponentGroup *group)
{
	const char *dir = g_hash_table_lookup(d->p->file_dirs, group->at.file);
	g_autoptr(GPtrArray) excluded =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_glob_free);
	size_t n = strlen(dir) + 1;

	for (char **pattern = group->excluded_paths; pattern != NULL && *pattern != NULL;
		pattern++) {
		g_autoptr(GError) error = NULL;
		StrakeGlob *glob = strake_glob_new(*pattern, &error);
		if (glob == NULL)
			strake_load_problem(
				d->load, group->at, "excluded-paths: %s", error->message);
		else
			g_ptr_array_add(excluded, glob);
	}
	for (char **pattern = group->specs; *pattern != NULL; pattern++) {
		g_autoptr(GError) error = NULL;
		g_auto(GStrv) files = strake_glob_files(dir, *pattern, &error);
		if (files == NULL) {
			strake_load_problem(d->load, group->at, "specs: %s", error->message);
			continue;
		}
		for (char **file = files; *file != NULL; file++)
			if (!is_excluded(excluded, *file + n))
				add_spec(d, group, *file);
	}
}

// The group's own names and the found ones, as its list of components.
static void add_members(Discovery *d, StrakeComponentGroup *group)
{
	size_t old = group->components != NULL ? g_strv_length(group->components) : 0;
	char **all = strake_arena_alloc(d->p->arena, (old + d->members->len + 1) * sizeof(char *));

	for (size_t i = 0; i < old; i++)
		all[i] = group->components[i];
	for (guint i = 0; i < d->members->len; i++)
		all[old + i] = d->members->pdata[i];
	group->components = all;
}

void strake_project_discover_specs(StrakeProject *project, StrakeLoad *load)
{
	g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) discovered = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) members = g_ptr_array_new();
	Discovery d = {project, load, known, discovered, members};
	const GPtrArray *groups = project->all.component_groups;
	const GPtrArray *components = project->all.components;

	for (guint i = 0; components != NULL && i < components->len; i++) {
		StrakeComponent *c = components->pdata[i];
		g_hash_table_insert(known, c->name, c);
	}
	for (guint i = 0; groups != NULL && i < groups->len; i++) {
		StrakeComponentGroup *group = groups->pdata[i];
		if (group->specs == NULL || group->specs[0] == NULL)
			continue;
		g_ptr_array_set_size(members, 0);
		scan_group(&d, group);
		if (members->len > 0)
			add_members(&d, group);
	}
}
