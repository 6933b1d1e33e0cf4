// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A root directory as one deterministic, compressed tar layer.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	char sha256[65];  // of the compressed file
	char diff_id[65]; // SHA-256 of the tar inside
	uint64_t size_bytes;
} StrakeLayer;

/**
 * strake_layer_write: writes the tree below @root_fd as tar.gz into @out_fd (at its offset).
 * Entries are sorted by path bytes; owners are numeric; times later than @newest_s are set to it;
 * hard links, devices, capabilities and user.* attributes are kept, SELinux labels are not (a
 * container gets its label from the engine). Symbolic links are never followed.
 */
bool strake_layer_write(int root_fd, int out_fd, int64_t newest_s, StrakeLayer *out_layer,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
