// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Packed metadata against the digest of what it unpacks to.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/digest.h"
#include "format/unpack.h"

/**
 * strake_unpacked_digest: reads @unpack to its end.
 * @fd: takes what comes out; -1: nobody wants it
 * @label: for messages; @out: STRAKE_DIGEST_HEX_MAX bytes, the SHA-256 of all of it
 */
bool strake_unpacked_digest(StrakeUnpack *unpack, int fd, const char *label, char *out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
