// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake pkg solve, strake pkg install: plumbing over src/pkg without a project.
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "base/words.h"
#include "cli/json.h"
#include "commands.h"
#include "pkg/install.h"
#include "pkg/solve.h"

enum { KEY_MAX_BYTES = 1024 * 1024 };

typedef struct {
	char **repos;
	char **exclude;
	gboolean recommends;
	gboolean json;
	char *arch;
	// pkg install only
	char *root;
	char *key;
	char *database;
	gboolean no_signatures;
	gboolean no_docs;
	int time_s;
} PkgOpts;

#define SOLVE_OPTIONS                                                                              \
	{'r', "repo", STRAKE_OPT_LIST, offsetof(PkgOpts, repos), "DIR",                            \
		"repository: the folder that holds repodata"},                                     \
		{'x', "exclude", STRAKE_OPT_LIST, offsetof(PkgOpts, exclude), "NAME",              \
			"never choose packages of this name (glob)"},                              \
		{0, "recommends", STRAKE_OPT_FLAG, offsetof(PkgOpts, recommends), NULL,            \
			"follow weak dependencies too"},                                           \
	{                                                                                          \
		0, "arch", STRAKE_OPT_STRING, offsetof(PkgOpts, arch), "ARCH",                     \
			"architecture (x86_64)"                                                    \
	}

static const StrakeOpt solve_opts[] = {
	SOLVE_OPTIONS,
	{0, "json", STRAKE_OPT_FLAG, offsetof(PkgOpts, json), NULL, "print JSON"},
	{0},
};

static const StrakeOpt install_opts[] = {
	SOLVE_OPTIONS,
	{0, "root", STRAKE_OPT_STRING, offsetof(PkgOpts, root), "DIR", "directory to install into"},
	{0, "key", STRAKE_OPT_STRING, offsetof(PkgOpts, key), "FILE",
		"public key that packages must be signed with (RPM-GPG-KEY in the repository)"},
	{0, "no-signatures", STRAKE_OPT_FLAG, offsetof(PkgOpts, no_signatures), NULL,
		"accept packages that nobody signed"},
	{0, "database", STRAKE_OPT_STRING, offsetof(PkgOpts, database), "DIR",
		"rpm database inside the root (/var/lib/rpm)"},
	{0, "no-docs", STRAKE_OPT_FLAG, offsetof(PkgOpts, no_docs), NULL,
		"leave out documentation"},
	{0, "time", STRAKE_OPT_INT, offsetof(PkgOpts, time_s), "SECONDS",
		"install time that the database records"},
	{0},
};

static GArray *make_wishes(char **words)
{
	GArray *wishes = g_array_new(FALSE, FALSE, sizeof(StrakeWish));

	for (char **word = words; word != NULL && *word != NULL; word++) {
		const StrakeWish wish = {*word, NULL};
		g_array_append_val(wishes, wish);
	}
	return wishes;
}

static GPtrArray *solve(const PkgOpts *opts, char **args, GError **error)
{
	g_autoptr(StrakeSolver) solver = strake_solver_new(opts->arch);
	g_autoptr(GArray) install = make_wishes(args);
	g_autoptr(GArray) exclude = make_wishes(opts->exclude);
	const StrakeSolveJob job = {
		.install = (const StrakeWish *)install->data,
		.n_install = install->len,
		.exclude = (const StrakeWish *)exclude->data,
		.n_exclude = exclude->len,
		.recommends = opts->recommends,
	};

	if (opts->repos == NULL) {
		strake_error_set(error, STRAKE_ERROR_USAGE,
			"no repository given; add --repo DIR (may be repeated)");
		return NULL;
	}
	for (char **repo = opts->repos; *repo != NULL; repo++)
		if (!strake_solver_add_repo(solver, *repo, *repo, 0, error))
			return NULL;
	return strake_solver_solve(solver, &job, error);
}

static void add_package(JsonBuilder *json, const StrakePackage *package)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"name", package->name},
		{"evr", package->evr},
		{"arch", package->arch},
		{"nevra", package->nevra},
		{"repo", package->repo},
		{"path", package->path},
		{"sha256", package->sha256},
		{"why", package->why},
	};

	json_builder_begin_object(json);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		json_builder_set_member_name(json, texts[i].name);
		json_builder_add_string_value(json, texts[i].value);
	}
	json_builder_set_member_name(json, "download-bytes");
	json_builder_add_int_value(json, (gint64)package->download_bytes);
	json_builder_set_member_name(json, "installed-bytes");
	json_builder_add_int_value(json, (gint64)package->installed_bytes);
	json_builder_end_object(json);
}

