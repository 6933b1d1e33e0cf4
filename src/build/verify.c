// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Two builds compared, package by package, file by file.
#include "build/verify.h"

#include <string.h>

#include "base/file.h"
#include "format/rpm_read.h"

static const StrakeBuiltPackage *find(const StrakeBuildResult *result, const char *file_name)
{
	for (guint i = 0; i < result->packages->len; i++) {
		const StrakeBuiltPackage *package = result->packages->pdata[i];

		if (strcmp(package->file_name, file_name) == 0)
			return package;
	}
	return NULL;
}

static StrakeRpm *read_package(
	StrakeStore *store, const StrakeBuiltPackage *package, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, package->sha256, error);

	return bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
}

static void note(GPtrArray *differences, const char *package, const char *what)
{
	g_ptr_array_add(differences, g_strdup_printf("%s: %s", package, what));
}

// Names the files in the package that differ, or says that only the header does.
static bool compare_packages(StrakeStore *store, const StrakeBuiltPackage *a,
	const StrakeBuiltPackage *b, GPtrArray *differences, GError **error)
{
	g_autoptr(StrakeRpm) x = read_package(store, a, error);
	g_autoptr(StrakeRpm) y = x != NULL ? read_package(store, b, error) : NULL;
	guint before = differences->len;

	if (y == NULL)
		return false;
	for (size_t i = 0; i < MAX(strake_rpm_n_files(x), strake_rpm_n_files(y)); i++) {
		g_autofree char *path = strake_rpm_file_path(x, i);
		g_autofree char *other = strake_rpm_file_path(y, i);
		const uint32_t tag = STRAKE_RPMTAG_FILEDIGESTS;

		if (g_strcmp0(path, other) != 0) {
			note(differences, a->file_name, "the lists of files differ");
			return true;
		}
		if (g_strcmp0(strake_rpm_header_string(x->header, tag, i),
			    strake_rpm_header_string(y->header, tag, i)) != 0)
			note(differences, a->file_name, path);
	}
	if (differences->len == before)
		note(differences, a->file_name, "the files are the same, the header differs");
	return true;
}

static bool compare(StrakeStore *store, const StrakeBuildResult *first,
	const StrakeBuildResult *second, GPtrArray *differences, GError **error)
{
	for (guint i = 0; i < first->packages->len; i++) {
		const StrakeBuiltPackage *a = first->packages->pdata[i];
		const StrakeBuiltPackage *b = find(second, a->file_name);

		if (b == NULL)
			note(differences, a->file_name, "the second build does not have it");
		else if (strcmp(a->sha256, b->sha256) != 0 &&
			 !compare_packages(store, a, b, differences, error))
			return false;
	}
	for (guint i = 0; i < second->packages->len; i++) {
		const StrakeBuiltPackage *b = second->packages->pdata[i];

		if (find(first, b->file_name) == NULL)
			note(differences, b->file_name, "the first build does not have it");
	}
	return true;
}

bool strake_build_verify(const StrakeBuildSetup *setup, const StrakeBuildResult *first,
	GPtrArray *own, GPtrArray *differences, GError **error)
{
	g_autoptr(StrakeTmpdir) elsewhere = strake_tmpdir_new(setup->work_dir, error);
	g_autoptr(StrakeBuildResult) second = NULL;
	StrakeBuildSetup other = *setup;

	if (elsewhere == NULL)
		return false;
	other.work_dir = elsewhere->path;
	other.jobs = 1;
	other.copy = true;
	other.trial = true;
	other.suffix = ".verify";
	second = strake_build_component(&other, first->component, first->stage, own, error);
	return second != NULL &&
	       compare(setup->workspace->store, first, second, differences, error);
}
