// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// rpmbuild of data-only packages: fingerprint, sandbox, results into the store.
#include "build/local.h"

#include <fcntl.h>
#include <rpm/rpmlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/run.h"
#include "base/sandbox.h"

enum {
	SOURCE_MAX_BYTES = 16 << 20,
	SOURCES_MAX = 1000,
};

// 2026-01-01: the time of every file and of the build. The version tells packages apart.
#define BUILD_EPOCH 1767225600
#define BUILD_EPOCH_TEXT G_STRINGIFY(BUILD_EPOCH)

#define KEY_KIND "local-build"
#define FORMAT "1" // of the fingerprint and the macros; raise to build everything again

// Read after rpm's own macros; the only other configuration that rpmbuild sees. A %s is the work
// directory.
static const char macros_template[] =
	"%%_topdir %s\n"
	"%%_sourcedir %%{_topdir}/SOURCES\n"
	"%%_specdir %%{_topdir}/SOURCES\n"
	"%%_builddir %%{_topdir}/BUILD\n"
	"%%_buildrootdir %%{_topdir}/BUILDROOT\n"
	"%%_rpmdir %%{_topdir}/RPMS\n"
	"%%_srcrpmdir %%{_topdir}/SRPMS\n"
	"%%_tmppath %%{_topdir}/tmp\n"
	"%%_build_name_fmt %%%%{NAME}-%%%%{VERSION}-%%%%{RELEASE}.%%%%{ARCH}.rpm\n"
	"%%_arch noarch\n"
	"%%_build_arch noarch\n"
	"%%_host noarch-strake-linux\n"
	"%%_os linux\n"
	"%%_target_cpu noarch\n"
	"%%_target_os linux\n"
	"%%_target_vendor strake\n"
	"%%_target_platform noarch-strake-linux\n"
	"%%_libdir /usr/lib\n"
	"%%_docdir /usr/share/doc\n"
	"%%_buildhost strake\n"
	"%%vendor Strake\n"
	"%%distribution Strake Linux\n"
	"%%use_source_date_epoch_as_buildtime 1\n"
	"%%clamp_mtime_to_source_date_epoch 1\n"
	"%%_binary_payload w19.zstdio\n"
	"%%_binary_filedigest_algorithm 8\n"
	"%%_source_filedigest_algorithm 8\n"
	"%%__os_install_post %%{nil}\n"
	"%%__spec_install_post %%{nil}\n"
	"%%debug_package %%{nil}\n"
	"%%optflags %%{nil}\n"
	"%%_build_id_links none\n"
	"%%_unpackaged_files_terminate_build 1\n";

void strake_local_package_free(StrakeLocalPackage *package)
{
	if (package == NULL)
		return;
	g_free(package->file_name);
	g_free(package->sha256);
	g_free(package);
}

/** One source as rpmbuild will see it. */
typedef struct {
	char *name;
	GBytes *content;
	bool executable;
} Source;

static void source_free(Source *source)
{
	g_free(source->name);
	g_bytes_unref(source->content);
	g_free(source);
}

static int compare_sources(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Source *const *)a)->name, (*(Source *const *)b)->name);
}

static bool add_file(GPtrArray *sources, int dir_fd, const char *name, GError **error)
{
	struct stat st;
	Source *source;
	GBytes *content;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return strake_error_errno(error, errno, "read source", name);
	if (!S_ISREG(st.st_mode))
		return true;
	if (sources->len >= SOURCES_MAX)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"more than %d files beside the spec file: move it to a directory of its "
			"own",
			SOURCES_MAX);
	content = strake_file_read_at(dir_fd, name, SOURCE_MAX_BYTES, error);
	if (content == NULL)
		return false;
	source = g_new0(Source, 1);
	source->name = g_strdup(name);
	source->content = content;
	source->executable = (st.st_mode & 0100) != 0;
	g_ptr_array_add(sources, source);
	return true;
}

