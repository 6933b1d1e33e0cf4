// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Selects, fetches and bridges or inherits upstream's packages, and builds the local ones.
#include "project_packages.h"

#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "bridge/bridge.h"
#include "build/local.h"
#include "format/rpm_read.h"
#include "upstream/upstream.h"

// -- upstream's packages

static GPtrArray *select_pins(const StrakeGlobals *globals, StrakeProject *project,
	StrakeStore *store, const ProjectPackagesOptions *options, const StrakeUpstream *upstream,
	GError **error)
{
	const StrakeUpstreamOptions how = {
		.mode = options->follow ? STRAKE_UPSTREAM_FOLLOW : STRAKE_UPSTREAM_LOCKED,
		.offline = globals->offline,
		.build = options->build,
	};
	g_autoptr(GPtrArray) pins = NULL;

	if (!strake_upstream_select(project, store, upstream, &how, &pins, error) ||
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
	const ProjectPackagesOptions *options, const GPtrArray *pins, GPtrArray *out,
	GError **error)
{
	const StrakeBridgeOptions how = {.following = options->follow};
	g_autoptr(StrakeBridge) bridge = NULL;
	g_autofree StrakeBridgeItem *items = NULL;
	g_autoptr(GPtrArray) results = NULL;

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

// -- packages that are RPMs already

// The scripts of @rpm in words; NULL: none. Free with g_free.
static char *scripts_of(const StrakeRpm *rpm)
{
	static const struct {
		uint32_t tag;
		const char *name;
	} kinds[] = {
		{STRAKE_RPMTAG_PREIN, "%pre"},
		{STRAKE_RPMTAG_POSTIN, "%post"},
		{STRAKE_RPMTAG_PREUN, "%preun"},
		{STRAKE_RPMTAG_POSTUN, "%postun"},
		{STRAKE_RPMTAG_PRETRANS, "%pretrans"},
		{STRAKE_RPMTAG_POSTTRANS, "%posttrans"},
		{STRAKE_RPMTAG_TRIGGERSCRIPTS, "%trigger"},
		{STRAKE_RPMTAG_FILETRIGGERSCRIPTS, "%filetrigger"},
		{STRAKE_RPMTAG_TRANSFILETRIGGERSCRIPTS, "%transfiletrigger"},
	};
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strake_rpm_header_has(rpm->header, kinds[i].tag))
			g_string_append_printf(
				text, "%s%s", text->len > 0 ? ", " : "", kinds[i].name);
	return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

// *@out_refused: a sentence when the package has scripts that nobody allowed.
static bool judge_inherited(const StrakeProject *project, StrakeStore *store, const StrakePin *pin,
	char **out_refused, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, pin->sha256, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	g_autoptr(StrakeComponent) component = NULL;
	g_autofree char *scripts = NULL;

	if (rpm == NULL)
		return false;
	scripts = scripts_of(rpm);
	if (scripts == NULL)
		return true;
	component = strake_project_resolve(project, pin->name, error);
	if (component == NULL)
		return false;
	if (!component->allow_unhandled)
		*out_refused = g_strdup_printf("%s %s has %s", pin->name, pin->version, scripts);
	return true;
}

static bool add_inherited(const StrakeProject *project, StrakeStore *store,
	const ProjectPackagesOptions *options, const GPtrArray *pins, GPtrArray *out,
	GError **error)
{
	g_autoptr(GString) refused = g_string_new(NULL);

	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);
		g_autofree char *why = NULL;

		if (!judge_inherited(project, store, pin, &why, error))
			return false;
		if (why != NULL) {
			g_string_append_printf(refused, "\n  %s", why);
			continue;
		}
		if (options->inherited != NULL)
			g_hash_table_add(options->inherited, g_strdup(pin->sha256));
		g_ptr_array_add(out, g_strdup(pin->sha256));
	}
	if (refused->len > 0 && options->skip_refused)
		strake_warn(
			"left out, as no script runs when an image is composed:%s", refused->str);
	else if (refused->len > 0)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"inherited packages have scripts, and no script runs when an image is "
			"composed:%s\nallow one with 'allow-unhandled = true' and an "
			"'allow-reason' in its component, or leave them out with --skip-refused",
			refused->str);
	return true;
}

static bool add_upstream(const StrakeGlobals *globals, StrakeProject *project, StrakeStore *store,
	const ProjectPackagesOptions *options, GPtrArray *out, GError **error)
{
	const StrakeUpstream *upstream = strake_project_upstream(project, options->upstream, error);
	g_autoptr(GPtrArray) pins = NULL;

	if (upstream == NULL)
		return false;
	pins = select_pins(globals, project, store, options, upstream, error);
	if (pins == NULL)
		return false;
	if (upstream->kind == STRAKE_UPSTREAM_RPM_MD)
		return add_inherited(project, store, options, pins, out, error);
	return add_bridged(globals, project, store, options, pins, out, error);
}

// -- local components

// @key: what a package that carries the repository's keys carries.
static bool add_local_one(
	StrakeStore *store, const char *key, const char *spec_path, GPtrArray *out, GError **error)
{
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
	const char *upstream, GPtrArray *out, GError **error)
{
	g_auto(GStrv) names = strake_project_component_names(project);
	g_autofree char *key =
		strake_upstream_keys(project, upstream, strake_keys_public(keys), error);

	if (key == NULL)
		return false;
	for (char **name = names; *name != NULL; name++) {
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, *name, error);

		if (component == NULL)
			return false;
		if (strake_component_is_data(component) &&
			!add_local_one(store, key, component->spec.path, out, error)) {
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

	if (!add_upstream(globals, project, store, options, out, error) ||
		!add_local(project, store, keys, options->upstream, out, error))
		return NULL;
	return g_steal_pointer(&out);
}
