// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// OpenPGP packet writing over OpenSSL keys.
#include "repo/openpgp_private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <string.h>

#include "base/error.h"

// RFC 4880: packet tags 4.3, algorithms 9.1 and 9.4, signature types 5.2.1, subpackets 5.2.3.1.
enum {
	TAG_SIGNATURE = 2,
	TAG_PUBLIC_KEY = 6,
	TAG_USER_ID = 13,
	ALGORITHM_RSA = 1,
	HASH_SHA256 = 8,
	HASH_SHA512 = 10,
	TYPE_BINARY = 0x00,
	TYPE_POSITIVE_CERTIFICATION = 0x13,
	SUB_CREATION_TIME = 2,
	SUB_ISSUER = 16,
	SUB_PREFERRED_HASHES = 21,
	SUB_KEY_FLAGS = 27,
	SUB_ISSUER_FINGERPRINT = 33,
	FLAGS_CERTIFY_AND_SIGN = 0x03,
};

typedef GByteArray Bytes;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)

static void put(Bytes *out, const void *data, size_t size)
{
	g_byte_array_append(out, data, (guint)size);
}

static void put_u8(Bytes *out, unsigned value)
{
	const uint8_t byte = (uint8_t)value;

	put(out, &byte, 1);
}

static void put_be16(Bytes *out, unsigned value)
{
	put_u8(out, value >> 8);
	put_u8(out, value & 0xff);
}

static void put_be32(Bytes *out, uint32_t value)
{
	put_be16(out, value >> 16);
	put_be16(out, value & 0xffff);
}

// A multiprecision integer from big-endian bytes: bit count, then no leading zero bytes.
static void put_mpi(Bytes *out, const uint8_t *data, size_t size)
{
	unsigned bits;

	while (size > 0 && *data == 0) {
		data++;
		size--;
	}
	bits = size > 0 ? (unsigned)(size - 1) * 8 + (32 - (unsigned)__builtin_clz(*data)) : 0;
	put_be16(out, bits);
	put(out, data, size);
}

// Old-format header with a two-byte length, which every reader knows.
static void put_packet(Bytes *out, unsigned tag, const Bytes *body)
{
	put_u8(out, 0x80 | tag << 2 | 1);
	put_be16(out, body->len);
	put(out, body->data, body->len);
}

static bool openssl_failed(GError **error, const char *what)
{
	return strake_error_set(error, STRAKE_ERROR_FAILED, "signing key: %s failed", what);
}

static bool put_key_number(Bytes *out, EVP_PKEY *key, const char *name, GError **error)
{
	BIGNUM *raw = NULL;
	g_autoptr(BIGNUM) number = NULL;
	g_autofree uint8_t *bytes = NULL;
	int size;

	if (EVP_PKEY_get_bn_param(key, name, &raw) != 1)
		return openssl_failed(error, "reading the public key");
	number = raw;
	size = BN_num_bytes(number);
	bytes = g_malloc((gsize)size + 1);
	BN_bn2bin(number, bytes);
	put_mpi(out, bytes, (size_t)size);
	return true;
}

static Bytes *key_body(EVP_PKEY *key, uint32_t created_s, GError **error)
{
	g_autoptr(GByteArray) body = g_byte_array_new();

	put_u8(body, 4);
	put_be32(body, created_s);
	put_u8(body, ALGORITHM_RSA);
	if (!put_key_number(body, key, OSSL_PKEY_PARAM_RSA_N, error) ||
		!put_key_number(body, key, OSSL_PKEY_PARAM_RSA_E, error))
		return NULL;
	return g_steal_pointer(&body);
}

bool strake_openpgp_fingerprint(EVP_PKEY *key, uint32_t created_s,
	uint8_t out[STRAKE_OPENPGP_FINGERPRINT_BYTES], GError **error)
{
	g_autoptr(GByteArray) hashed = g_byte_array_new();
	g_autoptr(GByteArray) body = key_body(key, created_s, error);
	unsigned size = 0;

	if (body == NULL)
		return false;
	put_u8(hashed, 0x99);
	put_be16(hashed, body->len);
	put(hashed, body->data, body->len);
	// A v4 fingerprint is SHA-1 by definition; it names the key and protects nothing.
	if (EVP_Digest(hashed->data, hashed->len, out, &size, EVP_sha1(), NULL) != 1 ||
		size != STRAKE_OPENPGP_FINGERPRINT_BYTES)
		return openssl_failed(error, "computing the fingerprint");
	return true;
}

