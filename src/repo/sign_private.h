// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Signed copies of packages in the store. For publish.c.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "repo/keys.h"
#include "store/store.h"

/**
 * strake_sign_package: the object @sha256 with the project's signature in its signature header,
 * made once a package and key. Its digests are checked before it is signed. Thread-safe.
 * @out_made: true when it was signed now
 * Errors: INVALID, TRUNCATED, INTEGRITY, NO_SPACE.
 */
bool strake_sign_package(StrakeStore *store, const StrakeKeys *keys, const char *sha256,
	const char *name, char **out_signed_sha256, bool *out_made,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
