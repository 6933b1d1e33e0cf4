// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What every command on source components begins with.
#include "component_io.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/glob.h"

ComponentWork *component_work_open(const StrakeGlobals *globals, GError **error)
{
	g_autoptr(ComponentWork) work = g_new0(ComponentWork, 1);

	work->project = strake_project_load(globals->project_dir, NULL, error);
	if (work->project == NULL)
		return NULL;
	work->store = strake_store_open(globals->store_path, error);
	if (work->store == NULL)
		return NULL;
	work->ws = strake_workspace_open(work->project, work->store, globals->offline, error);
	return work->ws != NULL ? g_steal_pointer(&work) : NULL;
}

void component_work_free(ComponentWork *work)
{
	if (work == NULL)
		return;
	strake_workspace_free(work->ws);
	strake_store_free(work->store);
	strake_project_free(work->project);
	g_free(work);
}

char **component_work_names(ComponentWork *work, char **patterns, bool all, GError **error)
{
	g_auto(GStrv) sources = NULL;
	g_autoptr(GHashTable) wanted = NULL;
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();

	if (all == (patterns[0] != NULL)) {
		strake_error_set(error, STRAKE_ERROR_USAGE,
			all ? "give names or --all, not both"
			    : "give names of components, or --all");
		return NULL;
	}
	if (!all) {
		bool plain = true;
		for (char **pattern = patterns; *pattern != NULL; pattern++)
			plain = plain && strake_project_has_component(work->project, *pattern);
		if (plain) // nothing else needs to be resolved
			return g_strdupv(patterns);
	}
	sources = strake_workspace_names(work->ws, error);
	if (sources == NULL || all)
		return g_steal_pointer(&sources);
	wanted = g_hash_table_new(g_str_hash, g_str_equal);
	for (char **pattern = patterns; *pattern != NULL; pattern++) {
		g_autoptr(StrakeGlob) glob = strake_glob_new(*pattern, error);
		bool found = false;
		if (glob == NULL)
			return NULL;
		for (char **name = sources; *name != NULL; name++)
			if (strcmp(*name, *pattern) == 0 || strake_glob_match(glob, *name)) {
				g_hash_table_add(wanted, *name);
				found = true;
			}
		if (!found) {
			strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"no source component matches '%s' (strake component list shows "
				"all)",
				*pattern);
			return NULL;
		}
	}
	for (char **name = sources; *name != NULL; name++)
		if (g_hash_table_contains(wanted, *name))
			g_strv_builder_add(out, *name);
	return g_strv_builder_end(out);
}
