// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The project's two keys: one that signs packages and repository metadata (RSA-4096, an OpenPGP
// v4 certificate), one that signs boot images for Secure Boot (RSA-2048, X.509). Each is made on
// first use, in a directory of mode 0700 outside the work tree, without a passphrase:
//
//     signing.pem       private key; the line "Created: SECONDS" stands before the PEM block
//     signing.asc       the public certificate, armored: what gpgkey= and rpm --import take
//     secure-boot.pem   private key
//     secure-boot.crt   certificate, PEM
//
// Signatures are deterministic: the same key and bytes give the same signature.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeKeys StrakeKeys;

/**
 * strake_keys_open: loads the keys, making missing ones under a lock.
 * @dir: where they are; NULL: $STRAKE_KEYS, else "keys" in the user's data directory
 * @project: name that goes into new keys ("Strake"); NULL: "Strake"
 * Errors: INVALID for files that are no such keys, FAILED when others may read the directory.
 */
StrakeKeys *strake_keys_open(
	const char *dir, const char *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_keys_free(StrakeKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeKeys, strake_keys_free)

const char *strake_keys_dir(const StrakeKeys *keys);
/** strake_keys_fingerprint: of the signing key, 40 lower-case hexadecimal digits. */
const char *strake_keys_fingerprint(const StrakeKeys *keys);
/** strake_keys_public: the armored certificate, for /etc/pki/rpm-gpg and repository folders. */
const char *strake_keys_public(const StrakeKeys *keys);

/**
 * strake_keys_sign: a detached OpenPGP v4 signature packet (type 0x00, RSA, SHA-256) over @size
 * bytes in @n pieces. @time_s: its date; raised to the key's own where older. Thread-safe.
 */
GBytes *strake_keys_sign(const StrakeKeys *keys, GBytes *const *pieces, size_t n, int64_t time_s,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_keys_sign_armored: as text, for repomd.xml.asc; free with g_free. */
char *strake_keys_sign_armored(const StrakeKeys *keys, GBytes *data, int64_t time_s,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_keys_secure_boot: the Secure Boot pair as PEM, made when this is first called.
 * @out_key, @out_certificate: owned by the caller, may be NULL
 * @out_key_path, @out_certificate_path: absolute, free with g_free, may be NULL
 */
bool strake_keys_secure_boot(const StrakeKeys *keys, GBytes **out_key, GBytes **out_certificate,
	char **out_key_path, char **out_certificate_path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
