// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes OpenPGP packets: a v4 RSA certificate, detached signatures, ASCII armor. The RSA and hash
// operations are OpenSSL's. Nothing is read here: what we write is checked by rpm, gpg and Sequoia.
// Format: RFC 4880 sections 4.2 (headers), 5.2.3 (signatures), 5.5.2 (keys), 6.2 (armor).
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

enum { STRAKE_OPENPGP_FINGERPRINT_BYTES = 20 };

/** strake_openpgp_fingerprint: of the v4 public key made of @key and @created_s. */
bool strake_openpgp_fingerprint(EVP_PKEY *key, uint32_t created_s,
	uint8_t out[STRAKE_OPENPGP_FINGERPRINT_BYTES], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_openpgp_certificate: public key, user id and self signature, binary. */
GByteArray *strake_openpgp_certificate(EVP_PKEY *key, uint32_t created_s, const char *user_id,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_openpgp_sign: a signature packet over the pieces one after another. */
GByteArray *strake_openpgp_sign(EVP_PKEY *key, uint32_t created_s, GBytes *const *pieces,
	size_t n_pieces, uint32_t time_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_openpgp_armor: @kind "PGP SIGNATURE" or "PGP PUBLIC KEY BLOCK"; free with g_free. */
char *strake_openpgp_armor(const char *kind, const uint8_t *data, size_t size);