static void put_subpacket(Bytes *out, unsigned type, const Bytes *body)
{
	put_u8(out, body->len + 1);
	put_u8(out, type);
	put(out, body->data, body->len);
}

static void put_subpacket_data(Bytes *out, unsigned type, const void *data, size_t size)
{
	g_autoptr(GByteArray) body = g_byte_array_new();

	put(body, data, size);
	put_subpacket(out, type, body);
}

typedef struct {
	unsigned type;
	unsigned hash;
	uint32_t time_s;
	const uint8_t *fingerprint;
} SignatureParts;

// Version to hashed subpackets: the part of a signature that it covers itself.
static Bytes *signature_head(const SignatureParts *parts)
{
	static const uint8_t flags[] = {FLAGS_CERTIFY_AND_SIGN};
	static const uint8_t hashes[] = {HASH_SHA512, HASH_SHA256};
	g_autoptr(GByteArray) subs = g_byte_array_new();
	g_autoptr(GByteArray) item = g_byte_array_new();
	Bytes *head = g_byte_array_new();

	put_u8(item, 4);
	put(item, parts->fingerprint, STRAKE_OPENPGP_FINGERPRINT_BYTES);
	put_subpacket(subs, SUB_ISSUER_FINGERPRINT, item);
	g_byte_array_set_size(item, 0);
	put_be32(item, parts->time_s);
	put_subpacket(subs, SUB_CREATION_TIME, item);
	if (parts->type == TYPE_POSITIVE_CERTIFICATION) {
		put_subpacket_data(subs, SUB_KEY_FLAGS, flags, sizeof(flags));
		put_subpacket_data(subs, SUB_PREFERRED_HASHES, hashes, sizeof(hashes));
	}
	put_u8(head, 4);
	put_u8(head, parts->type);
	put_u8(head, ALGORITHM_RSA);
	put_u8(head, parts->hash);
	put_be16(head, subs->len);
	put(head, subs->data, subs->len);
	return head;
}

static bool sign_pieces(EVP_PKEY *key, unsigned hash, GBytes *const *pieces, size_t n_pieces,
	const Bytes *head, Bytes *out_digest, Bytes *out_value, GError **error)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	g_autoptr(EVP_MD_CTX) digest_context = EVP_MD_CTX_new();
	const EVP_MD *md = hash == HASH_SHA512 ? EVP_sha512() : EVP_sha256();
	g_autoptr(GByteArray) trailer = g_byte_array_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_size = 0;
	size_t value_size = 0;

	put(trailer, head->data, head->len);
	put_u8(trailer, 4);
	put_u8(trailer, 0xff);
	put_be32(trailer, head->len);
	// The packet holds two bytes of the digest, so it is computed beside the signature.
	if (EVP_DigestSignInit(context, NULL, md, NULL, key) != 1 ||
		EVP_DigestInit(digest_context, md) != 1)
		return openssl_failed(error, "starting a signature");
	for (size_t i = 0; i < n_pieces; i++) {
		gsize size;
		const void *data = g_bytes_get_data(pieces[i], &size);

		if (EVP_DigestSignUpdate(context, data, size) != 1 ||
			EVP_DigestUpdate(digest_context, data, size) != 1)
			return openssl_failed(error, "hashing");
	}
	if (EVP_DigestSignUpdate(context, trailer->data, trailer->len) != 1 ||
		EVP_DigestUpdate(digest_context, trailer->data, trailer->len) != 1 ||
		EVP_DigestFinal(digest_context, digest, &digest_size) != 1 ||
		EVP_DigestSignFinal(context, NULL, &value_size) != 1)
		return openssl_failed(error, "hashing");
	g_byte_array_set_size(out_value, (guint)value_size);
	if (EVP_DigestSignFinal(context, out_value->data, &value_size) != 1)
		return openssl_failed(error, "signing");
	g_byte_array_set_size(out_value, (guint)value_size);
	put(out_digest, digest, digest_size);
	return true;
}

