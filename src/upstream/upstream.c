// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Selecting and fetching packages of a deb upstream.
#include "upstream/upstream.h"

#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "upstream/apt_config.h"
#include "upstream/deb_archive.h"
#include "upstream/deb_closure.h"
#include "upstream/deb_sources.h"
#include "upstream/download.h"

enum { NAMES_SHOWN = 5 };

static bool check_kind(const StrakeUpstream *upstream, GError **error)
{
	if (upstream->kind == STRAKE_UPSTREAM_DEB)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"upstream '%s' is not of kind 'deb': it holds no packages to import",
		upstream->name);
}

char *strake_upstream_lock_path(
	const StrakeProject *project, const StrakeUpstream *upstream, StrakeUpstreamMode mode)
{
	g_autofree char *name = g_strconcat(upstream->name, ".lock", NULL);
	const char *dir = mode == STRAKE_UPSTREAM_LOCKED ? strake_project_lock_dir(project)
							 : strake_project_output_dir(project);

	return g_build_filename(dir, name, NULL);
}

static int64_t now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

StrakeDebArchive *strake_upstream_archive(StrakeStore *store, const StrakeUpstream *upstream,
	const StrakeDebArchiveOptions *options, GError **error)
{
	g_autoptr(StrakeAptConfig) config = NULL;
	g_autoptr(StrakeDebArchive) archive = NULL;

	if (!check_kind(upstream, error))
		return NULL;
	if (!options->offline) {
		config = strake_apt_config_load(upstream, error);
		if (config == NULL)
			return NULL;
	}
	archive = strake_deb_archive_open(store, upstream, config, options, now_s(), error);
	if (archive != NULL && archive->note != NULL)
		strake_say("%s: %s", upstream->name, archive->note);
	return g_steal_pointer(&archive);
}

StrakePin *strake_upstream_pin(const StrakeDebPackage *package)
{
	StrakePin *pin = g_new0(StrakePin, 1);

	pin->name = g_strdup(package->name);
	pin->version = g_strdup(package->version);
	pin->architecture = g_strdup(package->architecture);
	pin->filename = g_strdup(package->filename);
	pin->sha256 = g_strdup(package->sha256);
	pin->size = package->size;
	return pin;
}

static StrakeUpstreamLock *new_lock(const StrakeDebArchive *archive)
{
	StrakeUpstreamLock *lock = strake_upstream_lock_new();

	lock->suite = g_strdup(archive->suite);
	lock->date = g_strdup(archive->date);
	lock->index_sha256 = g_strdup(archive->inrelease_sha256);
	return lock;
}

StrakeUpstreamLock *strake_upstream_closure(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, bool offline, GError **error)
{
	g_autoptr(GPtrArray) wants = strake_source_wants(project, upstream, error);
	StrakeDebArchiveOptions options = {.offline = offline};
	g_autoptr(StrakeDebArchive) archive = NULL;
	g_autoptr(GPtrArray) roots = NULL;
	g_autoptr(GPtrArray) packages = NULL;
	g_autoptr(StrakeUpstreamLock) lock = NULL;

	if (wants == NULL)
		return NULL;
	options.sources = wants->len > 0;
	archive = strake_upstream_archive(store, upstream, &options, error);
	roots = archive != NULL ? strake_deb_roots(project, error) : NULL;
	if (roots == NULL ||
		!strake_deb_closure(project, upstream, archive->index, roots, &packages, error))
		return NULL;
	lock = new_lock(archive);
	for (guint i = 0; i < packages->len; i++)
		g_ptr_array_add(lock->pins, strake_upstream_pin(g_ptr_array_index(packages, i)));
	if (wants->len > 0 && !strake_source_pins(wants, archive->sources, lock->sources, error)) {
		g_prefix_error(error, "upstream '%s': ", upstream->name);
		return NULL;
	}
	return g_steal_pointer(&lock);
}

StrakeUpstreamLock *strake_upstream_lock(const StrakeProject *project,
	const StrakeUpstream *upstream, StrakeUpstreamMode mode, GError **error)
{
	g_autofree char *path = strake_upstream_lock_path(project, upstream, mode);
	g_autoptr(GError) cause = NULL;
	g_autoptr(StrakeUpstreamLock) lock = strake_upstream_lock_load(path, &cause);

	if (lock == NULL && g_error_matches(cause, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND)) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"upstream '%s' has no lock at '%s': run `strake upstream update %s`",
			upstream->name, path, upstream->name);
		return NULL;
	}
	if (lock == NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (strcmp(lock->suite, upstream->suite) != 0) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' locks suite '%s', but upstream '%s' is suite '%s' now: run `strake "
			"upstream update %s`",
			path, lock->suite, upstream->name, upstream->suite, upstream->name);
		return NULL;
	}
	return g_steal_pointer(&lock);
}

