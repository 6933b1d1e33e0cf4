// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Streaming digests over OpenSSL's EVP interface.
#include "base/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/fd.h"

struct StrakeDigest {
	EVP_MD_CTX *ctx;
	const EVP_MD *md;
};

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
} kinds[] = {
	[STRAKE_DIGEST_SHA256] = {"SHA256", EVP_sha256},
	[STRAKE_DIGEST_SHA512] = {"SHA512", EVP_sha512},
	[STRAKE_DIGEST_SHA1] = {"SHA1", EVP_sha1},
	[STRAKE_DIGEST_MD5] = {"MD5", EVP_md5},
};

static const EVP_MD *md_of_kind(StrakeDigestKind kind)
{
	return kinds[kind].md();
}

const char *strake_digest_name(StrakeDigestKind kind)
{
	return kinds[kind].name;
}

bool strake_digest_kind(const char *name, StrakeDigestKind *out)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_ascii_strcasecmp(name, kinds[i].name) == 0) {
			*out = (StrakeDigestKind)i;
			return true;
		}
	return false;
}

StrakeDigest *strake_digest_new(StrakeDigestKind kind)
{
	StrakeDigest *digest = g_new0(StrakeDigest, 1);

	digest->md = md_of_kind(kind);
	digest->ctx = EVP_MD_CTX_new();
	if (digest->ctx == NULL || EVP_DigestInit_ex(digest->ctx, digest->md, NULL) != 1)
		g_error("OpenSSL has no %s", EVP_MD_get0_name(digest->md));
	return digest;
}

StrakeDigest *strake_digest_copy(const StrakeDigest *digest)
{
	StrakeDigest *copy = g_new0(StrakeDigest, 1);

	copy->md = digest->md;
	copy->ctx = EVP_MD_CTX_new();
	if (copy->ctx == NULL || EVP_MD_CTX_copy_ex(copy->ctx, digest->ctx) != 1)
		g_error("OpenSSL cannot copy a %s", EVP_MD_get0_name(digest->md));
	return copy;
}

void strake_digest_update(StrakeDigest *digest, const void *data, size_t size)
{
	EVP_DigestUpdate(digest->ctx, data, size);
}

void strake_digest_hex(StrakeDigest *digest, char *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	EVP_DigestFinal_ex(digest->ctx, raw, &size);
	for (unsigned i = 0; i < size; i++) {
		*out++ = digits[raw[i] >> 4];
		*out++ = digits[raw[i] & 15];
	}
	*out = '\0';
	EVP_DigestInit_ex(digest->ctx, digest->md, NULL);
}

void strake_digest_free(StrakeDigest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->ctx);
	g_free(digest);
}

char *strake_digest_data(StrakeDigestKind kind, const void *data, size_t size)
{
	g_autoptr(StrakeDigest) digest = strake_digest_new(kind);
	char hex[STRAKE_DIGEST_HEX_MAX];

	strake_digest_update(digest, data, size);
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}

char *strake_digest_bytes(StrakeDigestKind kind, GBytes *bytes)
{
	size_t size = 0;
	const void *data = g_bytes_get_data(bytes, &size);

	return strake_digest_data(kind, data, size);
}

char *strake_digest_fd(StrakeDigestKind kind, int fd, const char *name, GError **error)
{
	enum { CHUNK = 256 * 1024 };
	g_autoptr(StrakeDigest) digest = strake_digest_new(kind);
	g_autofree uint8_t *buffer = g_malloc(CHUNK);
	char hex[STRAKE_DIGEST_HEX_MAX];
	size_t n = 0;

	do {
		if (!strake_fd_read_full(fd, buffer, CHUNK, &n, name, error))
			return NULL;
		strake_digest_update(digest, buffer, n);
	} while (n == CHUNK);
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}

bool strake_digest_is_hex(StrakeDigestKind kind, const char *text)
{
	size_t want = (size_t)EVP_MD_get_size(md_of_kind(kind)) * 2;

	return strlen(text) == want && strspn(text, "0123456789abcdef") == want;
}
