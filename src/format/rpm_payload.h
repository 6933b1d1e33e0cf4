// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The payload of an RPM package, written as a stream: cpio (newc) inside zstd, with the digests
// that the header needs. Bytes go to a callback; nothing is kept in memory.
//
//     entry  = "070701" field[13] name NUL pad4 content pad4      fields: 8 hex digits each
//     big    = "07070X" index:8hex pad4 content pad4               packages with a file >= 4 GiB
//     end    = entry named "TRAILER!!!"
//
// Format: docs/formats/rpm-package.md section 6.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeRpmPayload StrakeRpmPayload;

/** Takes the next @size compressed bytes. */
typedef bool (*StrakeRpmSink)(const void *data, size_t size, void *user, GError **error);

typedef struct {
	const char *path; // absolute; written as "./path"
	uint32_t mode;    // with the type
	uint32_t inode;
	uint32_t nlink;
	uint32_t mtime;
	uint64_t size;  // bytes that will follow; 0 for a hard link whose content comes later
	uint32_t index; // place in the header's sorted file list; used with @big only
} StrakeRpmPayloadEntry;

typedef struct {
	char sha256[65];     // of the compressed payload
	char sha256_alt[65]; // of the cpio archive
	uint64_t size;       // compressed
	uint64_t archive_size;
} StrakeRpmPayloadInfo;

/** strake_rpm_payload_new: @level: of zstd, 1..19; @big: use the form without names. */
StrakeRpmPayload *strake_rpm_payload_new(int level, bool big, StrakeRpmSink sink, void *user,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_rpm_payload_free(StrakeRpmPayload *payload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmPayload, strake_rpm_payload_free)

/** strake_rpm_payload_begin: starts an entry; the one before must have all its bytes. */
bool strake_rpm_payload_begin(StrakeRpmPayload *payload, const StrakeRpmPayloadEntry *entry,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_rpm_payload_data(StrakeRpmPayload *payload, const void *data, size_t size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_rpm_payload_finish: the trailer, the end of the compressed stream, the digests. */
bool strake_rpm_payload_finish(StrakeRpmPayload *payload, StrakeRpmPayloadInfo *out_info,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
