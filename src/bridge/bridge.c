// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The bridge as others see it: renames of the whole project, memoised imports, many at once.
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "bridge/bridge.h"
#include "bridge/conversion.h"

typedef struct {
	StrakeGlob *glob;
	char *to;
} GlobRename;

struct StrakeBridge {
	const StrakeProject *project;
	StrakeStore *store;
	StrakeBridgeOptions options;
	GHashTable *renames;       // upstream name -> name here
	GPtrArray *globs;          // of GlobRename, longest pattern first
	StrakeComponent *defaults; // what a name that nobody defines gets; NULL without a project
	char renames_sha256[65];
};

static void glob_rename_free(gpointer data)
{
	GlobRename *rename = data;

	strake_glob_free(rename->glob);
	g_free(rename->to);
	g_free(rename);
}

static const char *rename_of(const StrakeComponent *component)
{
	const char *name = NULL;

	for (guint i = 0; i < component->overlays->len; i++) {
		const StrakeOverlay *overlay = component->overlays->pdata[i];

		if (overlay->type == STRAKE_OVERLAY_PACKAGE_RENAME)
			name = overlay->value;
	}
	return name;
}

static bool add_rename(StrakeBridge *bridge, const char *name, StrakeDigest *digest, GError **error)
{
	g_autoptr(StrakeComponent) component = strake_project_resolve(bridge->project, name, error);
	GlobRename *rename;
	StrakeGlob *glob;
	const char *to;

	if (component == NULL)
		return false;
	to = rename_of(component);
	if (to == NULL)
		return true;
	strake_digest_update(digest, name, strlen(name) + 1);
	strake_digest_update(digest, to, strlen(to) + 1);
	if (strake_glob_is_literal(name)) {
		g_hash_table_insert(bridge->renames, g_strdup(name), g_strdup(to));
		return true;
	}
	glob = strake_glob_new(name, error);
	if (glob == NULL)
		return false;
	rename = g_new0(GlobRename, 1);
	rename->glob = glob;
	rename->to = g_strdup(to);
	g_ptr_array_add(bridge->globs, rename);
	return true;
}

static int longest_first(gconstpointer a, gconstpointer b)
{
	size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);

	return x != y ? (x < y) - (x > y) : strcmp(*(char *const *)a, *(char *const *)b);
}

static bool read_project(StrakeBridge *bridge, GError **error)
{
	g_auto(GStrv) names = strake_project_component_names(bridge->project);
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	char hex[STRAKE_DIGEST_HEX_MAX];

	// "-" cannot be the name of a package: this is what all inherit
	bridge->defaults = strake_project_resolve(bridge->project, "-", error);
	if (bridge->defaults == NULL)
		return false;
	qsort(names, g_strv_length(names), sizeof(*names), longest_first);
	for (char **name = names; *name != NULL; name++)
		if (!add_rename(bridge, *name, digest, error))
			return false;
	strake_digest_hex(digest, hex);
	g_strlcpy(bridge->renames_sha256, hex, sizeof(bridge->renames_sha256));
	return true;
}

StrakeBridge *strake_bridge_new(const StrakeProject *project, StrakeStore *store,
	const StrakeBridgeOptions *options, GError **error)
{
	g_autoptr(StrakeBridge) bridge = g_new0(StrakeBridge, 1);

	bridge->project = project;
	bridge->store = store;
	if (options != NULL)
		bridge->options = *options;
	if (bridge->options.level == 0)
		bridge->options.level = STRAKE_BRIDGE_LEVEL;
	bridge->renames = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	bridge->globs = g_ptr_array_new_with_free_func(glob_rename_free);
	if (project != NULL && !read_project(bridge, error))
		return NULL;
	return g_steal_pointer(&bridge);
}

void strake_bridge_free(StrakeBridge *bridge)
{
	if (bridge == NULL)
		return;
	g_hash_table_unref(bridge->renames);
	g_ptr_array_unref(bridge->globs);
	g_clear_pointer(&bridge->defaults, strake_component_free);
	g_free(bridge);
}

