// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake component changed: what a release or a merge has to rebuild, and to upload.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/glob.h"
#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"
#include "component_io.h"
#include "render/project_changed.h"

typedef struct {
	gboolean include_unchanged;
	gboolean json;
	char *from;
	char *to;
} ChangedOpts;

enum { COMMIT_SHOWN = 12 };

static const char *const words[] = {"unchanged", "added", "deleted", "changed"};

static char *short_id(const char *id)
{
	return id != NULL ? g_strndup(id, COMMIT_SHOWN) : g_strdup("-");
}

static void add_json(JsonBuilder *json, const StrakeComponentDiff *diff)
{
	json_builder_begin_object(json);
	strake_json_string(json, "name", diff->name);
	strake_json_string(json, "change", words[diff->change]);
	json_builder_set_member_name(json, "sources-change");
	json_builder_add_boolean_value(json, diff->sources);
	if (diff->old_commit != NULL)
		strake_json_string(json, "old-commit", diff->old_commit);
	if (diff->new_commit != NULL)
		strake_json_string(json, "new-commit", diff->new_commit);
	json_builder_end_object(json);
}

static void print_rows(const GPtrArray *rows, bool as_json)
{
	g_autoptr(StrakeTable) table =
		strake_table_new("component", "lock", "sources", "was", "is", NULL);
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_array(json);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeComponentDiff *diff = rows->pdata[i];
		g_autofree char *was = short_id(diff->old_commit);
		g_autofree char *is = short_id(diff->new_commit);
		add_json(json, diff);
		strake_table_add(table, (const char *[]){diff->name, words[diff->change],
						diff->sources ? "changed" : "same", was, is});
	}
	json_builder_end_array(json);
	if (as_json)
		strake_json_print(json);
	else
		strake_table_print(table, stdout);
}

static bool add_matching(
	GPtrArray *out, const GPtrArray *all, const char *pattern, GHashTable *seen, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);
	bool found = false;

	if (glob == NULL)
		return false;
	for (guint i = 0; i < all->len; i++) {
		StrakeComponentDiff *diff = all->pdata[i];
		if (strcmp(diff->name, pattern) != 0 && !strake_glob_match(glob, diff->name))
			continue;
		found = true;
		if (g_hash_table_add(seen, diff))
			g_ptr_array_add(out, diff);
	}
	return found ||
	       strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		       "no component that is locked at either revision matches '%s'", pattern);
}

/* Those that are asked for, or all that changed. */
static GPtrArray *choose(
	const GPtrArray *all, char **patterns, const ChangedOpts *o, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (char **pattern = patterns; *pattern != NULL; pattern++)
		if (!add_matching(out, all, *pattern, seen, error))
			return NULL;
	for (guint i = 0; *patterns == NULL && i < all->len; i++) {
		StrakeComponentDiff *diff = all->pdata[i];
		if (o->include_unchanged || diff->change != STRAKE_COMPONENT_UNCHANGED ||
			diff->sources)
			g_ptr_array_add(out, diff);
	}
	return g_steal_pointer(&out);
}

/* Archives that a lock does not know of: the fingerprint cannot tell what is built. */
static bool check_drift(const GPtrArray *rows, GError **error)
{
	for (guint i = 0; i < rows->len; i++) {
		const StrakeComponentDiff *diff = rows->pdata[i];
		if (diff->sources && diff->change == STRAKE_COMPONENT_UNCHANGED)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"component '%s': its rendered 'sources' changed, but its lock did "
				"not; run strake component update and commit the lock with it",
				diff->name);
	}
	return true;
}

static bool run_changed(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ChangedOpts *o = opts;
	g_autoptr(StrakeProject) project = NULL;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GPtrArray) rows = NULL;

	if (o->from == NULL)
		return strake_error_set(error, STRAKE_ERROR_USAGE, "--from REVISION is needed");
	project = strake_project_load(globals->project_dir, NULL, error);
	if (project == NULL)
		return false;
	all = strake_project_changed(strake_project_root(project), strake_project_lock_dir(project),
		strake_project_info(project)->rendered_specs_dir, o->from,
		o->to != NULL ? o->to : "HEAD", error);
	if (all == NULL)
		return false;
	rows = choose(all, args, o, error);
	if (rows == NULL)
		return false;
	print_rows(rows, o->json);
	return check_drift(rows, error);
}

static const StrakeOpt changed_opts[] = {
	{0, "from", STRAKE_OPT_STRING, offsetof(ChangedOpts, from), "REVISION", "the older state"},
	{0, "to", STRAKE_OPT_STRING, offsetof(ChangedOpts, to), "REVISION",
		"the newer state; HEAD without it"},
	{0, "include-unchanged", STRAKE_OPT_FLAG, offsetof(ChangedOpts, include_unchanged), NULL,
		"list all components"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(ChangedOpts, json), NULL, "as JSON"},
	{0},
};

const StrakeCmd strake_cmd_component_changed = {
	.name = "component changed",
	.args = "[GLOB...]",
	.summary = "list components that differ between two revisions of the project",
	.details =
		"Compares the locks and the rendered 'sources' files as committed; the definitions "
		"of today only say where those lie. Fails when archives changed and the lock did "
		"not.",
	.max_args = -1,
	.opts = changed_opts,
	.opts_size = sizeof(ChangedOpts),
	.run = run_changed,
};
