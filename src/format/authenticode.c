// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes the DER of a SignedData by hand: OpenSSL's own writers add a signing time. What is signed
// is the set of two attributes (content type, digest of the content), as Authenticode wants.
#include "format/authenticode.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/error.h"

enum { TAG_SEQUENCE = 0x30, TAG_SET = 0x31, TAG_OCTETS = 0x04, TAG_INTEGER = 0x02 };

// Object identifiers with their tag and length.
static const uint8_t oid_signed_data[] = {
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02};
static const uint8_t oid_content_type[] = {
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03};
static const uint8_t oid_message_digest[] = {
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04};
static const uint8_t oid_spc_indirect[] = {
	0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x04};
static const uint8_t oid_spc_pe_image[] = {
	0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x01, 0x0f};
// AlgorithmIdentifiers with NULL parameters.
static const uint8_t alg_sha256[] = {
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00};
static const uint8_t alg_rsa[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
// SpcPeImageData { flags: empty bit string, file: [0] { [2] { [0] "<<<Obsolete>>>" in UTF-16 } } }
static const uint8_t pe_image_data[] = {0x30, 0x25, 0x03, 0x01, 0x00, 0xa0, 0x20, 0xa2, 0x1e, 0x80,
	0x1c, 0, '<', 0, '<', 0, '<', 0, 'O', 0, 'b', 0, 's', 0, 'o', 0, 'l', 0, 'e', 0, 't', 0,
	'e', 0, '>', 0, '>', 0, '>'};

static void add(GByteArray *to, const void *data, size_t size)
{
	g_byte_array_append(to, data, (guint)size);
}

// Appends @tag, the length in DER form, and @content, which is released.
static void add_tlv(GByteArray *to, uint8_t tag, GByteArray *content)
{
	uint8_t head[6] = {tag};
	size_t n = 1;
	guint length = content->len;

	if (length < 0x80) {
		head[n++] = (uint8_t)length;
	} else {
		unsigned bytes = length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
		head[n++] = (uint8_t)(0x80 | bytes);
		while (bytes-- > 0)
			head[n++] = (uint8_t)(length >> (8 * bytes));
	}
	add(to, head, n);
	add(to, content->data, content->len);
	g_byte_array_unref(content);
}

static void add_octets(GByteArray *to, const void *data, size_t size)
{
	GByteArray *content = g_byte_array_new();

	add(content, data, size);
	add_tlv(to, TAG_OCTETS, content);
}

static void add_version_1(GByteArray *to)
{
	static const uint8_t one[] = {TAG_INTEGER, 1, 1};

	add(to, one, sizeof(one));
}

// Fields of SpcIndirectDataContent, without the outer SEQUENCE.
static GByteArray *spc_indirect_data(const uint8_t digest[32])
{
	GByteArray *out = g_byte_array_new();
	GByteArray *type = g_byte_array_new();
	GByteArray *info = g_byte_array_new();

	add(type, oid_spc_pe_image, sizeof(oid_spc_pe_image));
	add(type, pe_image_data, sizeof(pe_image_data));
	add_tlv(out, TAG_SEQUENCE, type);
	add(info, alg_sha256, sizeof(alg_sha256));
	add_octets(info, digest, 32);
	add_tlv(out, TAG_SEQUENCE, info);
	return out;
}

static void add_attribute(GByteArray *to, const uint8_t *oid, size_t oid_size, GByteArray *value)
{
	GByteArray *attribute = g_byte_array_new();

	add(attribute, oid, oid_size);
	add_tlv(attribute, TAG_SET, value);
	add_tlv(to, TAG_SEQUENCE, attribute);
}

// Both attributes in the order of DER's SET OF: by their encoded bytes, shorter first here.
static GByteArray *signed_attributes(const GByteArray *content)
{
	GByteArray *out = g_byte_array_new();
	GByteArray *type = g_byte_array_new();
	GByteArray *digest = g_byte_array_new();
	uint8_t sha256[32];

	SHA256(content->data, content->len, sha256);
	add(type, oid_spc_indirect, sizeof(oid_spc_indirect));
	add_attribute(out, oid_content_type, sizeof(oid_content_type), type);
	add_octets(digest, sha256, sizeof(sha256));
	add_attribute(out, oid_message_digest, sizeof(oid_message_digest), digest);
	return out;
}

static bool openssl_error(GError **error, const char *what)
{
	char reason[256];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	return strake_error_set(
		error, STRAKE_ERROR_FAILED, "Secure Boot signature: %s: %s", what, reason);
}

static bool add_der(GByteArray *to, int size, uint8_t *der, const char *what, GError **error)
{
	if (size <= 0)
		return openssl_error(error, what);
	add(to, der, (size_t)size);
	OPENSSL_free(der);
	return true;
}

static bool add_signer(GByteArray *to, X509 *certificate, GByteArray *attributes,
	const uint8_t *signature, size_t signature_size, GError **error)
{
	g_autoptr(GByteArray) issuer = g_byte_array_new();
	g_autoptr(GByteArray) signer = g_byte_array_new();
	GByteArray *copy = g_byte_array_new();
	uint8_t *name = NULL;
	uint8_t *serial = NULL;
	int name_size = i2d_X509_NAME(X509_get_issuer_name(certificate), &name);
	int serial_size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);

	add(copy, attributes->data, attributes->len);
	add_version_1(signer);
	if (!add_der(issuer, name_size, name, "issuer", error) ||
		!add_der(issuer, serial_size, serial, "serial number", error)) {
		g_byte_array_unref(copy);
		return false;
	}
	add_tlv(signer, TAG_SEQUENCE, g_steal_pointer(&issuer));
	add(signer, alg_sha256, sizeof(alg_sha256));
	add_tlv(signer, 0xa0, copy);
	add(signer, alg_rsa, sizeof(alg_rsa));
	add_octets(signer, signature, signature_size);
	add_tlv(to, TAG_SEQUENCE, g_steal_pointer(&signer));
	return true;
}

