// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// tar over a decompressor, both libarchive's, from memory.
#include "format/deb_tar.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"

enum {
	PATH_MAX_BYTES = 4095,
	TRAILING_MAX_BYTES = 1 << 20, // tar pads to 10 KiB; nothing sane pads to more than this
};

struct StrakeDebTar {
	char *label;
	struct archive *raw; // decompressor
	struct archive *tar; // reads from raw
	uint64_t max_bytes;
	uint64_t unpacked;
	bool over_limit;
	bool raw_failed; // the error is raw's, whatever tar makes of it
	bool raw_ended;
	char *path;    // of the current entry
	uint64_t size; // of the current entry
	uint64_t read; // of its content
};

static const struct {
	const char *ending, *compression;
	int (*support)(struct archive *);
} compressions[] = {
	{"",     "none", archive_read_support_filter_none },
	{".xz",  "xz",   archive_read_support_filter_xz   },
	{".zst", "zst",  archive_read_support_filter_zstd },
	{".gz",  "gz",   archive_read_support_filter_gzip },
	{".bz2", "bz2",  archive_read_support_filter_bzip2},
};

const char *strake_deb_tar_compression(const char *member, const char *stem)
{
	if (!g_str_has_prefix(member, stem))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(compressions); i++)
		if (strcmp(member + strlen(stem), compressions[i].ending) == 0)
			return compressions[i].compression;
	return NULL;
}

void strake_deb_tar_free(StrakeDebTar *tar)
{
	if (tar == NULL)
		return;
	if (tar->tar != NULL)
		archive_read_free(tar->tar);
	if (tar->raw != NULL)
		archive_read_free(tar->raw);
	g_free(tar->path);
	g_free(tar->label);
	g_free(tar);
}

const char *strake_deb_tar_label(const StrakeDebTar *tar)
{
	return tar->label;
}

static bool fail(const StrakeDebTar *tar, struct archive *from, GError **error)
{
	const char *why = archive_error_string(from);
	bool truncated;

	if (tar->over_limit)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: unpacks to more than the %" G_GUINT64_FORMAT
			" bytes that are accepted",
			tar->label, tar->max_bytes);
	if (tar->raw_failed) {
		why = archive_error_string(tar->raw);
		why = why != NULL ? why : "the compressed data is damaged";
	}
	why = why != NULL ? why : "damaged archive";
	truncated = strstr(why, "runcated") != NULL;
	return strake_error_set(error, truncated ? STRAKE_ERROR_TRUNCATED : STRAKE_ERROR_INVALID,
		"%s: %s", tar->label, why);
}

// libarchive's read callback: the next unpacked block, borrowed from the decompressor.
static la_ssize_t feed(struct archive *archive, void *data, const void **out)
{
	StrakeDebTar *tar = data;
	la_int64_t offset;
	size_t size = 0;
	int rc;

	if (tar->raw_ended)
		return 0;
	do
		rc = archive_read_data_block(tar->raw, out, &size, &offset);
	while (rc == ARCHIVE_OK && size == 0);
	if (rc == ARCHIVE_EOF) {
		tar->raw_ended = true;
		return 0;
	}
	tar->unpacked += size;
	tar->raw_failed = rc != ARCHIVE_OK;
	tar->over_limit = tar->unpacked > tar->max_bytes;
	if (tar->raw_failed || tar->over_limit) {
		archive_set_error(archive, EIO, "unpacking failed");
		return -1;
	}
	return (la_ssize_t)size;
}

static bool open_raw(StrakeDebTar *tar, const uint8_t *data, size_t size, const char *compression,
	GError **error)
{
	struct archive_entry *entry;
	int rc;

	tar->raw = archive_read_new();
	archive_read_support_format_raw(tar->raw);
	archive_read_support_format_empty(tar->raw);
	for (size_t i = 0; i < G_N_ELEMENTS(compressions); i++)
		if (strcmp(compressions[i].compression, compression) == 0)
			compressions[i].support(tar->raw);
	if (archive_read_open_memory(tar->raw, data, size) != ARCHIVE_OK)
		return fail(tar, tar->raw, error);
	rc = archive_read_next_header(tar->raw, &entry);
	if (rc == ARCHIVE_EOF)
		return strake_error_set(
			error, STRAKE_ERROR_TRUNCATED, "%s: it is empty", tar->label);
	if (rc != ARCHIVE_OK)
		return fail(tar, tar->raw, error);
	// A filter that does not recognise its magic steps aside, and the bytes pass as they are.
	if (strcmp(compression, "none") != 0 && archive_filter_count(tar->raw) < 2)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: it is not %s data, whatever its name says", tar->label, compression);
	return true;
}

StrakeDebTar *strake_deb_tar_open(const uint8_t *data, size_t size, const char *compression,
	const char *label, uint64_t max_bytes, GError **error)
{
	g_autoptr(StrakeDebTar) tar = g_new0(StrakeDebTar, 1);

	tar->label = g_strdup(label);
	tar->max_bytes = max_bytes;
	if (!open_raw(tar, data, size, compression, error))
		return NULL;
	tar->tar = archive_read_new();
	archive_read_support_format_tar(tar->tar);
	if (archive_read_open(tar->tar, tar, NULL, feed, NULL) != ARCHIVE_OK) {
		fail(tar, tar->tar, error);
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
	uint64_t before = tar->unpacked;
	la_ssize_t got;

	while ((got = feed(tar->tar, tar, &ignored)) > 0)
		if (tar->unpacked - before > TRAILING_MAX_BYTES)
			return strake_error_set(error, STRAKE_ERROR_LIMIT,
				"%s: more than 1 MiB follows the end of the tar archive",
				tar->label);
	return got == 0 || fail(tar, tar->tar, error);
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
		return fail(tar, tar->tar, error);
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
		return fail(tar, tar->tar, error);
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