static bool put_signature(Bytes *out, EVP_PKEY *key, const SignatureParts *parts,
	GBytes *const *pieces, size_t n_pieces, GError **error)
{
	g_autoptr(GByteArray) head = signature_head(parts);
	g_autoptr(GByteArray) unhashed = g_byte_array_new();
	g_autoptr(GByteArray) digest = g_byte_array_new();
	g_autoptr(GByteArray) value = g_byte_array_new();
	g_autoptr(GByteArray) body = g_byte_array_new();

	if (!sign_pieces(key, parts->hash, pieces, n_pieces, head, digest, value, error))
		return false;
	// The key id, for readers older than the issuer fingerprint: its last eight bytes.
	put_subpacket_data(
		unhashed, SUB_ISSUER, parts->fingerprint + STRAKE_OPENPGP_FINGERPRINT_BYTES - 8, 8);
	put(body, head->data, head->len);
	put_be16(body, unhashed->len);
	put(body, unhashed->data, unhashed->len);
	put(body, digest->data, 2);
	put_mpi(body, value->data, value->len);
	put_packet(out, TAG_SIGNATURE, body);
	return true;
}

GByteArray *strake_openpgp_certificate(
	EVP_PKEY *key, uint32_t created_s, const char *user_id, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autoptr(GByteArray) body = key_body(key, created_s, error);
	g_autoptr(GByteArray) id = g_byte_array_new();
	g_autoptr(GByteArray) covered = g_byte_array_new();
	g_autoptr(GBytes) piece = NULL;
	uint8_t fingerprint[STRAKE_OPENPGP_FINGERPRINT_BYTES];
	const SignatureParts parts = {
		TYPE_POSITIVE_CERTIFICATION, HASH_SHA512, created_s, fingerprint};

	if (body == NULL || !strake_openpgp_fingerprint(key, created_s, fingerprint, error))
		return NULL;
	put(id, user_id, strlen(user_id));
	// A certification covers the key as in the fingerprint, then 0xb4 and the user id.
	put_u8(covered, 0x99);
	put_be16(covered, body->len);
	put(covered, body->data, body->len);
	put_u8(covered, 0xb4);
	put_be32(covered, id->len);
	put(covered, id->data, id->len);
	piece = g_byte_array_free_to_bytes(g_steal_pointer(&covered));
	put_packet(out, TAG_PUBLIC_KEY, body);
	put_packet(out, TAG_USER_ID, id);
	if (!put_signature(out, key, &parts, &piece, 1, error))
		return NULL;
	return g_steal_pointer(&out);
}

GByteArray *strake_openpgp_sign(EVP_PKEY *key, uint32_t created_s, GBytes *const *pieces,
	size_t n_pieces, uint32_t time_s, GError **error)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	uint8_t fingerprint[STRAKE_OPENPGP_FINGERPRINT_BYTES];
	const SignatureParts parts = {
		TYPE_BINARY, HASH_SHA256, MAX(time_s, created_s), fingerprint};

	if (!strake_openpgp_fingerprint(key, created_s, fingerprint, error) ||
		!put_signature(out, key, &parts, pieces, n_pieces, error))
		return NULL;
	return g_steal_pointer(&out);
}

// RFC 4880 section 6.1.
static uint32_t crc24(const uint8_t *data, size_t size)
{
	uint32_t crc = 0xb704ce;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint32_t)data[i] << 16;
		for (int bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if ((crc & 0x1000000) != 0)
				crc ^= 0x1864cfb;
		}
	}
	return crc & 0xffffff;
}

char *strake_openpgp_armor(const char *kind, const uint8_t *data, size_t size)
{
	enum { LINE = 64 };
	g_autofree char *base64 = g_base64_encode(data, size);
	uint32_t crc = crc24(data, size);
	const uint8_t crc_bytes[] = {(uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
	g_autofree char *crc_text = g_base64_encode(crc_bytes, sizeof(crc_bytes));
	GString *out = g_string_new(NULL);
	size_t left = strlen(base64);

	g_string_append_printf(out, "-----BEGIN %s-----\n\n", kind);
	for (const char *at = base64; left > 0;) {
		size_t n = MIN(left, LINE);

		g_string_append_len(out, at, (gssize)n);
		g_string_append_c(out, '\n');
		at += n;
		left -= n;
	}
	g_string_append_printf(out, "=%s\n-----END %s-----\n", crc_text, kind);
	return g_string_free(out, FALSE);
}