static bool rsa_sign(EVP_PKEY *key, const GByteArray *attributes, uint8_t *out, size_t *inout_size,
	GError **error)
{
	g_autoptr(GByteArray) set = g_byte_array_new();
	GByteArray *copy = g_byte_array_new();
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok;

	// Signed with the tag of a SET, stored with the tag [0]: RFC 2315 section 9.3.
	add(copy, attributes->data, attributes->len);
	add_tlv(set, TAG_SET, copy);
	ok = EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
	     EVP_DigestSign(md, out, inout_size, set->data, set->len) == 1;
	EVP_MD_CTX_free(md);
	return ok || openssl_error(error, "RSA");
}

GBytes *strake_authenticode_sign(
	const uint8_t digest[32], EVP_PKEY *key, X509 *certificate, GError **error)
{
	g_autoptr(GByteArray) content = spc_indirect_data(digest);
	g_autoptr(GByteArray) attributes = signed_attributes(content);
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_autoptr(GByteArray) signers = g_byte_array_new();
	g_autoptr(GByteArray) certificates = g_byte_array_new();
	g_autoptr(GByteArray) outer = g_byte_array_new();
	GByteArray *out = g_byte_array_new();
	GByteArray *inner = g_byte_array_new();
	GByteArray *explicit_content = g_byte_array_new();
	GByteArray *algorithms = g_byte_array_new();
	GByteArray *wrapped = g_byte_array_new();
	uint8_t signature[1024];
	size_t signature_size = sizeof(signature);
	uint8_t *der = NULL;
	int der_size = i2d_X509(certificate, &der);
	bool ok;

	add_version_1(data);
	add(algorithms, alg_sha256, sizeof(alg_sha256));
	add_tlv(data, TAG_SET, algorithms);
	add(wrapped, content->data, content->len);
	add_tlv(explicit_content, TAG_SEQUENCE, wrapped);
	add(inner, oid_spc_indirect, sizeof(oid_spc_indirect));
	add_tlv(inner, 0xa0, explicit_content);
	add_tlv(data, TAG_SEQUENCE, inner);
	ok = add_der(certificates, der_size, der, "certificate", error) &&
	     rsa_sign(key, attributes, signature, &signature_size, error) &&
	     add_signer(signers, certificate, attributes, signature, signature_size, error);
	if (!ok) {
		g_byte_array_unref(out);
		return NULL;
	}
	add_tlv(data, 0xa0, g_steal_pointer(&certificates));
	add_tlv(data, TAG_SET, g_steal_pointer(&signers));
	wrapped = g_byte_array_new();
	add_tlv(wrapped, TAG_SEQUENCE, g_steal_pointer(&data));
	add(outer, oid_signed_data, sizeof(oid_signed_data));
	add_tlv(outer, 0xa0, wrapped);
	add_tlv(out, TAG_SEQUENCE, g_steal_pointer(&outer));
	return g_byte_array_free_to_bytes(out);
}
