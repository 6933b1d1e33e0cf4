// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Stanzas of Sources files.
#include "format/deb_source.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/path.h"

enum { FILES_MAX = 1000 };

static void file_free(gpointer data)
{
	StrakeDebSourceFile *file = data;

	g_free(file->name);
	g_free(file->sha256);
	g_free(file);
}

void strake_deb_source_free(StrakeDebSource *source)
{
	if (source == NULL)
		return;
	g_free(source->name);
	g_free(source->version);
	g_free(source->directory);
	g_clear_pointer(&source->files, g_ptr_array_unref);
	g_free(source);
}

static bool take_line(GPtrArray *files, char **words, StrakeOrigin at, GError **error)
{
	guint64 size = 0;
	StrakeDebSourceFile *file;

	if (g_strv_length(words) != 3 || !strake_digest_is_hex(STRAKE_DIGEST_SHA256, words[0]) ||
		!g_ascii_string_to_unsigned(words[1], 10, 1, G_MAXINT64, &size, NULL) ||
		strchr(words[2], '/') != NULL || !strake_path_is_clean(words[2]))
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"Checksums-Sha256: a line is not a SHA-256, a size and a plain file name");
	if (files->len == FILES_MAX)
		return strake_error_at(error, STRAKE_ERROR_INVALID, at,
			"Checksums-Sha256: more than %d files", FILES_MAX);
	file = g_new0(StrakeDebSourceFile, 1);
	file->name = g_strdup(words[2]);
	file->sha256 = g_strdup(words[0]);
	file->size = size;
	g_ptr_array_add(files, file);
	return true;
}

static bool take_files(GPtrArray *files, const StrakeDebStanza *stanza, GError **error)
{
	StrakeOrigin at = strake_deb_stanza_origin(stanza, "Checksums-Sha256");
	g_autofree char *text = strake_deb_stanza_need(stanza, "Checksums-Sha256", error);
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;

	for (char **line = lines; lines != NULL && *line != NULL; line++) {
		g_auto(GStrv) words = g_strsplit_set(g_strstrip(*line), " \t", -1);
		guint used = 0;

		for (guint i = 0; words[i] != NULL; i++) {
			if (*words[i] == '\0')
				g_free(words[i]); // two blanks in a row
			else
				words[used++] = words[i];
		}
		words[used] = NULL;
		if (used > 0 && !take_line(files, words, at, error))
			return false;
	}
	return text != NULL;
}

static bool take_stanza(StrakeDebSource *source, const StrakeDebStanza *stanza, GError **error)
{
	const StrakeDebField *extra = strake_deb_stanza_find(stanza, "Extra-Source-Only");
	StrakeOrigin at = strake_deb_stanza_origin(stanza, "Version");

	source->name = strake_deb_stanza_need(stanza, "Package", error);
	source->version =
		source->name != NULL ? strake_deb_stanza_need(stanza, "Version", error) : NULL;
	source->directory =
		source->version != NULL ? strake_deb_stanza_need(stanza, "Directory", error) : NULL;
	if (source->directory == NULL)
		return false;
	if (!strake_deb_version_check(source->version, error)) {
		g_prefix_error(error, "%s:%u: ", at.file, at.line);
		return false;
	}
	if (!strake_path_is_clean(source->directory))
		return strake_error_at(error, STRAKE_ERROR_INVALID,
			strake_deb_stanza_origin(stanza, "Directory"),
			"'%s' is not a path below the archive", source->directory);
	source->extra = extra != NULL && strake_deb_slice_equal(extra->value, "yes");
	return take_files(source->files, stanza, error);
}

