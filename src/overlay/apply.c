// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// All overlays of one component, in order, and one report of all that failed.
#include "overlay/apply.h"

#include <string.h>

#include "base/error.h"
#include "overlay/files.h"

struct StrakeOverlayResult {
	GBytes *spec;
	StrakeSources *sources; // NULL: no file of a directory was to be edited
};

typedef struct {
	const StrakeOverlayOptions *options;
	const GPtrArray *overlays;
	StrakeSpec *spec;
	StrakeSources *sources;
	GHashTable *archives; // names of edited archives
	GPtrArray *failures;  // of char *, one for each overlay, NULL: applied
} Run;

static void free_failure(void *text)
{
	g_free(text);
}

/* "file:3: spec-set-tag (why it is there): what is wrong" */
static char *failure_line(const StrakeOverlay *o, const char *message)
{
	g_autofree char *at = o->origin.file == NULL
				      ? g_strdup("")
				      : g_strdup_printf("%s:%u: ", o->origin.file, o->origin.line);
	bool described = o->description != NULL && *o->description != '\0';

	return g_strdup_printf("%s%s%s%s%s: %s", at, strake_overlay_type_name(o->type),
		described ? " (" : "", described ? o->description : "", described ? ")" : "",
		message);
}

static void note(Run *run, guint index, const char *message)
{
	if (run->failures->pdata[index] == NULL)
		run->failures->pdata[index] = g_strdup(message);
}

static void note_error(Run *run, guint index, GError *error)
{
	note(run, index, error->message);
	g_error_free(error);
}

static bool is_archived(const StrakeOverlay *o)
{
	return o->archive != NULL && *o->archive != '\0';
}

/* All overlays of the archive that overlay @first names, together. */
static void run_archive(Run *run, guint first)
{
	const StrakeOverlay *leader = run->overlays->pdata[first];
	g_autoptr(GPtrArray) group = g_ptr_array_new();
	g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GPtrArray) failed = g_ptr_array_new_with_free_func(free_failure);
	GError *error = NULL;

	for (guint i = first; i < run->overlays->len; i++) {
		StrakeOverlay *o = run->overlays->pdata[i];
		if (!is_archived(o) || strcmp(o->archive, leader->archive) != 0)
			continue;
		if (o->type != STRAKE_OVERLAY_FILE_REMOVE &&
			o->type != STRAKE_OVERLAY_FILE_SEARCH_REPLACE) {
			note(run, i,
				"only file-remove and file-search-replace work inside an archive");
			continue;
		}
		g_ptr_array_add(group, o);
		g_array_append_val(indexes, i);
	}
	g_hash_table_add(run->archives, leader->archive);
	g_ptr_array_set_size(failed, (gint)group->len);
	if (group->len == 0 || strake_overlay_apply_archive(
				       run->sources, leader->archive, group, failed, &error)) {
		for (guint i = 0; i < group->len; i++)
			if (failed->pdata[i] != NULL)
				note(run, g_array_index(indexes, guint, i), failed->pdata[i]);
		return;
	}
	for (guint i = 0; i < group->len; i++)
		note(run, g_array_index(indexes, guint, i), error->message);
	g_error_free(error);
}

static void run_one(Run *run, guint index)
{
	const StrakeOverlay *o = run->overlays->pdata[index];
	GError *error = NULL;

	if (strake_overlay_edits_spec(o->type) &&
		!strake_overlay_apply_spec(run->spec, o, run->options->style, &error)) {
		note_error(run, index, error);
		return;
	}
	if (!strake_overlay_edits_files(o->type) || run->sources == NULL)
		return;
	if (!strake_overlay_apply_files(run->sources, o, run->archives, &error))
		note_error(run, index, error);
}

