// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Streaming digests (OpenSSL) as lower-case hexadecimal.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	STRAKE_DIGEST_SHA256,
	STRAKE_DIGEST_SHA512,
	STRAKE_DIGEST_SHA1,
	STRAKE_DIGEST_MD5
} StrakeDigestKind;

typedef struct StrakeDigest StrakeDigest;

enum { STRAKE_DIGEST_HEX_MAX = 128 + 1 };

StrakeDigest *strake_digest_new(StrakeDigestKind kind);
/** strake_digest_copy: a digest that goes on from what @digest has taken so far. */
StrakeDigest *strake_digest_copy(const StrakeDigest *digest);
void strake_digest_update(StrakeDigest *digest, const void *data, size_t size);
/** strake_digest_hex: ends the digest; @out has STRAKE_DIGEST_HEX_MAX bytes. Then reset for reuse.
 */
void strake_digest_hex(StrakeDigest *digest, char *out);
void strake_digest_free(StrakeDigest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDigest, strake_digest_free)

/** strake_digest_bytes: the hex digest of @size bytes; free with g_free. */
char *strake_digest_data(StrakeDigestKind kind, const void *data, size_t size);
char *strake_digest_bytes(StrakeDigestKind kind, GBytes *bytes);
/** strake_digest_fd: digest of what @fd yields from its offset to the end. NULL on error. */
char *strake_digest_fd(StrakeDigestKind kind, int fd, const char *name, GError **error);
/** strake_digest_name: "SHA512", as in dist-git's `sources`. */
const char *strake_digest_name(StrakeDigestKind kind);
/** strake_digest_kind: of such a name, in any case of letters. */
bool strake_digest_kind(const char *name, StrakeDigestKind *out);
/** strake_digest_is_hex: true for exactly the digits of a @kind digest, lower case. */
bool strake_digest_is_hex(StrakeDigestKind kind, const char *text);
