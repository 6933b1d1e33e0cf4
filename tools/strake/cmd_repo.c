// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake repo publish, check, key.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/words.h"
#include "build_io.h"
#include "commands.h"
#include "project/project.h"
#include "project_packages.h"
#include "repo/keys.h"
#include "repo/publish.h"
#include "store/store.h"
#include "upstream/upstream.h"

enum { KEY_MAX_BYTES = 1024 * 1024, UPDATEINFO_MAX_BYTES = 256 * 1024 * 1024 };

typedef struct {
	char *keys;
	char *arch;
	char *updateinfo;
	char *key; // repo check
	char *upstream;
	gboolean follow;
	gboolean locked;
	gboolean skip_refused;
	gboolean no_build;
} RepoOpts;

static const StrakeOpt publish_opts[] = {
	{0, "keys", STRAKE_OPT_STRING, offsetof(RepoOpts, keys), "DIR",
		"the project's keys ($STRAKE_KEYS, or the user's data directory)"},
	{0, "arch", STRAKE_OPT_STRING, offsetof(RepoOpts, arch), "ARCH", "architecture (x86_64)"},
	{0, "updateinfo", STRAKE_OPT_STRING, offsetof(RepoOpts, updateinfo), "FILE",
		"advisories to publish, as updateinfo.xml"},
	{0, "upstream", STRAKE_OPT_STRING, offsetof(RepoOpts, upstream), "NAME",
		"upstream of the project's packages (the project's default)"},
	{0, "follow", STRAKE_OPT_FLAG, offsetof(RepoOpts, follow), NULL,
		"take what the mirror has now instead of the lock"},
	{0, "locked", STRAKE_OPT_FLAG, offsetof(RepoOpts, locked), NULL,
		"take exactly what the lock says (this is the default)"},
	{0, "skip-refused", STRAKE_OPT_FLAG, offsetof(RepoOpts, skip_refused), NULL,
		"leave packages with unhandled scripts out instead of failing"},
	{0, "no-build", STRAKE_OPT_FLAG, offsetof(RepoOpts, no_build), NULL,
		"upstream's packages also where the project builds its own"},
	{0},
};

static const StrakeOpt check_opts[] = {
	{0, "key", STRAKE_OPT_STRING, offsetof(RepoOpts, key), "FILE",
		"public key (RPM-GPG-KEY in the repository)"},
	{0},
};

static const StrakeOpt key_opts[] = {
	{0, "keys", STRAKE_OPT_STRING, offsetof(RepoOpts, keys), "DIR",
		"the project's keys ($STRAKE_KEYS, or the user's data directory)"},
	{0},
};

// Takes both strings; one of them is NULL.
static void add_item(GArray *items, char *path, char *sha256, bool inherited)
{
	const StrakePublishItem item = {.path = path, .sha256 = sha256, .inherited = inherited};

	g_array_append_val(items, item);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// All *.rpm below @folder, in order of name.
static bool add_folder(GArray *items, const char *folder, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	const char *name;

	if (dir == NULL)
		return false;
	while ((name = g_dir_read_name(dir)) != NULL)
		g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			if (!add_folder(items, path, error))
				return false;
		} else if (g_str_has_suffix(path, ".rpm") && !g_str_has_suffix(path, ".src.rpm")) {
			add_item(items, g_steal_pointer(&path), NULL, false);
		}
	}
	return true;
}

static void clear_item(void *data)
{
	StrakePublishItem *item = data;

	g_free((char *)item->path);
	g_free((char *)item->sha256);
}

static bool add_paths(GArray *items, char **paths, GError **error)
{
	for (char **path = paths; *path != NULL; path++) {
		if (!g_file_test(*path, G_FILE_TEST_IS_DIR))
			add_item(items, g_strdup(*path), NULL, false);
		else if (!add_folder(items, *path, error))
			return false;
	}
	if (items->len > 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_USAGE,
		"no packages to publish: name package files, or folders that hold them");
}

static bool add_project(const StrakeGlobals *globals, const RepoOpts *opts, StrakeProject *project,
	StrakeStore *store, const StrakeKeys *keys, GArray *items, GError **error)
{
	g_autoptr(GHashTable) inherited =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const ProjectPackagesOptions options = {.upstream = opts->upstream,
		.follow = opts->follow,
		.skip_refused = opts->skip_refused,
		.inherited = inherited};
	const BuildIoOptions builds = {
		.keys = opts->keys, .upstream = opts->upstream, .follow = opts->follow};
	g_autoptr(GPtrArray) packages =
		project_packages(globals, project, store, keys, &options, error);

	if (packages == NULL ||
		(!opts->no_build && !build_io_replace(globals, &builds, packages, error)))
		return false;
	for (guint i = 0; i < packages->len; i++) {
		const char *sha256 = g_ptr_array_index(packages, i);

		add_item(items, NULL, g_strdup(sha256), g_hash_table_contains(inherited, sha256));
	}
	return true;
}

