// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Selects, fetches and bridges upstream's packages, and builds the local ones.
#include "project_packages.h"

#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "bridge/bridge.h"
#include "build/local.h"
#include "upstream/upstream.h"

// -- upstream's packages

static GPtrArray *select_pins(const StrakeGlobals *globals, StrakeProject *project,
	StrakeStore *store, const ProjectPackagesOptions *options, GError **error)
{
	const StrakeUpstreamOptions how = {
		.mode = options->follow ? STRAKE_UPSTREAM_FOLLOW : STRAKE_UPSTREAM_LOCKED,
		.offline = globals->offline,
	};
	const StrakeUpstream *upstream = strake_project_upstream(project, options->upstream, error);
	g_autoptr(GPtrArray) pins = NULL;

	if (upstream == NULL ||
		!strake_upstream_select(project, store, upstream, &how, &pins, error) ||
		!strake_upstream_fetch(project, store, upstream, &how, pins, error))
		return NULL;
	return g_steal_pointer(&pins);
}

static bool collect(const GPtrArray *results, bool skip_refused, GPtrArray *out, GError **error)
{
	g_autofree char *refused = strake_bridge_refused(results);

	if (refused != NULL && !skip_refused)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "%s", refused);
	if (refused != NULL)
		strake_warn("left out: %s", refused);
	for (guint i = 0; i < results->len; i++) {
		const StrakeBridgeResult *result = g_ptr_array_index(results, i);

		if (result->accepted)
			g_ptr_array_add(out, g_strdup(result->rpm_sha256));
	}
	return true;
}

static bool add_bridged(const StrakeGlobals *globals, StrakeProject *project, StrakeStore *store,
	const ProjectPackagesOptions *options, GPtrArray *out, GError **error)
{
	const StrakeBridgeOptions how = {.following = options->follow};
	g_autoptr(GPtrArray) pins = select_pins(globals, project, store, options, error);
	g_autoptr(StrakeBridge) bridge = NULL;
	g_autofree StrakeBridgeItem *items = NULL;
	g_autoptr(GPtrArray) results = NULL;

	if (pins == NULL)
		return false;
	bridge = strake_bridge_new(project, store, &how, error);
	if (bridge == NULL)
		return false;
	items = g_new0(StrakeBridgeItem, pins->len + 1);
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);
		items[i] = (StrakeBridgeItem){.deb_sha256 = pin->sha256, .name = pin->name};
	}
	results = strake_bridge_import_all(
		bridge, items, pins->len, (unsigned)MAX(globals->jobs, 0), error);
	return results != NULL && collect(results, options->skip_refused, out, error);
}

// -- local components

static bool add_local_one(StrakeStore *store, const StrakeKeys *keys, const char *spec_path,
	GPtrArray *out, GError **error)
{
	const char *key = strake_keys_public(keys);
	g_autoptr(GBytes) key_bytes = g_bytes_new_static(key, strlen(key));
	const StrakeLocalExtra extras[] = {{"RPM-GPG-KEY-strake", key_bytes}};
	const StrakeLocalBuild build = {
		.spec_path = spec_path, .extras = extras, .n_extras = G_N_ELEMENTS(extras)};
	g_autoptr(GPtrArray) packages = strake_build_local(store, &build, NULL, error);

	if (packages == NULL)
		return false;
	for (guint i = 0; i < packages->len; i++) {
		const StrakeLocalPackage *package = g_ptr_array_index(packages, i);
		g_ptr_array_add(out, g_strdup(package->sha256));
	}
	return true;
}

static bool add_local(StrakeProject *project, StrakeStore *store, const StrakeKeys *keys,
	GPtrArray *out, GError **error)
{
	g_auto(GStrv) names = strake_project_component_names(project);

	for (char **name = names; *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL)
			return false;
		if (component->spec.type == STRAKE_SPEC_LOCAL &&
			!add_local_one(store, keys, component->spec.path, out, error)) {
			g_prefix_error(error, "component '%s': ", *name);
			return false;
		}
	}
	return true;
}

GPtrArray *project_packages(const StrakeGlobals *globals, StrakeProject *project,
	StrakeStore *store, const StrakeKeys *keys, const ProjectPackagesOptions *options,
	GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);

	if (!add_bridged(globals, project, store, options, out, error) ||
		!add_local(project, store, keys, out, error))
		return NULL;
	return g_steal_pointer(&out);
}
