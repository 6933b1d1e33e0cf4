// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The PKCS #7 message that makes a PE program acceptable to Secure Boot firmware, and the one that
// carries a signed UEFI variable. Both are a function of content, key and certificate: there is no
// signing time in them, and RSA with PKCS #1 v1.5 padding has no random part.
//
// Format: RFC 2315 (PKCS #7) and "Windows Authenticode Portable Executable Signature Format" 1.0:
//     content := SEQUENCE { SpcPeImageData, DigestInfo(SHA-256) }   type 1.3.6.1.4.1.311.2.1.4
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

/** strake_authenticode_sign: @digest of strake_pe_digest, signed by the RSA @key of @certificate.
 * Returns DER for strake_pe_attach. Errors: FAILED with OpenSSL's reason. */
GBytes *strake_authenticode_sign(const uint8_t digest[32], EVP_PKEY *key, X509 *certificate,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