const char *strake_bridge_renamed(const StrakeBridge *bridge, const char *name)
{
	const char *to = g_hash_table_lookup(bridge->renames, name);

	for (guint i = 0; to == NULL && i < bridge->globs->len; i++) {
		const GlobRename *rename = bridge->globs->pdata[i];

		if (strake_glob_match(rename->glob, name))
			to = rename->to;
	}
	return to != NULL ? to : name;
}

const GPtrArray *strake_bridge_inherited(const StrakeBridge *bridge)
{
	return bridge->defaults != NULL ? bridge->defaults->overlays : NULL;
}

StrakeStore *strake_bridge_store(const StrakeBridge *bridge)
{
	return bridge->store;
}

// What the project says about upstream package @name. NULL without a project, too: *@out_ok tells.
static StrakeComponent *find_component(
	const StrakeBridge *bridge, const char *name, bool *out_ok, GError **error)
{
	StrakeComponent *component = NULL;

	*out_ok = true;
	if (bridge->project != NULL) {
		component = strake_project_resolve(bridge->project, name, error);
		*out_ok = component != NULL;
	}
	return component;
}

/* The memo of @fingerprint when it is whole: record and object are there. */
static StrakeBridgeResult *recall(const StrakeBridge *bridge, const char *fingerprint)
{
	g_autoptr(GBytes) json = strake_store_get_key(bridge->store, "bridge", fingerprint, NULL);
	g_autoptr(StrakeBridgeResult) result =
		json != NULL ? strake_bridge_result_from_json(json, NULL) : NULL;

	if (result == NULL || !strake_store_has(bridge->store, result->rpm_sha256))
		return NULL;
	return g_steal_pointer(&result);
}

static bool remember(const StrakeBridge *bridge, const char *fingerprint,
	const StrakeBridgeResult *result, GError **error)
{
	g_autofree char *json = strake_bridge_result_to_json(result);

	return strake_store_put_key(
		bridge->store, "bridge", fingerprint, json, strlen(json), error);
}

// The key of one conversion, and its component (NULL: none).
static char *conversion_key(StrakeBridge *bridge, const char *deb_sha256, const char *name,
	StrakeComponent **out_component, GError **error)
{
	bool ok;
	g_autoptr(StrakeComponent) component = find_component(bridge, name, &ok, error);
	char *fingerprint;

	if (!ok)
		return NULL;
	fingerprint = strake_bridge_fingerprint(deb_sha256, name, component, bridge->renames_sha256,
		bridge->options.level, bridge->options.following, error);
	if (fingerprint != NULL)
		*out_component = g_steal_pointer(&component);
	return fingerprint;
}

bool strake_bridge_recall(StrakeBridge *bridge, const char *deb_sha256, const char *name,
	StrakeBridgeResult **out, GError **error)
{
	g_autoptr(StrakeComponent) component = NULL;
	g_autofree char *fingerprint = conversion_key(bridge, deb_sha256, name, &component, error);

	if (fingerprint == NULL)
		return false;
	*out = recall(bridge, fingerprint);
	return true;
}

StrakeBridgeResult *strake_bridge_import(
	StrakeBridge *bridge, const char *deb_sha256, const char *name, GError **error)
{
	g_autoptr(StrakeComponent) component = NULL;
	g_autofree char *fingerprint = conversion_key(bridge, deb_sha256, name, &component, error);
	g_autoptr(StrakeBridgeResult) result = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(StrakeDebFile) deb = NULL;

	if (fingerprint == NULL)
		return NULL;
	result = recall(bridge, fingerprint);
	if (result != NULL)
		return g_steal_pointer(&result);
	bytes = strake_store_map_object(bridge->store, deb_sha256, error);
	deb = bytes != NULL ? strake_deb_file_open(bytes, name, error) : NULL;
	if (deb == NULL)
		return NULL;
	result = strake_bridge_convert(bridge, bridge->store, component, deb, bridge->options.level,
		bridge->options.following, error);
	if (result == NULL)
		return NULL;
	result->deb_sha256 = g_strdup(deb_sha256);
	if (!remember(bridge, fingerprint, result, error))
		return NULL;
	return g_steal_pointer(&result);
}

// -- many

typedef struct {
	const StrakeBridgeItem *item;
	size_t index;
	uint64_t size;
} Job;

