// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Digests of a build's inputs, and what the store remembers by them.
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "build/job_private.h"
#include "build/result.h"

#define FORMAT "1" // of macros and environment of builds; raise to build everything again
#define RESULT_KIND "build"

char *strake_build_key(const char *const *parts)
{
	g_autofree char *joined = g_strjoinv("\n", (char **)parts);
	g_autofree char *text = g_strconcat(FORMAT "\n", joined, NULL);

	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

char *strake_build_tree_digest(StrakeFileTree *tree)
{
	const GPtrArray *files = strake_file_tree_files(tree);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < files->len; i++) {
		const StrakeFileTreeEntry *file = files->pdata[i];
		g_autofree char *digest = strake_digest_bytes(STRAKE_DIGEST_SHA256, file->content);

		g_string_append_printf(
			text, "%s %o %s\n", digest, (unsigned)file->mode, file->path);
	}
	return strake_digest_data(STRAKE_DIGEST_SHA256, text->str, text->len);
}

char **strake_build_recall_lines(StrakeStore *store, const char *kind, const char *key)
{
	g_autoptr(GBytes) bytes = strake_store_get_key(store, kind, key, NULL);
	g_autofree char *text = NULL;
	char **lines;
	size_t size;
	const char *data;

	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	text = g_strndup(data, size);
	lines = g_strsplit(text, "\n", -1);
	// Each line ends with "\n", so that the last part is empty.
	g_free(lines[g_strv_length(lines) - 1]);
	lines[g_strv_length(lines) - 1] = NULL;
	return lines;
}

bool strake_build_keep_lines(
	StrakeStore *store, const char *kind, const char *key, char *const *lines, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (char *const *line = lines; *line != NULL; line++)
		g_string_append_printf(text, "%s\n", *line);
	return strake_store_put_key(store, kind, key, text->str, text->len, error);
}

void strake_built_package_clear(StrakeBuiltPackage *package)
{
	g_clear_pointer(&package->file_name, g_free);
	g_clear_pointer(&package->sha256, g_free);
}

void strake_built_package_free(StrakeBuiltPackage *package)
{
	if (package == NULL)
		return;
	strake_built_package_clear(package);
	g_free(package);
}

StrakeBuildResult *strake_build_result_new(const char *component, unsigned stage)
{
	StrakeBuildResult *result = g_new0(StrakeBuildResult, 1);

	result->component = g_strdup(component);
	result->stage = stage;
	result->packages =
		g_ptr_array_new_with_free_func((GDestroyNotify)strake_built_package_free);
	return result;
}

void strake_build_result_free(StrakeBuildResult *result)
{
	if (result == NULL)
		return;
	g_free(result->component);
	g_free(result->fingerprint);
	g_free(result->log);
	g_ptr_array_unref(result->packages);
	g_free(result);
}

// "SHA256 FILE" a line, that of the log last, named "log".
bool strake_build_keep(StrakeStore *store, const char *key, const StrakeBuildResult *result,
	const char *log, GError **error)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) bytes = strake_file_map_at(AT_FDCWD, log, error);
	g_autofree char *log_sha256 = NULL;

	if (bytes == NULL || !strake_store_add(store, g_bytes_get_data(bytes, NULL),
				     g_bytes_get_size(bytes), &log_sha256, error))
		return false;
	for (guint i = 0; i < result->packages->len; i++) {
		const StrakeBuiltPackage *package = result->packages->pdata[i];

		g_ptr_array_add(
			lines, g_strdup_printf("%s %s", package->sha256, package->file_name));
	}
	g_ptr_array_add(lines, g_strdup_printf("%s log", log_sha256));
	g_ptr_array_add(lines, NULL);
	return strake_build_keep_lines(store, RESULT_KIND, key, (char **)lines->pdata, error);
}

static bool restore_log(StrakeStore *store, const char *sha256, const char *path)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, sha256, NULL);
	size_t size;
	const void *data;

	if (bytes == NULL)
		return false;
	data = g_bytes_get_data(bytes, &size);
	return strake_file_write_at(AT_FDCWD, path, data, size, 0644, NULL);
}

// A damaged entry or a missing object only means to build again.
bool strake_build_recall(
	StrakeStore *store, const char *key, StrakeBuildResult *result, const char *log)
{
	g_auto(GStrv) lines = strake_build_recall_lines(store, RESULT_KIND, key);
	bool have_log = false;

	for (char **line = lines; line != NULL && *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", 2);
		StrakeBuiltPackage *package;

		if (words[0] == NULL || words[1] == NULL ||
			!strake_digest_is_hex(STRAKE_DIGEST_SHA256, words[0]) ||
			!strake_store_has(store, words[0])) {
			g_ptr_array_set_size(result->packages, 0);
			return false;
		}
		if (strcmp(words[1], "log") == 0) {
			have_log = restore_log(store, words[0], log);
			continue;
		}
		package = g_new0(StrakeBuiltPackage, 1);
		package->sha256 = g_strdup(words[0]);
		package->file_name = g_strdup(words[1]);
		package->source = g_str_has_suffix(words[1], ".src.rpm");
		g_ptr_array_add(result->packages, package);
	}
	if (!have_log)
		g_ptr_array_set_size(result->packages, 0);
	return have_log && result->packages->len > 0;
}
