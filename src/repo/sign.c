// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Package signing: a new signature header in front of the unchanged header and payload.
#include "repo/sign_private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "format/rpm_layout.h"

// Changes when a signed package would come out with other bytes.
#define SIGN_VERSION "1"
#define KEY_KIND "rpm-signed"

static char *fingerprint(const char *sha256, const StrakeKeys *keys)
{
	g_autofree char *text = g_strdup_printf(
		"sign " SIGN_VERSION " %s %s", sha256, strake_keys_fingerprint(keys));

	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

static char *remembered(StrakeStore *store, const char *key)
{
	g_autoptr(GBytes) bytes = strake_store_get_key(store, KEY_KIND, key, NULL);
	g_autofree char *sha256 = NULL;

	if (bytes == NULL || g_bytes_get_size(bytes) == 0)
		return NULL;
	sha256 = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return strake_store_has(store, sha256) ? g_steal_pointer(&sha256) : NULL;
}

static bool check_digest(const char *want, const void *data, size_t size, const char *part,
	const char *name, GError **error)
{
	g_autofree char *have = NULL;

	if (want == NULL)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"package '%s' has no SHA-256 digest of its %s and is not signed", name,
			part);
	have = strake_digest_data(STRAKE_DIGEST_SHA256, data, size);
	if (strcmp(want, have) != 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"package '%s' is damaged: the SHA-256 of its %s is %s, it says %s", name,
			part, have, want);
	return true;
}

// We put our name only under packages that are what they say.
static bool check_digests(const uint8_t *data, size_t size, const StrakeRpmLayout *layout,
	const char *name, GError **error)
{
	const uint8_t *header = data + layout->header;
	size_t header_size = layout->payload - layout->header;
	const char *of_header = strake_rpm_header_string(data + layout->signature,
		layout->header - layout->signature, STRAKE_RPM_SIGTAG_SHA256);
	const char *of_payload =
		strake_rpm_header_string(header, header_size, STRAKE_RPM_TAG_PAYLOADDIGEST);

	return check_digest(of_header, header, header_size, "header", name, error) &&
	       check_digest(of_payload, data + layout->payload, size - layout->payload, "payload",
		       name, error);
}

static GBytes *new_signature_header(const StrakeKeys *keys, GBytes *package,
	const StrakeRpmLayout *layout, const char *name, GError **error)
{
	const uint8_t *data = g_bytes_get_data(package, NULL);
	size_t header_size = layout->payload - layout->header;
	g_autoptr(GBytes) header = g_bytes_new_from_bytes(package, layout->header, header_size);
	g_autoptr(GBytes) signature = NULL;
	uint32_t build_time_s = 0;

	if (!strake_rpm_header_u32(
		    data + layout->header, header_size, STRAKE_RPM_TAG_BUILDTIME, &build_time_s))
		build_time_s = 0;
	signature = strake_keys_sign(keys, &header, 1, build_time_s, error);
	if (signature == NULL)
		return NULL;
	return strake_rpm_signature_set(data + layout->signature,
		layout->header - layout->signature, STRAKE_RPM_SIGTAG_RSA, signature, name, error);
}

static bool write_signed(StrakeStore *store, GBytes *package, const StrakeRpmLayout *layout,
	GBytes *signature, const char *name, char **out_sha256, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = strake_store_begin(store, error);
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	gsize size;
	const uint8_t *data = g_bytes_get_data(package, &size);
	gsize signature_size;
	const void *signature_data = g_bytes_get_data(signature, &signature_size);
	const struct {
		const void *data;
		size_t size;
	} parts[] = {
		{data,                  layout->signature    },
		{signature_data,        signature_size       },
		{data + layout->header, size - layout->header},
	};
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (writer == NULL)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		strake_digest_update(digest, parts[i].data, parts[i].size);
		if (!strake_fd_write_all(strake_store_writer_fd(writer), parts[i].data,
			    parts[i].size, name, error))
			return false;
	}
	strake_digest_hex(digest, hex);
	return strake_store_commit(writer, hex, out_sha256, error);
}

bool strake_sign_package(StrakeStore *store, const StrakeKeys *keys, const char *sha256,
	const char *name, char **out_signed_sha256, bool *out_made, GError **error)
{
	g_autofree char *key = fingerprint(sha256, keys);
	g_autofree char *made = remembered(store, key);
	g_autoptr(GBytes) package = NULL;
	g_autoptr(GBytes) signature = NULL;
	StrakeRpmLayout layout;
	gsize size;
	const uint8_t *data;

	*out_made = made == NULL;
	if (made != NULL) {
		*out_signed_sha256 = g_steal_pointer(&made);
		return true;
	}
	package = strake_store_map_object(store, sha256, error);
	if (package == NULL)
		return false;
	data = g_bytes_get_data(package, &size);
	if (!strake_rpm_layout(data, size, name, &layout, error) ||
		!check_digests(data, size, &layout, name, error))
		return false;
	signature = new_signature_header(keys, package, &layout, name, error);
	if (signature == NULL ||
		!write_signed(store, package, &layout, signature, name, &made, error) ||
		!strake_store_put_key(store, KEY_KIND, key, made, strlen(made), error))
		return false;
	*out_signed_sha256 = g_steal_pointer(&made);
	return true;
}