static bool report(const Run *run, const char *spec_name, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned n = 0;

	for (guint i = 0; i < run->overlays->len; i++) {
		if (run->failures->pdata[i] == NULL)
			continue;
		g_autofree char *line =
			failure_line(run->overlays->pdata[i], run->failures->pdata[i]);
		g_string_append_printf(text, "\n  %s", line);
		n++;
	}
	return n == 0 ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "%u of %u overlay%s do%s not apply to '%s', nothing was written:%s", n,
		       run->overlays->len, run->overlays->len == 1 ? "" : "s", n == 1 ? "es" : "",
		       spec_name, text->str);
}

static bool open_sources(Run *run, GError **error)
{
	bool wanted = false;

	for (guint i = 0; i < run->overlays->len; i++) {
		const StrakeOverlay *o = run->overlays->pdata[i];
		if (!strake_overlay_edits_files(o->type))
			continue;
		if (run->options->sources != NULL || run->options->memory != NULL)
			wanted = true;
		else if (!run->options->spec_only || !strake_overlay_edits_spec(o->type))
			note(run, i, "it edits source files, but no directory of sources is given");
	}
	if (!wanted)
		return true;
	if (run->options->memory != NULL) {
		run->sources = run->options->memory;
		return true;
	}
	run->sources = strake_sources_open(run->options->sources, error);
	return run->sources != NULL;
}

static void run_clear(Run *run)
{
	g_clear_pointer(&run->spec, strake_spec_free);
	if (run->sources != run->options->memory)
		strake_sources_free(run->sources);
	g_clear_pointer(&run->archives, g_hash_table_unref);
	g_clear_pointer(&run->failures, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

StrakeOverlayResult *strake_overlay_apply(GBytes *spec, const char *spec_name,
	const GPtrArray *overlays, const StrakeOverlayOptions *options, GError **error)
{
	g_auto(Run) run = {.options = options, .overlays = overlays};
	StrakeOverlayResult *result;

	run.failures = g_ptr_array_new_with_free_func(free_failure);
	g_ptr_array_set_size(run.failures, (gint)overlays->len);
	run.archives = g_hash_table_new(g_str_hash, g_str_equal);
	run.spec = strake_spec_parse(spec, error);
	if (run.spec == NULL || !open_sources(&run, error))
		return NULL;
	for (guint i = 0; run.sources != NULL && i < overlays->len; i++) {
		const StrakeOverlay *o = overlays->pdata[i];
		if (is_archived(o) && strake_overlay_edits_files(o->type) &&
			!g_hash_table_contains(run.archives, o->archive))
			run_archive(&run, i);
	}
	for (guint i = 0; i < overlays->len; i++)
		if (!is_archived(overlays->pdata[i]))
			run_one(&run, i);
	if (!report(&run, spec_name, error) ||
		(run.sources != NULL && !strake_sources_stage(run.sources, error)))
		return NULL;
	result = g_new0(StrakeOverlayResult, 1);
	result->spec = strake_spec_print(run.spec);
	if (run.sources != options->memory)
		result->sources = g_steal_pointer(&run.sources);
	return result;
}

void strake_overlay_result_free(StrakeOverlayResult *result)
{
	if (result == NULL)
		return;
	g_clear_pointer(&result->spec, g_bytes_unref);
	g_clear_pointer(&result->sources, strake_sources_free);
	g_free(result);
}

GBytes *strake_overlay_result_spec(const StrakeOverlayResult *result)
{
	return result->spec;
}

bool strake_overlay_result_has_sources(const StrakeOverlayResult *result)
{
	return result->sources != NULL;
}

bool strake_overlay_result_put_spec(
	StrakeOverlayResult *result, const char *path, mode_t mode, GError **error)
{
	if (strake_sources_has(result->sources, path)) {
		strake_sources_write(result->sources, path, result->spec);
		return true;
	}
	return strake_sources_add(result->sources, path, result->spec, mode, error);
}

bool strake_overlay_result_commit(StrakeOverlayResult *result, GError **error)
{
	return result->sources == NULL || strake_sources_commit(result->sources, error);
}