/** The plain files beside the spec, without editors' leavings, and the extras; sorted. */
static GPtrArray *read_sources(const StrakeLocalBuild *build, GError **error)
{
	g_autoptr(GPtrArray) sources = g_ptr_array_new_with_free_func((GDestroyNotify)source_free);
	g_autofree char *dir_path = g_path_get_dirname(build->spec_path);
	g_auto(strake_fd) dir_fd = -1;
	g_autoptr(GDir) dir = NULL;

	if (!strake_path_open_dir(AT_FDCWD, dir_path, &dir_fd, error))
		return NULL;
	dir = g_dir_open(dir_path, 0, error);
	if (dir == NULL)
		return NULL;
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
		if (name[0] == '.' || g_str_has_suffix(name, "~"))
			continue;
		if (!add_file(sources, dir_fd, name, error))
			return NULL;
	}
	for (size_t i = 0; i < build->n_extras; i++) {
		Source *source = g_new0(Source, 1);

		source->name = g_strdup(build->extras[i].name);
		source->content = g_bytes_ref(build->extras[i].content);
		g_ptr_array_add(sources, source);
	}
	g_ptr_array_sort(sources, compare_sources);
	for (guint i = 1; i < sources->len; i++) {
		const Source *before = sources->pdata[i - 1], *now = sources->pdata[i];

		if (strcmp(before->name, now->name) == 0) {
			strake_error_set(error, STRAKE_ERROR_INVALID,
				"'%s/%s': this file is made by the build; remove it", dir_path,
				now->name);
			return NULL;
		}
	}
	return g_steal_pointer(&sources);
}

static void digest_field(StrakeDigest *digest, const void *data, size_t size)
{
	uint64_t length = GUINT64_TO_LE(size);

	strake_digest_update(digest, &length, sizeof(length));
	strake_digest_update(digest, data, size);
}

static char *fingerprint(const char *spec_name, const GPtrArray *sources)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	char hex[STRAKE_DIGEST_HEX_MAX];

	digest_field(digest, FORMAT, strlen(FORMAT));
	digest_field(digest, macros_template, strlen(macros_template));
	digest_field(digest, RPMVERSION, strlen(RPMVERSION));
	digest_field(digest, spec_name, strlen(spec_name));
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		size_t size;
		const void *data = g_bytes_get_data(source->content, &size);

		digest_field(digest, source->name, strlen(source->name));
		digest_field(digest, data, size);
		digest_field(digest, source->executable ? "x" : "-", 1);
	}
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}

/** "SHA256 FILE" a line; false when it is damaged or an object is gone: then build again. */
static bool packages_from_key(StrakeStore *store, GBytes *key, GPtrArray *packages)
{
	size_t size;
	const char *data = g_bytes_get_data(key, &size);
	g_autofree char *text = g_strndup(data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL && **line != '\0'; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 2);
		StrakeLocalPackage *package;

		if (words[0] == NULL || words[1] == NULL ||
			!strake_digest_is_hex(STRAKE_DIGEST_SHA256, words[0]) ||
			!strake_store_has(store, words[0]))
			return false;
		package = g_new0(StrakeLocalPackage, 1);
		package->sha256 = g_strdup(words[0]);
		package->file_name = g_strdup(words[1]);
		g_ptr_array_add(packages, package);
	}
	return packages->len > 0;
}

static bool put_key(
	StrakeStore *store, const char *print, const GPtrArray *packages, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < packages->len; i++) {
		const StrakeLocalPackage *package = packages->pdata[i];

		g_string_append_printf(text, "%s %s\n", package->sha256, package->file_name);
	}
	return strake_store_put_key(store, KEY_KIND, print, text->str, text->len, error);
}

