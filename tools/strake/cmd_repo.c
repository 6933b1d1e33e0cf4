// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake repo publish, check, key.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "commands.h"
#include "repo/keys.h"
#include "repo/publish.h"
#include "store/store.h"

#include <fcntl.h>

enum { KEY_MAX_BYTES = 1024 * 1024, UPDATEINFO_MAX_BYTES = 256 * 1024 * 1024 };

typedef struct {
	char *keys;
	char *arch;
	char *updateinfo;
	char *key; // repo check
} RepoOpts;

static const StrakeOpt publish_opts[] = {
	{0,								 "keys", STRAKE_OPT_STRING, offsetof(RepoOpts, keys), "DIR",
         "the project's keys ($STRAKE_KEYS, or the user's data directory)"},
	{0,						"arch", STRAKE_OPT_STRING, offsetof(RepoOpts, arch), "ARCH", "architecture (x86_64)"},
	{0,							    "updateinfo", STRAKE_OPT_STRING, offsetof(RepoOpts, updateinfo), "FILE",
         "advisories to publish, as updateinfo.xml"},
	{0},
};

static const StrakeOpt check_opts[] = {
	{0,		  "key", STRAKE_OPT_STRING, offsetof(RepoOpts, key), "FILE",
         "public key (RPM-GPG-KEY in the repository)"},
	{0},
};

static const StrakeOpt key_opts[] = {
	{0,		  "keys", STRAKE_OPT_STRING, offsetof(RepoOpts, keys), "DIR",
         "the project's keys ($STRAKE_KEYS, or the user's data directory)"},
	{0},
};

static void add_item(GArray *items, char *path)
{
	const StrakePublishItem item = {.path = path};

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
			add_item(items, g_steal_pointer(&path));
		}
	}
	return true;
}

static void free_item(void *item)
{
	g_free((char *)((StrakePublishItem *)item)->path);
}

static bool collect(GArray *items, char **args, GError **error)
{
	for (char **arg = args; *arg != NULL; arg++) {
		if (!g_file_test(*arg, G_FILE_TEST_IS_DIR))
			add_item(items, g_strdup(*arg));
		else if (!add_folder(items, *arg, error))
			return false;
	}
	if (items->len > 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_USAGE,
		"no packages to publish: name package files, or folders that hold them");
}

static bool run_publish(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const RepoOpts *o = opts;
	g_autoptr(StrakeStore) store = strake_store_open(globals->store_path, error);
	g_autoptr(StrakeKeys) keys = NULL;
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakePublishItem));
	g_autoptr(GBytes) updateinfo = NULL;
	StrakePublishOptions options = {.architecture = o->arch, .jobs = (unsigned)globals->jobs};
	StrakePublishResult result = {0};

	g_array_set_clear_func(items, free_item);
	if (store == NULL || !collect(items, args + 1, error))
		return false;
	keys = strake_keys_open(o->keys, NULL, error);
	if (keys == NULL)
		return false;
	if (o->updateinfo != NULL) {
		updateinfo =
			strake_file_read_at(AT_FDCWD, o->updateinfo, UPDATEINFO_MAX_BYTES, error);
		if (updateinfo == NULL)
			return false;
		options.updateinfo = updateinfo;
	}
	if (!strake_repo_publish(store, keys, (const StrakePublishItem *)items->data, items->len,
		    args[0], &options, &result, error))
		return false;
	strake_say("published %u packages (%.1f MB, %u signed now) in %s", result.packages,
		(double)result.bytes / 1e6, result.signed_now, result.path);
	strake_publish_result_clear(&result);
	return true;
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
	.args = "DIR [PACKAGE|FOLDER]...",
	.summary = "sign packages and make a repository of them",
	.details = "Writes DIR/ARCH with the packages, zstd-compressed rpm-md metadata, and a "
		   "signed repomd.xml, and switches it into place in one step. The signing key "
		   "is made on first use. The repository holds exactly the packages named.",
	.min_args = 2,
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