static void print_json(GPtrArray *packages)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_array(json);
	for (guint i = 0; i < packages->len; i++)
		add_package(json, g_ptr_array_index(packages, i));
	json_builder_end_array(json);
	strake_json_print(json);
}

static void print_table(GPtrArray *packages)
{
	uint64_t download = 0;
	uint64_t installed = 0;

	for (guint i = 0; i < packages->len; i++) {
		const StrakePackage *package = g_ptr_array_index(packages, i);

		printf("%-50s %10" G_GUINT64_FORMAT "  %s\n", package->nevra,
			package->installed_bytes, package->why);
		download += package->download_bytes;
		installed += package->installed_bytes;
	}
	printf("%u package%s, %.1f MB to download, %.1f MB installed\n", packages->len,
		strake_s(packages->len), (double)download / 1e6, (double)installed / 1e6);
}

static bool run_solve(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const PkgOpts *o = opts;
	g_autoptr(GPtrArray) packages = solve(o, args, error);

	if (packages == NULL)
		return false;
	if (o->json)
		print_json(packages);
	else
		print_table(packages);
	return true;
}

// The key's text; NULL with @error unset when signatures are not wanted.
static bool read_key(const PkgOpts *opts, char **out_key, GError **error)
{
	g_autofree char *path = NULL;
	g_autoptr(GBytes) bytes = NULL;

	*out_key = NULL;
	if (opts->no_signatures)
		return true;
	path = opts->key != NULL ? g_strdup(opts->key)
				 : g_build_filename(opts->repos[0], "RPM-GPG-KEY", NULL);
	bytes = strake_file_read_at(AT_FDCWD, path, KEY_MAX_BYTES, error);
	if (bytes == NULL) {
		g_prefix_error(error, "public key of the packages (--key FILE): ");
		return false;
	}
	*out_key = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return true;
}

static bool run_install(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const PkgOpts *o = opts;
	g_autoptr(GPtrArray) packages = NULL;
	g_autofree char *key = NULL;
	StrakeInstallOptions options = {
		.database = o->database, .no_docs = o->no_docs, .time_s = o->time_s};
	StrakeInstallResult result = {0};

	if (o->root == NULL)
		return strake_error_set(error, STRAKE_ERROR_USAGE, "no --root DIR given");
	packages = solve(o, args, error);
	if (packages == NULL || !read_key(o, &key, error) ||
		!strake_path_mkdirs(AT_FDCWD, o->root, error))
		return false;
	options.public_key = key;
	if (!strake_install_sandboxed(o->root, packages, &options, &result, error))
		return false;
	strake_say("installed %u package%s, %" G_GUINT64_FORMAT " file%s, %.1f MB in %s",
		result.packages, strake_s(result.packages), result.files, strake_s(result.files),
		(double)result.bytes / 1e6, o->root);
	return true;
}

const StrakeCmd strake_cmd_pkg_solve = {
	.name = "pkg solve",
	.args = "WISH...",
	.summary = "show which packages a wish list brings in, and why",
	.details = "A wish is a package name, a glob, a provided name, a path, or a relation such "
		   "as 'curl >= 8'. Packages are listed in the order of installation. When the "
		   "wishes cannot all be had, the reasons are told.",
	.min_args = 1,
	.max_args = -1,
	.opts = solve_opts,
	.opts_size = sizeof(PkgOpts),
	.run = run_solve,
};

const StrakeCmd strake_cmd_pkg_install = {
	.name = "pkg install",
	.args = "WISH...",
	.summary = "install packages and what they need into a directory",
	.details = "Runs in a user name space, as root or as an ordinary user; no script of any "
		   "package runs. Signatures, file conflicts and disk space are checked before "
		   "anything is written. The same packages give the same tree and database.",
	.min_args = 1,
	.max_args = -1,
	.opts = install_opts,
	.opts_size = sizeof(PkgOpts),
	.run = run_install,
};