/** Lays out @work as rpmbuild wants it. Times are fixed because `install -p` keeps them. */
static bool prepare(const StrakeTmpdir *work, const GPtrArray *sources, GError **error)
{
	static const char *const dirs[] = {"SOURCES", "BUILD", "BUILDROOT", "RPMS", "tmp"};
	static const struct timespec times[2] = {{BUILD_EPOCH, 0}, {BUILD_EPOCH, 0}};
	g_autofree char *macros = g_strdup_printf(macros_template, work->path);

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (!strake_path_mkdirs(work->fd, dirs[i], error))
			return false;
	if (!strake_file_write_at(work->fd, "macros", macros, strlen(macros), 0644, error))
		return false;
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		g_autofree char *path = g_strconcat("SOURCES/", source->name, NULL);
		size_t size;
		const void *data = g_bytes_get_data(source->content, &size);

		if (!strake_file_write_at(
			    work->fd, path, data, size, source->executable ? 0755 : 0644, error))
			return false;
		if (utimensat(work->fd, path, times, 0) != 0)
			return strake_error_errno(error, errno, "set the time of", path);
	}
	return true;
}

static bool run_rpmbuild(const StrakeTmpdir *work, const char *spec_name, GError **error)
{
	g_autofree char *macros =
		g_strdup_printf("--macros=/usr/lib/rpm/macros:%s/macros", work->path);
	g_autofree char *spec = g_strconcat(work->path, "/SOURCES/", spec_name, NULL);
	const char *const argv[] = {
		"rpmbuild", macros, "--target", "noarch", "--quiet", "-bb", spec, NULL};
	static const char *const env[] = {"SOURCE_DATE_EPOCH=" BUILD_EPOCH_TEXT, "LC_ALL=C.UTF-8",
		"HOME=/nonexistent", "TZ=UTC", NULL};
	const StrakeSandbox sandbox = {.cwd = work->path, .env = env, .dev = true};
	const StrakeRun run = {.argv = argv};

	return strake_sandbox_run(&sandbox, &run, NULL, error);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool collect(
	StrakeStore *store, const StrakeTmpdir *work, GPtrArray *packages, GError **error)
{
	g_autofree char *dir_path = g_build_filename(work->path, "RPMS", NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, error);

	if (dir == NULL)
		return false;
	for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
		if (g_str_has_suffix(name, ".rpm"))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("RPMS", names->pdata[i], NULL);
		g_autoptr(GBytes) bytes = strake_file_map_at(work->fd, path, error);
		g_autofree char *sha256 = NULL;
		StrakeLocalPackage *package;
		size_t size;
		const void *data;

		if (bytes == NULL)
			return false;
		data = g_bytes_get_data(bytes, &size);
		if (!strake_store_add(store, data, size, &sha256, error))
			return false;
		package = g_new0(StrakeLocalPackage, 1);
		package->file_name = g_strdup(names->pdata[i]);
		package->sha256 = g_steal_pointer(&sha256);
		g_ptr_array_add(packages, package);
	}
	if (packages->len == 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"no package was made: does the spec file have %%files?");
	return true;
}

GPtrArray *strake_build_local(
	StrakeStore *store, const StrakeLocalBuild *build, bool *out_cached, GError **error)
{
	g_autoptr(GPtrArray) packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_local_package_free);
	g_autofree char *spec_name = g_path_get_basename(build->spec_path);
	g_autoptr(GPtrArray) sources = read_sources(build, error);
	g_autofree char *print = NULL;
	g_autoptr(GBytes) key = NULL;
	g_autoptr(StrakeTmpdir) work = NULL;

	if (sources == NULL) {
		g_prefix_error(error, "build '%s': ", build->spec_path);
		return NULL;
	}
	print = fingerprint(spec_name, sources);
	key = strake_store_get_key(store, KEY_KIND, print, NULL);
	if (key != NULL && packages_from_key(store, key, packages)) {
		if (out_cached != NULL)
			*out_cached = true;
		return g_steal_pointer(&packages);
	}
	g_ptr_array_set_size(packages, 0);

	work = strake_tmpdir_new(NULL, error);
	if (work == NULL || !prepare(work, sources, error) ||
		!run_rpmbuild(work, spec_name, error) || !collect(store, work, packages, error) ||
		!put_key(store, print, packages, error)) {
		g_prefix_error(error, "build '%s': ", build->spec_path);
		return NULL;
	}
	if (out_cached != NULL)
		*out_cached = false;
	return g_steal_pointer(&packages);
}
