// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Questions to a loaded project, and components with all that they inherit.
#include <string.h>

#include "base/nearest.h"
#include "project/project_private.h"

const char *strake_project_root(const StrakeProject *project)
{
	return project->root_dir;
}

const char *strake_project_relative(const StrakeProject *project, const char *file)
{
	size_t n = strlen(project->display_dir);

	if (file == NULL || n == 0 || strncmp(file, project->display_dir, n) != 0 || file[n] != '/')
		return file;
	return file + n + 1;
}

const StrakeProjectInfo *strake_project_info(const StrakeProject *project)
{
	return &project->all.project;
}

const char *strake_project_output_dir(const StrakeProject *project)
{
	return project->output_dir;
}

const char *strake_project_lock_dir(const StrakeProject *project)
{
	return project->lock_dir;
}

StrakeOrigin strake_project_source(
	const StrakeProject *project, const void *address, StrakeOrigin or_else)
{
	const StrakeFieldSource *source = g_hash_table_lookup(project->sources, address);

	return source != NULL
		       ? (StrakeOrigin){source->file, source->value->line, source->value->column}
		       : or_else;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// The names of structs that begin with theirs, sorted.
static char **names_of(const GPtrArray *list)
{
	guint n = list != NULL ? list->len : 0;
	char **names = g_new0(char *, n + 1);

	for (guint i = 0; i < n; i++)
		names[i] = g_strdup(*(char **)list->pdata[i]);
	qsort(names, n, sizeof(char *), compare_names);
	return names;
}

static void *find_named(const GPtrArray *list, const char *name)
{
	for (guint i = 0; list != NULL && i < list->len; i++)
		if (strcmp(*(char **)list->pdata[i], name) == 0)
			return list->pdata[i];
	return NULL;
}

static const void *find_or_error(
	const GPtrArray *list, const char *noun, const char *name, GError **error)
{
	const void *found = find_named(list, name);
	g_auto(GStrv) names = NULL;
	const char *near;

	if (found != NULL)
		return found;
	names = names_of(list);
	near = strake_nearest(name, (const char *const *)names);
	g_autofree char *all = g_strjoinv(", ", names);
	if (near != NULL)
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no %s '%s'; did you mean '%s'?", noun, name, near);
	else if (names[0] == NULL)
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no %s '%s': none is defined", noun, name);
	else
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no %s '%s'; defined are: %s", noun, name, all);
	return NULL;
}

const StrakeDistro *strake_project_distro(
	const StrakeProject *project, const char *name, GError **error)
{
	if (name == NULL)
		name = project->all.project.default_distro.name;
	if (name == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"no distro is named and [project] has no default-distro");
		return NULL;
	}
	return find_or_error(project->all.distros, "distro", name, error);
}

const StrakeDistroVersion *strake_project_distro_version(
	const StrakeProject *project, const StrakeDistroRef *ref, GError **error)
{
	if (ref == NULL)
		ref = &project->all.project.default_distro;
	const StrakeDistro *distro = strake_project_distro(project, ref->name, error);
	const char *version = ref->version;

	if (distro == NULL)
		return NULL;
	if (version == NULL)
		version = distro->default_version;
	if (version == NULL) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"distro '%s': no version is named and it has no default-version",
			distro->name);
		return NULL;
	}
	g_autofree char *noun = g_strdup_printf("version of distro '%s':", distro->name);
	return find_or_error(distro->versions, noun, version, error);
}

const StrakeUpstream *strake_project_upstream(
	const StrakeProject *project, const char *name, GError **error)
{
	if (name == NULL) {
		const StrakeDistroVersion *version =
			strake_project_distro_version(project, NULL, error);
		if (version == NULL)
			return NULL;
		name = version->upstream;
		if (name == NULL) {
			strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"version '%s' of the default distro names no 'upstream'",
				version->name);
			return NULL;
		}
	}
	return find_or_error(project->all.upstreams, "upstream", name, error);
}

char **strake_project_upstream_names(const StrakeProject *project)
{
	return names_of(project->all.upstreams);
}

