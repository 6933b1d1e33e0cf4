// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays on loose source files.
#include "overlay/files_private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "format/regex.h"

enum { SOURCE_MAX = 1 << 30 };

static bool prepend(
	StrakeSources *sources, const StrakeOverlay *o, const char *path, GError **error)
{
	g_autoptr(GBytes) old = strake_sources_read(sources, path, error);
	g_autofree char *head = NULL;
	size_t size;
	const char *data;

	if (old == NULL)
		return false;
	data = g_bytes_get_data(old, &size);
	head = g_strjoinv("\n", o->lines);
	GString *text = g_string_new(head);
	g_string_append_c(text, '\n');
	if (size > 0)
		g_string_append_len(text, data, (gssize)size);
	g_autoptr(GBytes) content = g_string_free_to_bytes(text);
	strake_sources_write(sources, path, content);
	return true;
}

bool strake_overlay_replace_bytes(
	const StrakeOverlay *o, GBytes *in, GBytes **out, size_t *out_count, GError **error)
{
	size_t size;
	const char *data = g_bytes_get_data(in, &size);
	const char *replacement = o->replacement != NULL ? o->replacement : "";
	StrakeRegexFlags flags = size > 0 && !g_utf8_validate_len(data, size, NULL)
					 ? STRAKE_REGEX_BYTES
					 : STRAKE_REGEX_DEFAULT;
	g_autoptr(StrakeRegex) regex = strake_regex_new(o->regex, flags, error);
	GString *text;

	*out = NULL;
	*out_count = 0;
	if (regex == NULL || (o->expand && !strake_regex_check_expand(regex, replacement, error)))
		return false;
	text = strake_regex_replace(regex, data != NULL ? data : "", size, replacement, o->expand,
		SOURCE_MAX, out_count, error);
	if (text == NULL)
		return false;
	if (text->len == size && (size == 0 || memcmp(text->str, data, size) == 0)) {
		g_string_free(text, TRUE);
		*out_count = 0;
	} else {
		*out = g_string_free_to_bytes(text);
	}
	return true;
}

bool strake_overlay_check_count(const StrakeOverlay *o, size_t n, GError **error)
{
	if (n == 0)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"'%s' changes nothing in the files that match '%s'", o->regex, o->file);
	return o->count <= 0 || n == (size_t)o->count ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "'%s' matches %zu times, but count = %d", o->regex, n, o->count);
}

static bool replace(StrakeSources *sources, const StrakeOverlay *o, const char *path, size_t *total,
	GError **error)
{
	g_autoptr(GBytes) old = strake_sources_read(sources, path, error);
	g_autoptr(GBytes) new = NULL;
	size_t n;

	if (old == NULL || !strake_overlay_replace_bytes(o, old, &new, &n, error))
		return false;
	if (new != NULL)
		strake_sources_write(sources, path, new);
	*total += n;
	return true;
}

static bool add(StrakeSources *sources, const StrakeOverlay *o, const char *path, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	struct stat st;
	mode_t mode = 0644;

	if (o->type == STRAKE_OVERLAY_FILE_ADD && g_str_has_suffix(path, ".spec"))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s': specs are edited by spec-* overlays only", path);
	content = strake_file_read_at(AT_FDCWD, o->source, SOURCE_MAX, error);
	if (content == NULL)
		return false;
	if (stat(o->source, &st) == 0 && (st.st_mode & 0100) != 0)
		mode = 0755;
	return strake_sources_add(sources, path, content, mode, error);
}

static bool rename_one(
	StrakeSources *sources, const StrakeOverlay *o, const GPtrArray *paths, GError **error)
{
	g_autofree char *dir = NULL;
	g_autofree char *target = NULL;
	const char *path = paths->pdata[0];

	if (paths->len != 1)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' matches %u files, the first two are '%s' and '%s'; only one can take "
			"the name '%s'",
			o->file, paths->len, path, (const char *)paths->pdata[1], o->replacement);
	if (strchr(o->replacement, '/') != NULL || *o->replacement == '\0' ||
		strcmp(o->replacement, ".") == 0 || strcmp(o->replacement, "..") == 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is not the plain name of a file", o->replacement);
	dir = g_path_get_dirname(path);
	target = strcmp(dir, ".") == 0 ? g_strdup(o->replacement)
				       : g_build_filename(dir, o->replacement, NULL);
	return strake_sources_rename(sources, path, target, error);
}

static bool check_not_archive(GHashTable *archives, const char *path, GError **error)
{
	return !g_hash_table_contains(archives, path) ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "'%s' is also edited by overlays with archive = \"%s\"; one of both only",
		       path, path);
}

bool strake_overlay_apply_files(
	StrakeSources *sources, const StrakeOverlay *o, GHashTable *archives, GError **error)
{
	g_autoptr(GPtrArray) paths = NULL;
	size_t replaced = 0;

	if (o->type == STRAKE_OVERLAY_FILE_ADD || o->type == STRAKE_OVERLAY_PATCH_ADD) {
		g_autofree char *path = o->file != NULL && *o->file != '\0'
						? g_strdup(o->file)
						: g_path_get_basename(o->source);
		return check_not_archive(archives, path, error) && add(sources, o, path, error);
	}
	paths = strake_sources_glob(sources, o->file, error);
	if (paths == NULL)
		return false;
	for (guint i = 0; i < paths->len; i++)
		if (!check_not_archive(archives, paths->pdata[i], error))
			return false;
	if (o->type == STRAKE_OVERLAY_FILE_RENAME)
		return rename_one(sources, o, paths, error);
	for (guint i = 0; i < paths->len; i++) {
		const char *path = paths->pdata[i];
		if (o->type == STRAKE_OVERLAY_FILE_PREPEND_LINES) {
			if (!prepend(sources, o, path, error))
				return false;
		} else if (o->type == STRAKE_OVERLAY_FILE_SEARCH_REPLACE) {
			if (!replace(sources, o, path, &replaced, error))
				return false;
		} else {
			strake_sources_remove(sources, path);
		}
	}
	return o->type != STRAKE_OVERLAY_FILE_SEARCH_REPLACE ||
	       strake_overlay_check_count(o, replaced, error);
}
