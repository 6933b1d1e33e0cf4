// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The steps of rendering, all in memory.
#include "render/spec_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "format/autospec.h"
#include "format/sources_file.h"
#include "format/specfile.h"
#include "format/specmacro.h"
#include "format/specsources.h"
#include "overlay/apply.h"
#include "overlay/release.h"
#include "render/history.h"
#include "render/provenance.h"

#define RPMAUTOSPEC_VERSION "0.8.4"
#define SOURCES "sources"

static char *final_spec_name(const StrakePick *pick)
{
	return g_strconcat(pick->component->name, ".spec", NULL);
}

static StrakeFileTree *tree_of_commit(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autoptr(StrakeFileTree) tree = strake_file_tree_new();
	g_autoptr(GPtrArray) files = NULL;
	StrakeGit *git = strake_pick_git(ws, pick, error);

	if (git == NULL || !strake_pick_need(ws, pick, pick->commit, error))
		return NULL;
	files = strake_git_tree(git, pick->commit, error);
	if (files == NULL) {
		g_prefix_error(error, "component '%s': ", pick->component->name);
		return NULL;
	}
	for (guint i = 0; i < files->len; i++) {
		const StrakeGitFile *file = files->pdata[i];
		strake_file_tree_set(tree, file->path, file->mode, file->content);
	}
	return g_steal_pointer(&tree);
}

StrakeFileTree *strake_spec_tree_upstream(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autoptr(StrakeFileTree) tree = NULL;
	g_autofree char *name = strake_pick_spec_name(pick);
	g_autofree char *final_name = final_spec_name(pick);
	const StrakeFileTreeEntry *spec;

	if (pick->local) {
		g_autofree char *dir = g_path_get_dirname(pick->component->spec.path);
		tree = strake_file_tree_read(AT_FDCWD, dir, error);
		if (tree == NULL)
			g_prefix_error(error, "component '%s': ", pick->component->name);
	} else {
		tree = tree_of_commit(ws, pick, error);
	}
	if (tree == NULL)
		return NULL;
	spec = strake_file_tree_get(tree, name);
	if (spec == NULL || S_ISLNK(spec->mode)) {
		if (pick->local)
			strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"component '%s': there is no spec file '%s'", pick->component->name,
				pick->component->spec.path);
		else
			strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"component '%s': commit %.12s of %s has no file '%s'; set "
				"spec.upstream-name if the package is called otherwise there",
				pick->component->name, pick->commit, pick->uri, name);
		return NULL;
	}
	if (strcmp(name, final_name) != 0) {
		g_autoptr(GBytes) content = g_bytes_ref(spec->content);
		mode_t mode = spec->mode;
		strake_file_tree_remove(tree, name);
		strake_file_tree_set(tree, final_name, mode, content);
	}
	return g_steal_pointer(&tree);
}

// "%name value" lines; the first lines are comments.
static StrakeMacros *macros_of(const char *text)
{
	StrakeMacros *macros = strake_macros_new();
	g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *blank = strchr(*line, ' ');
		if (**line != '%' || blank == NULL)
			continue;
		*blank = '\0';
		strake_macros_define(macros, *line + 1, blank + 1);
	}
	return macros;
}

StrakeMacros *strake_spec_tree_macros(const StrakeComponent *component, GError **error)
{
	GError *local = NULL;
	g_autofree char *text = strake_component_macros(component, NULL, &local);

	if (local != NULL) {
		g_propagate_error(error, local);
		return NULL;
	}
	return macros_of(text);
}

// -- overlays

typedef struct {
	StrakeWorkspace *ws;
	StrakePick *pick;
	const StrakeSpecTreeOptions *options;
	StrakeFileTree *tree;
	char *spec_name;
	char *macros; // text of the macros file, NULL: none
} Render;

static bool is_archive_overlay(const StrakeOverlay *overlay)
{
	return overlay->archive != NULL && *overlay->archive != '\0';
}

// The overlays to apply; @out_files: whether one of them needs a directory.
static GPtrArray *select_overlays(const Render *r, const StrakeOverlayPlan *plan, bool *out_files)
{
	GPtrArray *wanted = g_ptr_array_new();

	*out_files = false;
	for (guint i = 0; i < plan->overlays->len; i++) {
		const StrakeOverlay *overlay = plan->overlays->pdata[i];
		if (is_archive_overlay(overlay) && r->options->archives == NULL)
			continue;
		g_ptr_array_add(wanted, plan->overlays->pdata[i]);
		*out_files |= strake_overlay_edits_files(overlay->type);
	}
	return wanted;
}

