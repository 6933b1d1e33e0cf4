// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Selecting and fetching packages of an upstream, whatever its kind.
#include "upstream/upstream_private.h"

#include <string.h>

#include "base/error.h"
#include "base/progress.h"

enum { NAMES_SHOWN = 5 };

static const StrakeUpstreamOps *ops_of(const StrakeUpstream *upstream, GError **error)
{
	static const StrakeUpstreamOps *const kinds[] = {
		[STRAKE_UPSTREAM_DEB] = &strake_upstream_deb_ops,
		[STRAKE_UPSTREAM_RPM_MD] = &strake_upstream_rpm_md_ops,
		[STRAKE_UPSTREAM_DIST_GIT] = NULL,
	};
	const StrakeUpstreamOps *ops = kinds[upstream->kind];

	if (ops == NULL)
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"upstream '%s' is of kind 'dist-git': it holds no packages to import",
			upstream->name);
	return ops;
}

char *strake_upstream_lock_path(
	const StrakeProject *project, const StrakeUpstream *upstream, StrakeUpstreamMode mode)
{
	g_autofree char *name = g_strconcat(upstream->name, ".lock", NULL);
	const char *dir = mode == STRAKE_UPSTREAM_LOCKED ? strake_project_lock_dir(project)
							 : strake_project_output_dir(project);

	return g_build_filename(dir, name, NULL);
}

StrakeUpstreamLock *strake_upstream_closure(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, bool offline, GError **error)
{
	const StrakeUpstreamOps *ops = ops_of(upstream, error);
	const StrakeUpstreamJob job = {
		.project = project, .store = store, .upstream = upstream, .offline = offline};

	return ops != NULL ? ops->closure(&job, error) : NULL;
}

StrakeUpstreamLock *strake_upstream_lock(const StrakeProject *project,
	const StrakeUpstream *upstream, StrakeUpstreamMode mode, GError **error)
{
	const StrakeUpstreamOps *ops = ops_of(upstream, error);
	const StrakeUpstreamJob job = {.project = project, .upstream = upstream};
	g_autofree char *path = strake_upstream_lock_path(project, upstream, mode);
	g_autoptr(GError) cause = NULL;
	g_autoptr(StrakeUpstreamLock) lock = NULL;

	if (ops == NULL)
		return NULL;
	lock = strake_upstream_lock_load(path, &cause);
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
	if (lock->kind != upstream->kind) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is the lock of another kind of upstream than '%s' is now: run "
			"`strake upstream update %s`",
			path, upstream->name, upstream->name);
		return NULL;
	}
	return ops->check_lock(&job, lock, path, error) ? g_steal_pointer(&lock) : NULL;
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

	if (options->mode == STRAKE_UPSTREAM_LOCKED)
		lock = strake_upstream_lock(project, upstream, options->mode, error);
	else
		lock = strake_upstream_closure(project, store, upstream, options->offline, error);
	if (lock == NULL)
		return false;
	if (options->mode == STRAKE_UPSTREAM_FOLLOW && !follow(project, upstream, lock, error))
		return false;
	for (guint i = lock->pins->len; i-- > 0 && !options->build;) {
		const StrakePin *pin = g_ptr_array_index(lock->pins, i);

		if (pin->build_only)
			g_ptr_array_remove_index(lock->pins, i);
	}
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

static bool is_complete(StrakeStore *store, const GPtrArray *pins)
{
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);

		if (!strake_store_has(store, pin->sha256))
			return false;
	}
	return true;
}

bool strake_upstream_fetch(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, const StrakeUpstreamOptions *options, const GPtrArray *pins,
	GError **error)
{
	const StrakeUpstreamOps *ops = ops_of(upstream, error);
	const StrakeUpstreamJob job = {.project = project,
		.store = store,
		.upstream = upstream,
		.offline = options->offline};
	g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));

	if (ops == NULL)
		return false;
	if (!is_complete(store, pins)) {
		if (options->offline)
			return offline_error(store, upstream, pins, error);
		if (!ops->download(&job, pins, missing, error))
			return false;
		g_array_sort(missing, guint_compare);
		if (missing->len > 0)
			return missing_error(project, upstream, options, pins, missing, error);
	}
	return ops->verify == NULL || ops->verify(&job, pins, error);
}
