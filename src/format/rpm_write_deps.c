// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The dependency arrays of an RPM header, and the dependencies that every package has or that
// follow from features it uses: its own name, config(), script interpreters, rpmlib().
#include <string.h>

#include "format/rpm_write.h"
#include "format/rpm_write_private.h"

typedef struct {
	uint32_t name, version, flags;
} DepTags;

static const DepTags dep_tags[STRAKE_RPM_N_DEP_KINDS] = {
	[STRAKE_RPM_REQUIRES] = {STRAKE_RPMTAG_REQUIRENAME, STRAKE_RPMTAG_REQUIREVERSION,
		STRAKE_RPMTAG_REQUIREFLAGS},
	[STRAKE_RPM_PROVIDES] = {STRAKE_RPMTAG_PROVIDENAME, STRAKE_RPMTAG_PROVIDEVERSION,
		STRAKE_RPMTAG_PROVIDEFLAGS},
	[STRAKE_RPM_CONFLICTS] = {STRAKE_RPMTAG_CONFLICTNAME, STRAKE_RPMTAG_CONFLICTVERSION,
		STRAKE_RPMTAG_CONFLICTFLAGS},
	[STRAKE_RPM_OBSOLETES] = {STRAKE_RPMTAG_OBSOLETENAME, STRAKE_RPMTAG_OBSOLETEVERSION,
		STRAKE_RPMTAG_OBSOLETEFLAGS},
	[STRAKE_RPM_RECOMMENDS] = {STRAKE_RPMTAG_RECOMMENDNAME, STRAKE_RPMTAG_RECOMMENDVERSION,
		STRAKE_RPMTAG_RECOMMENDFLAGS},
	[STRAKE_RPM_SUGGESTS] = {STRAKE_RPMTAG_SUGGESTNAME, STRAKE_RPMTAG_SUGGESTVERSION,
		STRAKE_RPMTAG_SUGGESTFLAGS},
	[STRAKE_RPM_SUPPLEMENTS] = {STRAKE_RPMTAG_SUPPLEMENTNAME, STRAKE_RPMTAG_SUPPLEMENTVERSION,
		STRAKE_RPMTAG_SUPPLEMENTFLAGS},
	[STRAKE_RPM_ENHANCES] = {STRAKE_RPMTAG_ENHANCENAME, STRAKE_RPMTAG_ENHANCEVERSION,
		STRAKE_RPMTAG_ENHANCEFLAGS},
};

static void require_rpmlib(StrakeRpmPackage *package, const char *feature, const char *since)
{
	g_autofree char *name = g_strdup_printf("rpmlib(%s)", feature);

	strake_rpm_package_add_dep(package, STRAKE_RPM_REQUIRES, name, since,
		STRAKE_RPMSENSE_RPMLIB | STRAKE_RPMSENSE_LESS | STRAKE_RPMSENSE_EQUAL);
}

static void require_interpreter(StrakeRpmPackage *package, const char *interpreter)
{
	if (strcmp(interpreter, "<lua>") == 0)
		require_rpmlib(package, "BuiltinLuaScripts", "4.2.2-1");
	else
		strake_rpm_package_add_dep(
			package, STRAKE_RPM_REQUIRES, interpreter, NULL, STRAKE_RPMSENSE_INTERP);
}

static void add_interpreters(StrakeRpmPackage *package)
{
	for (guint i = 0; i < package->file_triggers->len; i++) {
		const StrakeRpmFileTrigger *trigger = package->file_triggers->pdata[i];
		require_interpreter(package, trigger->interpreter);
	}
}

/* The features of the format that this package uses, as rpmbuild names them. */
static void add_file_features(StrakeRpmPackage *package)
{
	bool caps = false, hard_links = false, large = false, config = false;
	g_autofree char *evr = strake_rpm_package_evr(package);
	g_autofree char *name = g_strdup_printf("config(%s)", package->name);

	for (guint i = 0; i < package->files->len; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];

		caps = caps || file->caps != NULL;
		hard_links = hard_links || file->nlink > 1;
		large = large || file->size >= STRAKE_RPM_LARGE_FILE;
		config = config || (file->flags & STRAKE_RPMFILE_CONFIG) != 0;
	}
	if (caps)
		require_rpmlib(package, "FileCaps", "4.6.1-1");
	if (hard_links)
		require_rpmlib(package, "PartialHardlinkSets", "4.0.4-1");
	if (large)
		require_rpmlib(package, "LargeFiles", "4.12.0-1");
	if (!config)
		return;
	strake_rpm_package_add_dep(package, STRAKE_RPM_PROVIDES, name, evr,
		STRAKE_RPMSENSE_CONFIG | STRAKE_RPMSENSE_EQUAL);
	strake_rpm_package_add_dep(package, STRAKE_RPM_REQUIRES, name, evr,
		STRAKE_RPMSENSE_CONFIG | STRAKE_RPMSENSE_EQUAL);
}

