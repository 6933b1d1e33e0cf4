// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libarchive's decompressors behind its raw format.
#include "format/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/error.h"

struct StrakeUnpack {
	char *label;
	struct archive *raw;
	uint64_t max_bytes;
	uint64_t unpacked;
	bool ended;
};

static const struct {
	const char *ending, *compression;
	int (*support)(struct archive *);
} kinds[] = {
	{".xz",  "xz",  archive_read_support_filter_xz   },
	{".zst", "zst", archive_read_support_filter_zstd },
	{".gz",  "gz",  archive_read_support_filter_gzip },
	{".bz2", "bz2", archive_read_support_filter_bzip2},
};

const char *strake_unpack_compression(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_str_has_suffix(name, kinds[i].ending))
			return kinds[i].compression;
	return "none";
}

void strake_unpack_free(StrakeUnpack *unpack)
{
	if (unpack == NULL)
		return;
	if (unpack->raw != NULL)
		archive_read_free(unpack->raw);
	g_free(unpack->label);
	g_free(unpack);
}

static bool fail(const StrakeUnpack *unpack, GError **error)
{
	const char *why = archive_error_string(unpack->raw);
	bool truncated = why != NULL && strstr(why, "runcated") != NULL;

	return strake_error_set(error, truncated ? STRAKE_ERROR_TRUNCATED : STRAKE_ERROR_INVALID,
		"%s: %s", unpack->label, why != NULL ? why : "the compressed data is damaged");
}

StrakeUnpack *strake_unpack_new(const void *data, size_t size, const char *compression,
	const char *label, uint64_t max_bytes, GError **error)
{
	g_autoptr(StrakeUnpack) unpack = g_new0(StrakeUnpack, 1);
	struct archive_entry *entry;
	int rc;

	unpack->label = g_strdup(label);
	unpack->max_bytes = max_bytes;
	if (size == 0) {
		strake_error_set(error, STRAKE_ERROR_TRUNCATED, "%s: it is empty", label);
		return NULL;
	}
	unpack->raw = archive_read_new();
	archive_read_support_format_raw(unpack->raw);
	archive_read_support_format_empty(unpack->raw);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].compression, compression) == 0)
			kinds[i].support(unpack->raw);
	rc = archive_read_open_memory(unpack->raw, data, size);
	if (rc == ARCHIVE_OK)
		rc = archive_read_next_header(unpack->raw, &entry);
	if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF) {
		fail(unpack, error);
		return NULL;
	}
	unpack->ended = rc == ARCHIVE_EOF;
	// A filter that does not find its magic steps aside, and the bytes would pass as they are.
	if (strcmp(compression, "none") != 0 && archive_filter_count(unpack->raw) < 2) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: it is not %s data, whatever its name says", label, compression);
		return NULL;
	}
	return g_steal_pointer(&unpack);
}

bool strake_unpack_next(StrakeUnpack *unpack, const void **out, size_t *out_size, GError **error)
{
	la_int64_t offset;
	size_t size = 0;
	int rc = ARCHIVE_EOF;

	while (!unpack->ended && size == 0) {
		rc = archive_read_data_block(unpack->raw, out, &size, &offset);
		if (rc == ARCHIVE_EOF) {
			unpack->ended = true;
			size = 0;
			break;
		}
		if (rc != ARCHIVE_OK)
			return fail(unpack, error);
	}
	if (size > unpack->max_bytes - unpack->unpacked)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: unpacks to more than the %" G_GUINT64_FORMAT
			" bytes that are accepted",
			unpack->label, unpack->max_bytes);
	unpack->unpacked += size;
	*out_size = size;
	return true;
}