StrakeDebSource *strake_deb_source_at(const StrakeDebIndex *index, StrakeDebId id, GError **error)
{
	g_autoptr(StrakeDebControl) control = strake_deb_index_reader(index, id);
	g_autoptr(StrakeDebSource) source = g_new0(StrakeDebSource, 1);
	const StrakeDebStanza *stanza = NULL;

	source->files = g_ptr_array_new_with_free_func(file_free);
	if (!strake_deb_control_next(control, &stanza, error) ||
		!take_stanza(source, stanza, error))
		return NULL;
	return g_steal_pointer(&source);
}

static bool is_better(const StrakeDebSource *a, const StrakeDebSource *b)
{
	if (b == NULL || a->extra != b->extra)
		return b == NULL || !a->extra;
	return strake_deb_version_compare(a->version, b->version) > 0;
}

bool strake_deb_source_newest(
	const StrakeDebIndex *index, const char *name, StrakeDebSource **out, GError **error)
{
	g_autoptr(StrakeDebSource) best = NULL;

	for (StrakeDebId id = strake_deb_index_find(index, name); id != STRAKE_DEB_ID_NONE;
		id = strake_deb_index_next(index, id)) {
		g_autoptr(StrakeDebSource) source = strake_deb_source_at(index, id, error);

		if (source == NULL)
			return false;
		if (is_better(source, best)) {
			strake_deb_source_free(best);
			best = g_steal_pointer(&source);
		}
	}
	*out = g_steal_pointer(&best);
	return true;
}

// -- the tarball

// "NAME_VERSION.orig.tar." or "NAME_VERSION.tar.", followed by one word: no signature file.
static bool is_tarball(const char *name, const char *start)
{
	const char *rest = g_str_has_prefix(name, start) ? name + strlen(start) : "";

	return *rest != '\0' && strchr(rest, '.') == NULL;
}

// Without its epoch, which file names never have; natively with the revision, if there is one.
static char *tarball_start(const StrakeDebSource *source, bool native)
{
	g_autoptr(StrakeDebVersion) parts = strake_deb_version_parse(source->version, NULL);

	if (parts == NULL)
		return g_strdup("");
	if (!native)
		return g_strdup_printf("%s_%s.orig.tar.", source->name, parts->upstream);
	return g_strdup_printf("%s_%s%s%s.tar.", source->name, parts->upstream,
		parts->revision != NULL ? "-" : "", parts->revision != NULL ? parts->revision : "");
}

static const StrakeDebSourceFile *no_tarball(
	const StrakeDebSource *source, const char *what, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < source->files->len; i++)
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
			((const StrakeDebSourceFile *)source->files->pdata[i])->name);
	strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"source package '%s' %s has no file '%s'; it has %s", source->name, source->version,
		what, names->str);
	return NULL;
}

static const StrakeDebSourceFile *pick_glob(
	const StrakeDebSource *source, const char *pattern, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);
	const StrakeDebSourceFile *found = NULL;

	if (glob == NULL)
		return NULL;
	for (guint i = 0; i < source->files->len; i++) {
		const StrakeDebSourceFile *file = source->files->pdata[i];

		if (!strake_glob_match(glob, file->name))
			continue;
		if (found != NULL) {
			strake_error_set(error, STRAKE_ERROR_INVALID,
				"source package '%s' %s: '%s' matches both %s and %s", source->name,
				source->version, pattern, found->name, file->name);
			return NULL;
		}
		found = file;
	}
	return found != NULL ? found : no_tarball(source, pattern, error);
}

const StrakeDebSourceFile *strake_deb_source_pick(
	const StrakeDebSource *source, const char *glob, GError **error)
{
	g_autofree char *orig = tarball_start(source, false);
	g_autofree char *native = tarball_start(source, true);
	g_autofree char *wanted = g_strconcat(orig, "*", NULL);

	if (glob != NULL)
		return pick_glob(source, glob, error);
	for (guint i = 0; i < source->files->len; i++) {
		const StrakeDebSourceFile *file = source->files->pdata[i];

		if (is_tarball(file->name, orig) || is_tarball(file->name, native))
			return file;
	}
	return no_tarball(source, wanted, error);
}
