// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// tar over a decompressor, both libarchive's, from memory.
#include "format/deb_tar.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "format/unpack.h"

enum {
	PATH_MAX_BYTES = 4095,
	TRAILING_MAX_BYTES = 1 << 20, // tar pads to 10 KiB; nothing sane pads to more than this
};

struct StrakeDebTar {
	char *label;
	StrakeUnpack *unpack;
	struct archive *tar;  // reads from unpack
	GError *unpack_error; // what stopped the feeding
	char *path;           // of the current entry
	uint64_t size;        // of the current entry
	uint64_t read;        // of its content
};

const char *strake_deb_tar_compression(const char *member, const char *stem)
{
	static const char *const endings[] = {"", ".xz", ".zst", ".gz", ".bz2"};

	if (!g_str_has_prefix(member, stem))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(member + strlen(stem), endings[i]) == 0)
			return strake_unpack_compression(member);
	return NULL;
}

void strake_deb_tar_free(StrakeDebTar *tar)
{
	if (tar == NULL)
		return;
	if (tar->tar != NULL)
		archive_read_free(tar->tar);
	strake_unpack_free(tar->unpack);
	g_clear_error(&tar->unpack_error);
	g_free(tar->path);
	g_free(tar->label);
	g_free(tar);
}

const char *strake_deb_tar_label(const StrakeDebTar *tar)
{
	return tar->label;
}

static bool fail(StrakeDebTar *tar, GError **error)
{
	const char *why = archive_error_string(tar->tar);
	bool truncated = why != NULL && strstr(why, "runcated") != NULL;

	if (tar->unpack_error != NULL) {
		g_propagate_error(error, g_steal_pointer(&tar->unpack_error));
		return false;
	}
	return strake_error_set(error, truncated ? STRAKE_ERROR_TRUNCATED : STRAKE_ERROR_INVALID,
		"%s: %s", tar->label, why != NULL ? why : "damaged archive");
}

// libarchive's read callback: the next unpacked block, borrowed from the decompressor.
static la_ssize_t feed(struct archive *archive, void *data, const void **out)
{
	StrakeDebTar *tar = data;
	size_t size = 0;

	g_clear_error(&tar->unpack_error);
	if (strake_unpack_next(tar->unpack, out, &size, &tar->unpack_error))
		return (la_ssize_t)size;
	archive_set_error(archive, EIO, "unpacking failed");
	return -1;
}

StrakeDebTar *strake_deb_tar_open(const uint8_t *data, size_t size, const char *compression,
	const char *label, uint64_t max_bytes, GError **error)
{
	g_autoptr(StrakeDebTar) tar = g_new0(StrakeDebTar, 1);

	tar->label = g_strdup(label);
	tar->unpack = strake_unpack_new(data, size, compression, label, max_bytes, error);
	if (tar->unpack == NULL)
		return NULL;
	tar->tar = archive_read_new();
	archive_read_support_format_tar(tar->tar);
	if (archive_read_open(tar->tar, tar, NULL, feed, NULL) != ARCHIVE_OK) {
		fail(tar, error);
		return NULL;
	}
	return g_steal_pointer(&tar);
}

static bool has_control_character(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

char *strake_deb_tar_clean_path(
	const StrakeDebTar *tar, const char *what, const char *raw, GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *shown = g_strescape(raw, NULL);
	const char *why = NULL;
	size_t size;

	if (strlen(shown) > 200)
		strcpy(shown + 200, "...");
	if (*raw == '/')
		why = "is absolute";
	while (raw[0] == '.' && raw[1] == '/') {
		raw += 2;
		while (*raw == '/')
			raw++;
	}
	if (strcmp(raw, ".") == 0)
		raw++;
	path = g_strdup(raw);
	size = strlen(path);
	while (size > 0 && path[size - 1] == '/')
		path[--size] = '\0';
	if (why == NULL && has_control_character(path))
		why = "has a control character";
	else if (why == NULL && size > PATH_MAX_BYTES)
		why = "is longer than 4095 bytes";
	else if (why == NULL && size > 0 && !strake_path_is_clean(path))
		why = "has an empty, '.' or '..' part";
	if (why == NULL)
		return g_steal_pointer(&path);
	strake_error_set(
		error, STRAKE_ERROR_INVALID, "%s: %s '%s' %s", tar->label, what, shown, why);
	return NULL;
}

// Reads what follows the tar's end, so that the checksum of the compressed stream is looked at.
static bool drain(StrakeDebTar *tar, GError **error)
{
	const void *ignored;
	uint64_t trailing = 0;
	size_t size;

	do {
		if (!strake_unpack_next(tar->unpack, &ignored, &size, error))
			return false;
		trailing += size;
		if (trailing > TRAILING_MAX_BYTES)
			return strake_error_set(error, STRAKE_ERROR_LIMIT,
				"%s: more than 1 MiB follows the end of the tar archive",
				tar->label);
	} while (size > 0);
	return true;
}

bool strake_deb_tar_next(
	StrakeDebTar *tar, struct archive_entry **out, const char **out_path, GError **error)
{
	struct archive_entry *entry;
	const char *raw;
	int rc = archive_read_next_header(tar->tar, &entry);

	if (rc == ARCHIVE_EOF) {
		if (!drain(tar, error))
			return false;
		*out = NULL;
		return true;
	}
	// A warning about a name that the locale cannot show is not about the archive.
	if (rc != ARCHIVE_OK && (rc != ARCHIVE_WARN || archive_error_string(tar->tar) == NULL ||
					strstr(archive_error_string(tar->tar), "onvert") == NULL))
		return fail(tar, error);
	raw = archive_entry_pathname(entry);
	if (raw == NULL)
		raw = archive_entry_pathname_utf8(entry);
	if (raw == NULL)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: a member has no readable name", tar->label);
	g_free(tar->path);
	tar->path = strake_deb_tar_clean_path(tar, "path", raw, error);
	if (tar->path == NULL)
		return false;
	if (archive_entry_sparse_count(entry) > 0)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: '%s' is stored as a sparse file, which packages may not have",
			tar->label, tar->path);
	tar->size = (uint64_t)MAX(archive_entry_size(entry), 0);
	tar->read = 0;
	*out = entry;
	*out_path = tar->path;
	return true;
}

bool strake_deb_tar_read(StrakeDebTar *tar, const void **out, size_t *out_size, GError **error)
{
	la_int64_t offset = 0;
	size_t size = 0;
	int rc;

	do
		rc = archive_read_data_block(tar->tar, out, &size, &offset);
	while (rc == ARCHIVE_OK && size == 0);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF)
		return fail(tar, error);
	if (rc == ARCHIVE_EOF)
		size = 0;
	else if ((uint64_t)offset != tar->read || size > tar->size - tar->read)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: the content of '%s' is not in one piece", tar->label, tar->path);
	tar->read += size;
	if (rc == ARCHIVE_EOF && tar->read != tar->size)
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"%s: '%s' ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes",
			tar->label, tar->path, tar->read, tar->size);
	*out_size = size;
	return true;
}