static void take_file(const char *path, GBytes *content, mode_t mode, void *tree)
{
	if (!S_ISLNK(mode))
		mode = (mode & 0100) != 0 ? 0755 : 0644;
	strake_file_tree_set(tree, path, mode, content);
}

static bool apply_to_tree(Render *r, const GPtrArray *overlays, bool files, GError **error)
{
	g_autoptr(StrakeSources) sources = files ? strake_sources_new() : NULL;
	StrakeOverlayOptions options = {
		.style = strake_project_info(r->ws->project)->overlay_style, .memory = sources};
	const StrakeFileTreeEntry *spec = strake_file_tree_get(r->tree, r->spec_name);
	const GPtrArray *all = files ? strake_file_tree_files(r->tree) : NULL;
	g_autoptr(StrakeOverlayResult) result = NULL;
	g_autoptr(StrakeFileTree) after = NULL;
	mode_t mode = spec->mode;

	for (guint i = 0; files && i < all->len; i++) {
		const StrakeFileTreeEntry *file = all->pdata[i];
		strake_sources_put(sources, file->path, file->content, file->mode);
	}
	result = strake_overlay_apply(spec->content, r->spec_name, overlays, &options, error);
	if (result == NULL)
		return false;
	if (files) {
		after = strake_file_tree_new();
		if (!strake_sources_each(sources, take_file, after, error))
			return false;
		strake_file_tree_free(r->tree);
		r->tree = g_steal_pointer(&after);
	}
	strake_file_tree_set(r->tree, r->spec_name, mode, strake_overlay_result_spec(result));
	return true;
}

static bool apply_overlays(Render *r, GError **error)
{
	g_autoptr(StrakeOverlayPlan) plan =
		strake_overlay_plan(r->pick->component, r->macros != NULL, error);
	g_autoptr(GPtrArray) overlays = NULL;
	bool need_files;

	if (plan == NULL)
		return false;
	if (r->macros != NULL) {
		g_autofree char *name = strake_overlay_macros_name(r->pick->component->name);
		strake_file_tree_set_text(r->tree, name, r->macros);
	}
	overlays = select_overlays(r, plan, &need_files);
	return apply_to_tree(r, overlays, need_files, error);
}

// -- `sources`

static bool rewrite_sources(Render *r, GError **error)
{
	const GPtrArray *wanted = r->pick->component->source_files;
	const StrakeFileTreeEntry *file = strake_file_tree_get(r->tree, SOURCES);
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	g_autoptr(StrakeSourcesFile) sources = NULL;
	g_autofree char *text = NULL;

	if (wanted == NULL || wanted->len == 0)
		return true;
	sources = strake_sources_file_parse(file != NULL ? file->content : empty, SOURCES, error);
	if (sources == NULL)
		return false;
	for (guint i = 0; i < wanted->len; i++) {
		const StrakeSourceFile *w = wanted->pdata[i];
		GError *local = NULL;
		if (strake_sources_file_set(sources, w->filename,
			    w->hash_type == STRAKE_HASH_SHA256 ? "SHA256" : "SHA512", w->hash,
			    w->replace_upstream, &local))
			continue;
		strake_error_at(error, STRAKE_ERROR_INVALID, w->at, "%s", local->message);
		g_error_free(local);
		return false;
	}
	text = strake_sources_file_format(sources);
	strake_file_tree_set_text(r->tree, SOURCES, text);
	return true;
}

// -- release and changelog

static bool finish_spec(Render *r, StrakeSpec *spec, GError **error)
{
	StrakeOverlayStyle style = strake_project_info(r->ws->project)->overlay_style;
	const StrakeFileTreeEntry *file = strake_file_tree_get(r->tree, r->spec_name);
	mode_t mode = file->mode;
	g_autoptr(GBytes) bytes = NULL;
	g_auto(StrakeAutospec) autospec = {0};
	g_autoptr(StrakeMacros) macros = NULL;
	StrakeAutospecFeatures features;
	const char *text;
	size_t size;

	if (!strake_overlay_bump_release(spec, r->pick->component->release_calculation,
		    strake_history_n_changes(r->ws, r->pick), style, error))
		return false;
	bytes = strake_spec_print(spec);
	text = g_bytes_get_data(bytes, &size);
	features = strake_autospec_features(text, size);
	if (features.autorelease || features.autochangelog || !features.has_changelog) {
		g_autofree char *written = NULL;
		macros = macros_of(r->macros);
		if (!strake_history_autospec(r->ws, r->pick, spec, macros, &autospec, error))
			return false;
		written = strake_autospec_write(text, size, &autospec, RPMAUTOSPEC_VERSION);
		size = strlen(written);
		g_bytes_unref(bytes);
		bytes = g_bytes_new_take(g_steal_pointer(&written), size);
	}
	strake_file_tree_set(r->tree, r->spec_name, mode, bytes);
	return true;
}