char **strake_project_image_names(const StrakeProject *project)
{
	return names_of(project->all.images);
}

const StrakeImageDef *strake_project_image(
	const StrakeProject *project, const char *name, GError **error)
{
	return find_or_error(project->all.images, "image", name, error);
}

const GPtrArray *strake_project_package_groups(const StrakeProject *project)
{
	return project->all.package_groups;
}

char **strake_project_component_names(const StrakeProject *project)
{
	return names_of(project->all.components);
}

bool strake_project_has_component(const StrakeProject *project, const char *name)
{
	return g_hash_table_contains(project->components, name);
}

bool strake_project_is_built(const StrakeProject *project, const StrakeComponent *component)
{
	char **wanted = project->all.project.build_groups;

	for (char **group = component->groups; group != NULL && *group != NULL; group++)
		if (wanted != NULL && g_strv_contains((const char *const *)wanted, *group))
			return true;
	return false;
}

bool strake_component_is_data(const StrakeComponent *component)
{
	return component->spec.type == STRAKE_SPEC_LOCAL && component->groups == NULL;
}

// @layer over what @into has inherited so far, less what the layer drops.
static void add_layer(StrakeComponent *into, GHashTable *sources, const StrakeComponent *layer)
{
	for (char **path = layer->override; path != NULL && *path != NULL; path++)
		if (!strake_schema_clear(&strake_component_schema, into->arena, into, *path, NULL))
			g_warn_if_reached(); // checked at load
	strake_schema_merge(
		&strake_component_schema, STRAKE_MERGE_INHERIT, into->arena, sources, into, layer);
}

// The component of that name, else the first whose name is a glob that matches.
static const StrakeComponent *find_component(const StrakeProject *project, const char *name)
{
	const StrakeComponent *own = g_hash_table_lookup(project->components, name);

	for (guint i = 0; own == NULL && i < project->patterns->len; i++) {
		const StrakeProjectPattern *pattern = project->patterns->pdata[i];
		if (strake_glob_match(pattern->glob, name))
			own = pattern->component;
	}
	return own;
}

static void add_groups(StrakeComponent *c, GHashTable *sources, const GPtrArray *groups)
{
	c->groups = strake_arena_alloc(c->arena, (groups->len + 1) * sizeof(char *));
	for (guint i = 0; i < groups->len; i++) {
		const StrakeComponentGroup *group = groups->pdata[i];
		c->groups[i] = group->name;
		add_layer(c, sources, &group->defaults);
	}
}

StrakeComponent *strake_project_resolve_from(
	StrakeProject *project, const char *name, GHashTable *sources, GError **error)
{
	StrakeArena *arena = strake_arena_new();
	g_autoptr(StrakeComponent) c = strake_arena_alloc(arena, sizeof(*c));
	const StrakeComponent *own = find_component(project, name);
	const GPtrArray *groups = g_hash_table_lookup(project->groups_of, name);

	c->arena = arena;
	if (sources == NULL)
		*c = project->base;
	else
		add_layer(c, sources, &project->base);
	c->arena = arena;
	c->override = NULL;
	c->name = strake_arena_strdup(arena, name);
	if (groups != NULL)
		add_groups(c, sources, groups);
	if (own != NULL) {
		c->origin = own->origin;
		add_layer(c, sources, own);
	}
	if (c->overlay_files != NULL && c->overlay_files[0] != NULL &&
		!strake_project_load_overlay_files(project, c, error))
		return NULL;
	if (c->overlays == NULL) {
		c->overlays = g_ptr_array_new();
		strake_arena_defer(arena, c->overlays, (GDestroyNotify)g_ptr_array_unref);
	}
	return g_steal_pointer(&c);
}

StrakeComponent *strake_project_resolve(
	const StrakeProject *project, const char *name, GError **error)
{
	// Only the cache of overlay files behind its lock is changed.
	return strake_project_resolve_from((StrakeProject *)project, name, NULL, error);
}

void strake_component_free(StrakeComponent *component)
{
	if (component != NULL)
		strake_arena_free(component->arena); // holds the component too
}