static void add_version_features(StrakeRpmPackage *package)
{
	g_autofree char *evr = strake_rpm_package_evr(package);
	bool tilde = strchr(evr, '~') != NULL, caret = strchr(evr, '^') != NULL, rich = false;

	for (int kind = 0; kind < STRAKE_RPM_N_DEP_KINDS; kind++) {
		for (guint i = 0; i < package->deps[kind]->len; i++) {
			const StrakeRpmDep *dep = package->deps[kind]->pdata[i];
			bool is_rich = dep->name[0] == '(';
			const char *text = is_rich ? dep->name : dep->evr;

			rich = rich || is_rich;
			tilde = tilde || strchr(text, '~') != NULL;
			caret = caret || strchr(text, '^') != NULL;
		}
	}
	if (tilde)
		require_rpmlib(package, "TildeInVersions", "4.10.0-1");
	if (caret)
		require_rpmlib(package, "CaretInVersions", "4.15.0-1");
	if (rich)
		require_rpmlib(package, "RichDependencies", "4.12.0-1");
}

static void add_own(StrakeRpmPackage *package)
{
	g_autofree char *evr = strake_rpm_package_evr(package);

	strake_rpm_package_add_dep(
		package, STRAKE_RPM_PROVIDES, package->name, evr, STRAKE_RPMSENSE_EQUAL);
	if (strcmp(package->arch, "noarch") != 0) {
		const char *isa = strcmp(package->arch, "x86_64") == 0    ? "x86-64"
				  : strcmp(package->arch, "aarch64") == 0 ? "aarch-64"
									  : NULL;
		g_autofree char *name =
			isa != NULL ? g_strdup_printf("%s(%s)", package->name, isa) : NULL;
		if (name != NULL)
			strake_rpm_package_add_dep(
				package, STRAKE_RPM_PROVIDES, name, evr, STRAKE_RPMSENSE_EQUAL);
	}
	require_rpmlib(package, "CompressedFileNames", "3.0.4-1");
	require_rpmlib(package, "FileDigests", "4.6.0-1");
	require_rpmlib(package, "PayloadFilesHavePrefix", "4.0-1");
	require_rpmlib(package, "PayloadIsZstd", "5.4.18-1");
}

static int compare_deps(gconstpointer a, gconstpointer b)
{
	const StrakeRpmDep *x = *(StrakeRpmDep *const *)a, *y = *(StrakeRpmDep *const *)b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->evr, y->evr);
	if (order == 0)
		order = x->flags < y->flags ? -1 : x->flags > y->flags;
	return order;
}

static void sort_deps(GPtrArray *deps)
{
	g_ptr_array_sort(deps, compare_deps);
	for (guint i = deps->len; i > 1; i--)
		if (compare_deps(&deps->pdata[i - 1], &deps->pdata[i - 2]) == 0)
			g_ptr_array_remove_index(deps, i - 1);
}

static void put_deps_of(StrakeRpmHeaderWriter *w, const GPtrArray *deps, const DepTags *tags)
{
	g_autofree const char **names = g_new(const char *, deps->len + 1);
	g_autofree const char **versions = g_new(const char *, deps->len + 1);
	g_autofree uint32_t *flags = g_new(uint32_t, deps->len + 1);

	for (guint i = 0; i < deps->len; i++) {
		const StrakeRpmDep *dep = deps->pdata[i];

		names[i] = dep->name;
		versions[i] = dep->evr;
		flags[i] = dep->flags;
	}
	strake_rpm_header_put_strings(w, tags->name, names, deps->len);
	strake_rpm_header_put_strings(w, tags->version, versions, deps->len);
	strake_rpm_header_put_u32(w, tags->flags, flags, deps->len);
}

void strake_rpm_put_deps(StrakeRpmHeaderWriter *writer, StrakeRpmPackage *package)
{
	add_own(package);
	add_interpreters(package);
	add_file_features(package);
	add_version_features(package);
	for (int kind = 0; kind < STRAKE_RPM_N_DEP_KINDS; kind++) {
		sort_deps(package->deps[kind]);
		put_deps_of(writer, package->deps[kind], &dep_tags[kind]);
	}
}