// -- which files stay

// NULL: all of them, as some name cannot be told.
static GHashTable *named_files(const Render *r, const StrakeSpec *spec)
{
	g_autoptr(StrakeMacros) macros = macros_of(r->macros);
	g_autoptr(GArray) files = strake_spec_files(spec, macros);
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < files->len; i++) {
		const StrakeSpecFile *file = &g_array_index(files, StrakeSpecFile, i);
		bool is_url = strstr(file->value, "://") != NULL;
		if (!file->complete)
			return NULL;
		g_hash_table_add(names, g_strdup(file->file));
		if (!is_url)
			g_hash_table_add(names, g_strndup(file->value, strcspn(file->value, "/")));
	}
	return g_steal_pointer(&names);
}

static void filter_files(Render *r, const StrakeSpec *spec)
{
	g_autoptr(GHashTable) names = NULL;
	g_autoptr(GPtrArray) dropped = g_ptr_array_new_with_free_func(g_free);
	const GPtrArray *files;

	if (r->options->keep_all || r->pick->component->skip_file_filter)
		return;
	names = named_files(r, spec);
	if (names == NULL)
		return;
	files = strake_file_tree_files(r->tree);
	for (guint i = 0; i < files->len; i++) {
		const char *path = ((const StrakeFileTreeEntry *)files->pdata[i])->path;
		g_autofree char *first = g_strndup(path, strcspn(path, "/"));
		if (strcmp(path, r->spec_name) != 0 && strcmp(path, SOURCES) != 0 &&
			!g_hash_table_contains(names, first))
			g_ptr_array_add(dropped, g_strdup(path));
	}
	for (guint i = 0; i < dropped->len; i++)
		strake_file_tree_remove(r->tree, dropped->pdata[i]);
}

static void add_archives(Render *r)
{
	const GPtrArray *files =
		r->options->archives != NULL ? strake_file_tree_files(r->options->archives) : NULL;

	for (guint i = 0; files != NULL && i < files->len; i++) {
		const StrakeFileTreeEntry *file = files->pdata[i];
		strake_file_tree_set(r->tree, file->path, file->mode, file->content);
	}
}

static bool make_macros(Render *r, GError **error)
{
	const StrakeFileTreeEntry *spec = strake_file_tree_get(r->tree, r->spec_name);
	g_autoptr(GPtrArray) provenance =
		strake_provenance_macros(r->ws, r->pick, spec->content, error);
	GError *local = NULL;

	if (provenance == NULL)
		return false;
	r->macros = strake_component_macros(r->pick->component, provenance, &local);
	if (local != NULL)
		g_propagate_error(error, local);
	return local == NULL;
}

static bool render(Render *r, GError **error)
{
	g_autoptr(StrakeSpec) spec = NULL;

	r->tree = strake_spec_tree_upstream(r->ws, r->pick, error);
	if (r->tree == NULL)
		return false;
	add_archives(r);
	if (!make_macros(r, error))
		return false;
	if (!apply_overlays(r, error) || !rewrite_sources(r, error))
		return false;
	spec = strake_spec_parse(strake_file_tree_get(r->tree, r->spec_name)->content, error);
	if (spec == NULL || !finish_spec(r, spec, error))
		return false;
	filter_files(r, spec);
	return true;
}

StrakeFileTree *strake_spec_tree_render(
	StrakeWorkspace *ws, StrakePick *pick, const StrakeSpecTreeOptions *options, GError **error)
{
	Render r = {.ws = ws, .pick = pick, .options = options};
	g_autofree char *start = g_strdup_printf("component '%s': ", pick->component->name);
	GError *local = NULL;
	bool ok;

	r.spec_name = final_spec_name(pick);
	ok = render(&r, &local);
	if (local != NULL && !g_str_has_prefix(local->message, start))
		g_propagate_prefixed_error(error, local, "%s", start);
	else if (local != NULL)
		g_propagate_error(error, local);
	g_free(r.spec_name);
	g_free(r.macros);
	if (ok)
		return r.tree;
	strake_file_tree_free(r.tree);
	return NULL;
}
