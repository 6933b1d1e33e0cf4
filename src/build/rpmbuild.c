// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Command lines, the directory tree of a build, and what its source package asks for.
#include "build/rpmbuild.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "build/job.h"
#include "format/rpm_read.h"

enum { DYNAMIC_MISSING_STATUS = 11 };

// The home directory's, read last, so that they win over those of the distribution. What stands
// here keeps the machine, its user and its clock out of the packages; how packages are is not
// decided here.
static const char macros[] = "%_buildshell /usr/bin/bash\n"
			     "%_topdir " STRAKE_BUILD_DIR "\n"
			     "%_sourcedir %{_topdir}/SOURCES\n"
			     "%_specdir %{_topdir}/SOURCES\n"
			     "%_builddir %{_topdir}/BUILD\n"
			     "%_rpmdir %{_topdir}/RPMS\n"
			     "%_srcrpmdir %{_topdir}/SRPMS\n"
			     "%_tmppath %{_topdir}/tmp\n"
			     "%_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm\n"
			     "%_buildhost strake\n"
			     // What rpm before 6.0, on the machine that composes, can read.
			     "%_rpmformat 4\n"
			     "%source_date_epoch_from_changelog 0\n"
			     "%use_source_date_epoch_as_buildtime 1\n"
			     "%clamp_mtime_to_source_date_epoch 1\n"
			     "%build_mtime_policy clamp_to_source_date_epoch\n";

static const char *const dirs[] = {"SOURCES", "BUILD", "RPMS", "SRPMS", "tmp"};

static bool set_times(int sources_fd, StrakeFileTree *tree, int64_t time_s, GError **error)
{
	const struct timespec times[2] = {{.tv_sec = time_s}, {.tv_sec = time_s}};
	const GPtrArray *files = strake_file_tree_files(tree);

	for (guint i = 0; i < files->len; i++) {
		const StrakeFileTreeEntry *file = files->pdata[i];

		if (utimensat(sources_fd, file->path, times, AT_SYMLINK_NOFOLLOW) < 0)
			return strake_error_errno(error, errno, "set the time of", file->path);
	}
	return true;
}