typedef struct {
	StrakeBridge *bridge;
	Job *jobs;
	GPtrArray *results;
	GError **errors; // one each, in the order of the items
	StrakeProgress *progress;
} Run;

static bool import_one(size_t index, void *data, GError **error)
{
	Run *run = data;
	const Job *job = &run->jobs[index];
	g_autoptr(GError) local = NULL;

	run->results->pdata[job->index] =
		strake_bridge_import(run->bridge, job->item->deb_sha256, job->item->name, &local);
	strake_progress_add(run->progress, job->size, job->item->name);
	if (local == NULL)
		return true;
	if (g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_CANCELLED) ||
		g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_NO_SPACE)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	run->errors[job->index] = g_steal_pointer(&local); // the others go on
	return true;
}

static int compare_jobs(const void *a, const void *b)
{
	const Job *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static uint64_t object_size(StrakeStore *store, const char *sha256)
{
	g_auto(strake_fd) fd = -1;
	struct stat st;
	int opened;

	if (!strake_store_open_object(store, sha256, &opened, NULL))
		return 1;
	fd = opened;
	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 1;
}

static bool join_errors(GError **errors, size_t count, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	size_t failed = 0;
	int code = STRAKE_ERROR_FAILED;

	for (size_t i = 0; i < count; i++) {
		if (errors[i] == NULL)
			continue;
		if (failed++ == 0)
			code = errors[i]->domain == STRAKE_ERROR ? errors[i]->code
								 : STRAKE_ERROR_FAILED;
		g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", errors[i]->message);
		g_clear_error(&errors[i]);
	}
	if (failed > 1)
		return strake_error_set(
			error, code, "%zu packages cannot be converted:\n%s", failed, text->str);
	return failed == 0 || strake_error_set(error, code, "%s", text->str);
}

static void result_free_or_null(gpointer result)
{
	strake_bridge_result_free(result);
}

GPtrArray *strake_bridge_import_all(StrakeBridge *bridge, const StrakeBridgeItem *items,
	size_t count, unsigned jobs, GError **error)
{
	g_autoptr(GPtrArray) results = g_ptr_array_new_with_free_func(result_free_or_null);
	g_autofree Job *list = g_new0(Job, count);
	g_autofree GError **errors = g_new0(GError *, count + 1);
	g_autoptr(StrakeProgress) progress = NULL;
	Run run = {.bridge = bridge, .jobs = list, .results = results, .errors = errors};
	uint64_t total = 0;
	bool done;

	g_ptr_array_set_size(results, (int)count);
	for (size_t i = 0; i < count; i++) {
		list[i] = (Job){&items[i], i, object_size(bridge->store, items[i].deb_sha256)};
		total += list[i].size;
	}
	qsort(list, count, sizeof(*list), compare_jobs);
	progress = strake_progress_new("bridge", total, true);
	run.progress = progress;
	done = strake_parallel_for(count, jobs, import_one, &run, error);
	if (!done) {
		for (size_t i = 0; i < count; i++)
			g_clear_error(&errors[i]);
		return NULL;
	}
	if (!join_errors(errors, count, error))
		return NULL;
	return g_steal_pointer(&results);
}

char *strake_bridge_refused(const GPtrArray *results)
{
	g_autoptr(GString) text = g_string_new(NULL);
	unsigned refused = 0;

	for (guint i = 0; i < results->len; i++) {
		const StrakeBridgeResult *result = results->pdata[i];

		if (result == NULL || result->accepted)
			continue;
		refused++;
		g_string_append_printf(text, "%s %s:\n", result->deb_name, result->deb_version);
		for (guint j = 0; j < result->unhandled->len; j++)
			g_string_append_printf(
				text, "    %s\n", (char *)result->unhandled->pdata[j]);
	}
	if (refused == 0)
		return NULL;
	g_string_append_printf(text,
		"%u package%s refused: what %s maintainer scripts do is not understood. Describe "
		"it "
		"with package-* overlays in the component's definition (package-note-script when "
		"nothing of it is needed), or set allow-unhandled and allow-reason there.",
		refused, refused == 1 ? " is" : "s are", refused == 1 ? "its" : "their");
	return g_string_free(g_steal_pointer(&text), FALSE);
}
