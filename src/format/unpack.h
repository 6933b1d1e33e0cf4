// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Compressed bytes in memory as a stream of unpacked blocks, with a limit on what comes out. The
// stream is read to its end, so that its checksum counts.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeUnpack StrakeUnpack;

/** strake_unpack_compression: the compression that the ending of @name stands for: "xz", "zst",
 * "gz", "bz2", or "none" for any other. Static. */
const char *strake_unpack_compression(const char *name);

/**
 * strake_unpack_new: @data is borrowed; @compression as above; @label is copied, for messages;
 * @max_bytes: of output. Errors: INVALID (other data than @compression), TRUNCATED (empty).
 */
StrakeUnpack *strake_unpack_new(const void *data, size_t size, const char *compression,
	const char *label, uint64_t max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_unpack_free(StrakeUnpack *unpack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeUnpack, strake_unpack_free)

/** strake_unpack_next: the next block, borrowed until the next call; size 0 at the end.
 * Errors: LIMIT, INVALID, TRUNCATED. */
bool strake_unpack_next(StrakeUnpack *unpack, const void **out, size_t *out_size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