bool strake_rpmbuild_prepare(const StrakeRpmbuild *build, StrakeFileTree *tree, GError **error)
{
	g_auto(strake_fd) dir_fd = -1;
	g_auto(strake_fd) sources_fd = -1;

	if (!strake_path_open_dir(AT_FDCWD, strake_buildroot_dir(build->root), &dir_fd, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (!strake_path_mkdirs(dir_fd, dirs[i], error))
			return false;
	return strake_file_write_at(dir_fd, ".rpmmacros", macros, strlen(macros), 0644, error) &&
	       strake_path_open_dir(dir_fd, "SOURCES", &sources_fd, error) &&
	       strake_file_tree_write_into(tree, sources_fd, error) &&
	       set_times(sources_fd, tree, build->time_s, error);
}

bool strake_rpmbuild_run(
	const StrakeRpmbuild *build, StrakeRpmbuildStep step, bool *out_missing, GError **error)
{
	static const char *const options[] = {
		[STRAKE_RPMBUILD_SOURCE] = "-bs",
		[STRAKE_RPMBUILD_DYNAMIC] = "-br",
		[STRAKE_RPMBUILD_ALL] = "-ba",
	};
	g_autofree char *spec = g_strconcat(STRAKE_BUILD_DIR "/SOURCES/", build->spec, NULL);
	g_autofree char *cpus = g_strdup_printf("RPM_BUILD_NCPUS=%u", build->jobs);
	g_autofree char *title =
		g_strdup_printf("==> rpmbuild %s %s\n", options[step], build->spec);
	// Only the source package may be made before what the spec asks for is installed.
	const char *const argv[] = {"rpmbuild", options[step], spec,
		step == STRAKE_RPMBUILD_SOURCE ? "--nodeps" : NULL, NULL};
	g_autofree char *epoch =
		g_strdup_printf("SOURCE_DATE_EPOCH=%" G_GINT64_FORMAT, build->time_s);
	const char *const env[] = {epoch, cpus, NULL};
	int status = 0;
	const StrakeRun run = {
		.argv = argv, .env = env, .log_fd = build->log_fd, .exit_status = &status};

	if (!strake_fd_write_all(build->log_fd, title, strlen(title), "log", error) ||
		!strake_buildroot_run(build->root, &run, NULL, error))
		return false;
	if (step == STRAKE_RPMBUILD_DYNAMIC && out_missing != NULL)
		*out_missing = status == DYNAMIC_MISSING_STATUS;
	if (status == 0 || (step == STRAKE_RPMBUILD_DYNAMIC && status == DYNAMIC_MISSING_STATUS))
		return true;
	return strake_error_set(error, STRAKE_ERROR_FAILED, "rpmbuild %s ended with status %d",
		options[step], status);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Paths of all *.rpm in @name and one level below, relative to @dir_fd.
static bool list_packages(
	const StrakeRpmbuild *build, const char *name, GPtrArray *out, GError **error)
{
	g_autofree char *path = g_build_filename(strake_buildroot_dir(build->root), name, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);

	if (dir == NULL)
		return false;
	for (const char *entry; (entry = g_dir_read_name(dir)) != NULL;) {
		g_autofree char *below = g_build_filename(name, entry, NULL);
		g_autofree char *absolute = g_build_filename(path, entry, NULL);
		struct stat st;

		if (lstat(absolute, &st) < 0)
			return strake_error_errno(error, errno, "look at", absolute);
		if (S_ISDIR(st.st_mode) && strchr(name, '/') == NULL) {
			if (!list_packages(build, below, out, error))
				return false;
		} else if (S_ISREG(st.st_mode) && g_str_has_suffix(entry, ".rpm")) {
			g_ptr_array_add(out, g_steal_pointer(&below));
		}
	}
	return true;
}

GPtrArray *strake_rpmbuild_results(const StrakeRpmbuild *build, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);

	if (!list_packages(build, "RPMS", out, error) || !list_packages(build, "SRPMS", out, error))
		return NULL;
	// The answer of the dynamic step is not a package.
	for (guint i = out->len; i-- > 0;)
		if (g_str_has_suffix(out->pdata[i], ".nosrc.rpm"))
			g_ptr_array_remove_index(out, i);
	g_ptr_array_sort(out, by_text);
	return g_steal_pointer(&out);
}

// The source package of @step.
static char *find_source(const StrakeRpmbuild *build, StrakeRpmbuildStep step, GError **error)
{
	const char *suffix = step == STRAKE_RPMBUILD_DYNAMIC ? ".buildreqs.nosrc.rpm" : ".src.rpm";
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	if (!list_packages(build, "SRPMS", paths, error))
		return NULL;
	for (guint i = 0; i < paths->len; i++)
		if (g_str_has_suffix(paths->pdata[i], suffix))
			return g_build_filename(
				strake_buildroot_dir(build->root), paths->pdata[i], NULL);
	strake_error_set(error, STRAKE_ERROR_FAILED, "rpmbuild made no %s file", suffix);
	return NULL;
}

// "NAME >= EVR"
static char *relation_text(const StrakeRpmHeader *header, size_t i)
{
	const char *name = strake_rpm_header_string(header, STRAKE_RPMTAG_REQUIRENAME, i);
	const char *version = strake_rpm_header_string(header, STRAKE_RPMTAG_REQUIREVERSION, i);
	uint64_t flags = strake_rpm_header_number(header, STRAKE_RPMTAG_REQUIREFLAGS, i, 0);
	g_autofree char *op = g_strconcat(flags & STRAKE_RPMSENSE_LESS ? "<" : "",
		flags & STRAKE_RPMSENSE_GREATER ? ">" : "",
		flags & STRAKE_RPMSENSE_EQUAL ? "=" : "", NULL);

	if (version == NULL || *version == '\0' || *op == '\0')
		return g_strdup(name);
	return g_strdup_printf("%s %s %s", name, op, version);
}

char **strake_rpmbuild_requires(
	const StrakeRpmbuild *build, StrakeRpmbuildStep step, GError **error)
{
	g_autofree char *path = find_source(build, step, error);
	g_autoptr(GBytes) bytes = path != NULL ? strake_file_map_at(AT_FDCWD, path, error) : NULL;
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	g_autoptr(GPtrArray) out = g_ptr_array_new();

	if (rpm == NULL)
		return NULL;
	for (size_t i = 0; i < strake_rpm_header_count(rpm->header, STRAKE_RPMTAG_REQUIRENAME);
		i++) {
		const char *name =
			strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_REQUIRENAME, i);

		if (name != NULL && !g_str_has_prefix(name, "rpmlib("))
			g_ptr_array_add(out, relation_text(rpm->header, i));
	}
	g_ptr_array_sort(out, by_text);
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

char **strake_rpmbuild_provides(const StrakeRpmbuild *build, GError **error)
{
	g_autofree char *spec = g_strconcat(STRAKE_BUILD_DIR "/SOURCES/", build->spec, NULL);
	const char *const argv[] = {
		"rpmspec", "-q", "--builtrpms", "--qf", "[%{PROVIDENAME}\n]", spec, NULL};
	const StrakeRun run = {.argv = argv};
	g_autoptr(GBytes) out = NULL;
	g_autofree char *text = NULL;
	char **lines;
	guint n;

	if (!strake_buildroot_run(build->root, &run, &out, error))
		return NULL;
	text = g_strndup(g_bytes_get_data(out, NULL), g_bytes_get_size(out));
	lines = g_strsplit(text, "\n", -1);
	n = g_strv_length(lines);
	if (n > 0 && *lines[n - 1] == '\0')
		g_clear_pointer(&lines[n - 1], g_free);
	return lines;
}
