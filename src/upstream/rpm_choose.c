// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The packages of an rpm-md upstream that images and package groups need, by libsolv.
#include <string.h>

#include "base/error.h"
#include "upstream/deb_closure.h"
#include "upstream/deb_names.h"
#include "upstream/rpm_packages.h"

#define LOCAL "local"

static bool add_pin(
	const StrakeRpmIndex *index, const StrakePackage *package, GPtrArray *out, GError **error)
{
	const char *relative = strake_rpm_index_relative(index, package);
	StrakePin *pin;

	if (relative == NULL)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"the index gives no usable location of package %s", package->nevra);
	if (package->sha256 == NULL || package->download_bytes == 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"the index gives no %s of package %s",
			package->sha256 == NULL ? "SHA-256" : "size", package->nevra);
	pin = g_new0(StrakePin, 1);
	pin->name = g_strdup(package->name);
	pin->version = g_strdup(package->evr);
	pin->architecture = g_strdup(package->arch);
	pin->filename = g_strdup(relative);
	pin->sha256 = g_strdup(package->sha256);
	pin->size = package->download_bytes;
	pin->repo = (unsigned)g_ascii_strtoull(package->repo, NULL, 10);
	g_ptr_array_add(out, pin);
	return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	const StrakePin *const *x = a;
	const StrakePin *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

typedef struct {
	StrakeRpmIndex *index;
	const GPtrArray *roots;
	char **local;     // names of packages of our own
	char *local_text; // the same as a repository
} Choice;

static void choice_clear(Choice *choice)
{
	g_clear_pointer(&choice->local, g_strfreev);
	g_clear_pointer(&choice->local_text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Choice, choice_clear)

// What is made here is not imported: upstream's packages of our names are hidden, as if ours were
// the newest of them.
static StrakeWish *hidden(const Choice *choice)
{
	StrakeWish *out = g_new0(StrakeWish, g_strv_length(choice->local) + 1);

	for (size_t i = 0; choice->local[i] != NULL; i++)
		out[i].what = choice->local[i];
	return out;
}

static GPtrArray *solve(const Choice *choice, bool with_files, GError **error)
{
	const GPtrArray *roots = choice->roots;
	g_autoptr(StrakeSolver) solver =
		strake_solver_new(strake_rpm_index_source(choice->index)->upstream->architecture);
	g_autofree StrakeWish *wishes = g_new0(StrakeWish, roots->len + 1);
	g_autofree StrakeWish *exclude = hidden(choice);
	const StrakeSolveJob job = {.install = wishes,
		.n_install = roots->len,
		.exclude = exclude,
		.n_exclude = g_strv_length(choice->local),
		.exclude_not_in = LOCAL};

	for (guint i = 0; i < roots->len; i++) {
		const StrakeDebRoot *root = g_ptr_array_index(roots, i);

		wishes[i] = (StrakeWish){.what = root->name, .from = root->why};
	}
	if (!strake_rpm_index_load(choice->index, solver, with_files, error) ||
		(*choice->local != NULL &&
			!strake_solver_add_text_repo(solver, LOCAL, choice->local_text, 1, error)))
		return NULL;
	return strake_solver_solve(solver, &job, error);
}

bool strake_rpm_packages_choose(const StrakeProject *project, StrakeRpmIndex *index,
	const GPtrArray *roots, GPtrArray *out, GError **error)
{
	g_autoptr(StrakeDebNames) names = strake_deb_names_new(project, error);
	g_auto(Choice) choice = {.index = index, .roots = roots};
	g_autoptr(GPtrArray) packages = NULL;
	g_autoptr(GError) without_files = NULL;
	g_autoptr(GError) with_files = NULL;

	if (names == NULL)
		return false;
	choice.local = strake_deb_names_local(names);
	choice.local_text = strake_deb_names_local_text(names);
	// File lists are most of the data and seldom decide anything.
	packages = solve(&choice, false, &without_files);
	if (packages == NULL && strake_rpm_index_has_files(index) &&
		(g_error_matches(without_files, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND) ||
			g_error_matches(without_files, STRAKE_ERROR, STRAKE_ERROR_FAILED)))
		packages = solve(&choice, true, &with_files);
	if (packages == NULL)
		g_propagate_error(
			error, with_files != NULL && !g_error_matches(with_files, STRAKE_ERROR,
							     STRAKE_ERROR_OFFLINE)
				       ? g_steal_pointer(&with_files)
				       : g_steal_pointer(&without_files));
	if (packages == NULL)
		return false;
	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *package = g_ptr_array_index(packages, i);

		if (strcmp(package->repo, LOCAL) != 0 && !add_pin(index, package, out, error))
			return false;
	}
	g_ptr_array_sort(out, by_name);
	return true;
}

// -- overlays

static bool is_package_overlay(const StrakeOverlay *overlay)
{
	return g_str_has_prefix(strake_overlay_type_name(overlay->type), "package-");
}

bool strake_rpm_packages_unchanged(
	const StrakeProject *project, const GPtrArray *pins, GError **error)
{
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);
		g_autoptr(StrakeComponent) component =
			strake_project_resolve(project, pin->name, error);

		if (component == NULL)
			return false;
		for (guint j = 0; j < component->overlays->len; j++) {
			const StrakeOverlay *overlay = g_ptr_array_index(component->overlays, j);

			if (is_package_overlay(overlay))
				return strake_error_at(error, STRAKE_ERROR_INVALID, overlay->origin,
					"component '%s': an overlay of type '%s' changes packages "
					"that the bridge makes, but '%s' is inherited as an RPM, "
					"byte for byte; to change it, build it from source with "
					"overlays on its spec",
					pin->name, strake_overlay_type_name(overlay->type),
					pin->name);
		}
	}
	return true;
}