char *strake_upstream_moves_text(const GArray *moves)
{
	guint counts[STRAKE_MOVE_REBUILT + 1] = {0};
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < moves->len; i++)
		counts[g_array_index(moves, StrakeMove, i).kind]++;
	for (size_t kind = 0; kind < G_N_ELEMENTS(counts); kind++)
		if (counts[kind] > 0)
			g_string_append_printf(out, "%s%u %s", out->len > 0 ? ", " : "",
				counts[kind], strake_move_name((StrakeMoveKind)kind));
	if (out->len == 0)
		g_string_append(out, "nothing moved");
	return g_string_free(out, FALSE);
}

static bool follow(const StrakeProject *project, const StrakeUpstream *upstream,
	const StrakeUpstreamLock *lock, GError **error)
{
	g_autofree char *path =
		strake_upstream_lock_path(project, upstream, STRAKE_UPSTREAM_FOLLOW);
	g_autoptr(StrakeUpstreamLock) committed =
		strake_upstream_lock(project, upstream, STRAKE_UPSTREAM_LOCKED, NULL);

	if (committed != NULL) {
		g_autoptr(GArray) moves = strake_upstream_lock_compare(committed, lock);
		g_autofree char *text = strake_upstream_moves_text(moves);

		strake_say("%s: since the lock of %s: %s", upstream->name, committed->date, text);
	}
	return strake_upstream_lock_store(lock, path, error);
}

bool strake_upstream_select(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, const StrakeUpstreamOptions *options, GPtrArray **out,
	GError **error)
{
	g_autoptr(StrakeUpstreamLock) lock = NULL;

	if (!check_kind(upstream, error))
		return false;
	if (options->mode == STRAKE_UPSTREAM_LOCKED)
		lock = strake_upstream_lock(project, upstream, options->mode, error);
	else
		lock = strake_upstream_closure(project, store, upstream, options->offline, error);
	if (lock == NULL)
		return false;
	if (options->mode == STRAKE_UPSTREAM_FOLLOW && !follow(project, upstream, lock, error))
		return false;
	*out = g_ptr_array_ref(lock->pins);
	return true;
}

// -- fetching

// The first few names of a list that may be long.
static void append_name(GString *names, guint count, const StrakePin *pin)
{
	if (count < NAMES_SHOWN)
		g_string_append_printf(
			names, "%s%s %s", count > 0 ? ", " : "", pin->name, pin->version);
	else if (count == NAMES_SHOWN)
		g_string_append(names, ", ...");
}

static bool offline_error(
	StrakeStore *store, const StrakeUpstream *upstream, const GPtrArray *pins, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);
	guint count = 0;

	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);

		if (!strake_store_has(store, pin->sha256))
			append_name(names, count++, pin);
	}
	if (count == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_OFFLINE,
		"upstream '%s': %u of %u packages are not in the store '%s', and --offline forbids "
		"to fetch them: %s",
		upstream->name, count, pins->len, strake_store_path(store), names->str);
}

static bool missing_error(const StrakeProject *project, const StrakeUpstream *upstream,
	const StrakeUpstreamOptions *options, const GPtrArray *pins, const GArray *missing,
	GError **error)
{
	g_autofree char *path = strake_upstream_lock_path(project, upstream, options->mode);
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < missing->len; i++)
		append_name(names, i, g_ptr_array_index(pins, g_array_index(missing, guint, i)));
	if (options->mode == STRAKE_UPSTREAM_FOLLOW)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"upstream '%s': the mirror lists %u packages that it does not have (%s): "
			"it is "
			"being updated; try again later",
			upstream->name, missing->len, names->str);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"upstream '%s': the mirror no longer has %u of the packages that '%s' pins (%s): "
		"`strake upstream update %s` moves the lock",
		upstream->name, missing->len, path, names->str, upstream->name);
}

static int guint_compare(gconstpointer a, gconstpointer b)
{
	return *(const guint *)a < *(const guint *)b ? -1 : 1;
}

bool strake_upstream_fetch(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, const StrakeUpstreamOptions *options, const GPtrArray *pins,
	GError **error)
{
	g_autoptr(StrakeAptConfig) config = NULL;
	g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
	g_autofree StrakeDownload *items = g_new0(StrakeDownload, pins->len + 1);
	g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
	bool complete = true;

	for (guint i = 0; i < pins->len && complete; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);

		complete = strake_store_has(store, pin->sha256);
	}
	if (complete)
		return true;
	if (options->offline)
		return offline_error(store, upstream, pins, error);
	config = strake_apt_config_load(upstream, error);
	if (config == NULL)
		return false;
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);
		g_autofree char *path = g_uri_escape_string(pin->filename, "/+~:", FALSE);
		char *uri = g_strdup_printf("%s/%s", config->mirror, path);

		g_ptr_array_add(uris, uri);
		items[i] = (StrakeDownload){
			.uri = uri, .name = pin->name, .sha256 = pin->sha256, .size = pin->size};
	}
	if (!strake_download_all(store, config, items, pins->len, "download", missing, error))
		return false;
	g_array_sort(missing, guint_compare);
	return missing->len == 0 || missing_error(project, upstream, options, pins, missing, error);
}