// @public_keys: what clients shall trust; NULL: the project's own key.
static bool publish(const StrakeGlobals *globals, const RepoOpts *opts, StrakeStore *store,
	const StrakeKeys *keys, GArray *items, const char *out, const char *public_keys,
	GError **error)
{
	g_autoptr(GBytes) updateinfo = NULL;
	StrakePublishOptions options = {.architecture = opts->arch,
		.jobs = (unsigned)MAX(globals->jobs, 0),
		.public_keys = public_keys};
	StrakePublishResult result = {0};

	if (opts->updateinfo != NULL) {
		updateinfo = strake_file_read_at(
			AT_FDCWD, opts->updateinfo, UPDATEINFO_MAX_BYTES, error);
		if (updateinfo == NULL)
			return false;
		options.updateinfo = updateinfo;
	}
	if (!strake_repo_publish(store, keys, (const StrakePublishItem *)items->data, items->len,
		    out, &options, &result, error))
		return false;
	strake_say("published %u package%s (%.1f MB, %u signed now) in %s", result.packages,
		strake_s(result.packages), (double)result.bytes / 1e6, result.signed_now,
		result.path);
	strake_publish_result_clear(&result);
	return true;
}

static bool run_publish(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const RepoOpts *o = opts;
	bool own = args[0] == NULL || args[1] == NULL; // the project's packages
	g_autoptr(StrakeStore) store = NULL;
	g_autoptr(StrakeProject) project = NULL;
	g_autoptr(StrakeKeys) keys = NULL;
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakePublishItem));
	g_autofree char *out = g_strdup(args[0]);
	g_autofree char *public_keys = NULL;

	g_array_set_clear_func(items, clear_item);
	if (o->follow && o->locked)
		return strake_error_set(
			error, STRAKE_ERROR_USAGE, "--follow and --locked exclude each other");
	if (own && (project = strake_project_load(globals->project_dir, NULL, error)) == NULL)
		return false;
	if (!own && !add_paths(items, args + 1, error))
		return false;
	store = strake_store_open(globals->store_path, error);
	keys = store != NULL ? strake_keys_open(o->keys, NULL, error) : NULL;
	if (keys == NULL || (own && !add_project(globals, o, project, store, keys, items, error)))
		return false;
	if (out == NULL)
		out = g_build_filename(strake_project_output_dir(project), "repo", NULL);
	if (own) {
		public_keys =
			strake_upstream_keys(project, o->upstream, strake_keys_public(keys), error);
		if (public_keys == NULL)
			return false;
	}
	return publish(globals, o, store, keys, items, out, public_keys, error);
}

static bool run_check(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const RepoOpts *o = opts;
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *key = NULL;

	if (o->key != NULL) {
		g_autoptr(GBytes) bytes =
			strake_file_read_at(AT_FDCWD, o->key, KEY_MAX_BYTES, error);

		if (bytes == NULL)
			return false;
		key = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	}
	if (!strake_repo_check(args[0], key, (unsigned)globals->jobs, problems, error))
		return false;
	for (guint i = 0; i < problems->len; i++)
		printf("%s\n", (const char *)g_ptr_array_index(problems, i));
	if (problems->len == 0) {
		strake_say("%s: signatures and digests are good", args[0]);
		return true;
	}
	return strake_error_set(error, STRAKE_ERROR_REPORTED, "%u problems", problems->len);
}

static bool run_key(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const RepoOpts *o = opts;
	g_autoptr(StrakeKeys) keys = strake_keys_open(o->keys, NULL, error);

	if (keys == NULL)
		return false;
	fputs(strake_keys_public(keys), stdout);
	return true;
}

const StrakeCmd strake_cmd_repo_publish = {
	.name = "repo publish",
	.args = "[DIR [PACKAGE|FOLDER]...]",
	.summary = "sign packages and make a repository of them",
	.details = "Writes DIR/ARCH (out/repo beside the project file when no DIR is given) with "
		   "the packages, zstd-compressed rpm-md metadata, and a signed repomd.xml, and "
		   "switches it into place in one step. Without package files it publishes the "
		   "project's packages: those of the upstream's lock, fetched and bridged as "
		   "needed, the local components of no group, and what those of its build-groups "
		   "give, built as needed, in place of upstream's packages of the same names; "
		   "components that say they are expensive are left to `strake build`. The "
		   "signing key is made on first use. The "
		   "repository holds exactly these packages.",
	.min_args = 0,
	.max_args = -1,
	.opts = publish_opts,
	.opts_size = sizeof(RepoOpts),
	.run = run_publish,
};

const StrakeCmd strake_cmd_repo_check = {
	.name = "repo check",
	.args = "DIR",
	.summary = "check the signatures and digests of a repository",
	.details = "DIR is the folder that holds repodata. Problems are listed one a line, and the "
		   "exit status is 1.",
	.min_args = 1,
	.max_args = 1,
	.opts = check_opts,
	.opts_size = sizeof(RepoOpts),
	.run = run_check,
};

const StrakeCmd strake_cmd_repo_key = {
	.name = "repo key",
	.summary = "print the public key that packages are signed with",
	.min_args = 0,
	.max_args = 0,
	.opts = key_opts,
	.opts_size = sizeof(RepoOpts),
	.run = run_key,
};
