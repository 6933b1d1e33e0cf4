// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Files by glob, written with libarchive into memory.
#include "render/tree_origin.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"

enum { ARCHIVE_MAX_BYTES = 256 << 20 };

// 2026-01-01: the version tells archives apart, not the time.
#define FILE_TIME 1767225600

typedef struct {
	const StrakeSourceFile *file;
	char *top; // name of the directory in the archive
	struct archive *tar;
	GByteArray *out;
} Writer;

static void writer_clear(Writer *w)
{
	g_free(w->top);
	archive_write_free(w->tar);
	g_clear_pointer(&w->out, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Writer, writer_clear)

static la_ssize_t on_bytes(struct archive *tar, void *data, const void *bytes, size_t size)
{
	Writer *w = data;

	if (w->out->len + size > ARCHIVE_MAX_BYTES) {
		archive_set_error(tar, EFBIG, "larger than %d MiB", ARCHIVE_MAX_BYTES >> 20);
		return -1;
	}
	g_byte_array_append(w->out, bytes, (guint)size);
	return (la_ssize_t)size;
}

static bool failed(const Writer *w, GError **error)
{
	return strake_error_at(error, STRAKE_ERROR_LIMIT, w->file->at, "source file '%s': %s",
		w->file->filename, archive_error_string(w->tar));
}

static bool writer_open(Writer *w, const StrakeSourceFile *file, GError **error)
{
	w->file = file;
	w->top = g_strndup(file->filename, strcspn(file->filename, "."));
	w->out = g_byte_array_new();
	w->tar = archive_write_new();
	archive_write_set_format_ustar(w->tar);
	archive_write_add_filter_none(w->tar);
	archive_write_set_bytes_in_last_block(w->tar, 1);
	return archive_write_open(w->tar, w, NULL, on_bytes, NULL) == ARCHIVE_OK ||
	       failed(w, error);
}

static bool add_file(Writer *w, const char *path, GError **error)
{
	const char *relative = path + strlen(w->file->origin.path) + 1;
	g_autoptr(GBytes) content = strake_file_read_at(AT_FDCWD, path, ARCHIVE_MAX_BYTES, error);
	g_autofree char *name = g_build_filename(w->top, relative, NULL);
	struct archive_entry *entry;
	struct stat st;
	bool ok;

	if (content == NULL)
		return false;
	if (stat(path, &st) < 0)
		return strake_error_errno(error, errno, "look at", path);
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, (st.st_mode & 0100) != 0 ? 0755 : 0644);
	archive_entry_set_mtime(entry, FILE_TIME, 0);
	archive_entry_set_size(entry, (la_int64_t)g_bytes_get_size(content));
	ok = archive_write_header(w->tar, entry) == ARCHIVE_OK &&
	     archive_write_data(w->tar, g_bytes_get_data(content, NULL),
		     g_bytes_get_size(content)) == (la_ssize_t)g_bytes_get_size(content);
	archive_entry_free(entry);
	return ok || failed(w, error);
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// Each path once, in order. What an editor or an interpreter leaves behind is no source.
static GPtrArray *list_files(const StrakeSourceFile *file, GError **error)
{
	g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (char **glob = file->origin.files; *glob != NULL; glob++) {
		g_auto(GStrv) paths = strake_glob_files(file->origin.path, *glob, error);

		if (paths == NULL)
			return NULL;
		if (paths[0] == NULL) {
			strake_error_at(error, STRAKE_ERROR_NOT_FOUND, file->at,
				"source file '%s': '%s' matches no file below '%s'", file->filename,
				*glob, file->origin.path);
			return NULL;
		}
		for (char **path = paths; *path != NULL; path++) {
			char *copy;

			if (g_str_has_suffix(*path, "~") || g_str_has_suffix(*path, ".pyc") ||
				g_hash_table_contains(seen, *path))
				continue;
			copy = g_strdup(*path);
			g_hash_table_add(seen, copy);
			g_ptr_array_add(out, copy);
		}
	}
	g_ptr_array_sort(out, compare_paths);
	return g_steal_pointer(&out);
}

GBytes *strake_tree_origin_archive(const StrakeSourceFile *file, GError **error)
{
	g_autoptr(GPtrArray) paths = list_files(file, error);
	g_auto(Writer) w = {.tar = NULL};

	if (paths == NULL || !writer_open(&w, file, error))
		return NULL;
	for (guint i = 0; i < paths->len; i++)
		if (!add_file(&w, paths->pdata[i], error))
			return NULL;
	if (archive_write_close(w.tar) != ARCHIVE_OK) {
		(void)!failed(&w, error);
		return NULL;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&w.out));
}
