// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The compressed tar members of a .deb: libarchive's tar reader over libarchive's decompressor,
// kept apart so that unpacked bytes are counted and the compressed stream is checked to its end.
// For deb_file.c and deb_data.c only.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeDebTar StrakeDebTar;

/** strake_deb_tar_compression: of an ar member "data.tar.xz": "xz"; "none" for "data.tar"; NULL
 * when @member does not begin with @stem or has an ending that is not known. */
const char *strake_deb_tar_compression(const char *member, const char *stem);

/** strake_deb_tar_open: @data is borrowed; @label ("a.deb: data.tar.xz") is copied, for messages;
 * @max_bytes: unpacked, everything counted. */
StrakeDebTar *strake_deb_tar_open(const uint8_t *data, size_t size, const char *compression,
	const char *label, uint64_t max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_tar_free(StrakeDebTar *tar);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebTar, strake_deb_tar_free)

const char *strake_deb_tar_label(const StrakeDebTar *tar);

/**
 * strake_deb_tar_next: the next header; *@out NULL at the end, once the rest of the compressed
 * stream was read and found whole. *@out_path: clean path, "" for the root, borrowed until the
 * next call. Errors: INVALID (paths, damage), TRUNCATED, LIMIT.
 */
bool strake_deb_tar_next(StrakeDebTar *tar, struct archive_entry **out, const char **out_path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_tar_read: part of the current content, borrowed until the next call; size 0 at its
 * end. */
bool strake_deb_tar_read(StrakeDebTar *tar, const void **out, size_t *out_size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_tar_clean_path: without leading "./" and trailing "/"; NULL and INVALID when it is
 * absolute, has "..", control characters or is too long. Free with g_free. @what: "path". */
char *strake_deb_tar_clean_path(const StrakeDebTar *tar, const char *what, const char *raw,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
