// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Package signing: a new signature header in front of the unchanged header and payload.
#include "repo/sign_private.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "format/rpm_sign.h"

// Changes when a signed package would come out with other bytes.
#define SIGN_VERSION "1"
#define KEY_KIND "rpm-signed"

enum { LEAD_BYTES = 96 };

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

static GBytes *new_signature_header(const StrakeKeys *keys, const StrakeRpm *rpm, GError **error)
{
	g_autoptr(GBytes) covered = strake_rpm_signed_part(rpm);
	int64_t time_s =
		(int64_t)strake_rpm_header_number(rpm->header, STRAKE_RPMTAG_BUILDTIME, 0, 0);
	g_autoptr(GBytes) signature = strake_keys_sign(keys, &covered, 1, time_s, error);

	return signature != NULL ? strake_rpm_signature_set(rpm, signature) : NULL;
}

static bool write_signed(StrakeStore *store, const StrakeRpm *rpm, GBytes *signature,
	const char *name, char **out_sha256, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = strake_store_begin(store, error);
	g_autoptr(StrakeDigest) digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	gsize size;
	const uint8_t *data = g_bytes_get_data(rpm->bytes, &size);
	gsize signature_size;
	const void *signature_data = g_bytes_get_data(signature, &signature_size);
	const struct {
		const void *data;
		size_t size;
	} parts[] = {
		{data,                      LEAD_BYTES               },
		{signature_data,            signature_size           },
		{data + rpm->header_offset, size - rpm->header_offset},
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

static bool sign_object(StrakeStore *store, const StrakeKeys *keys, const char *sha256,
	const char *name, char **out_sha256, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, sha256, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	g_autoptr(GBytes) signature = NULL;

	// We put our name only under packages that are what they say.
	if (rpm == NULL || !strake_rpm_verify(rpm, error)) {
		g_prefix_error(error, "package '%s': ", name);
		return false;
	}
	signature = new_signature_header(keys, rpm, error);
	return signature != NULL && write_signed(store, rpm, signature, name, out_sha256, error);
}

bool strake_sign_package(StrakeStore *store, const StrakeKeys *keys, const char *sha256,
	const char *name, char **out_signed_sha256, bool *out_made, GError **error)
{
	g_autofree char *key = fingerprint(sha256, keys);
	g_autofree char *made = remembered(store, key);

	*out_made = made == NULL;
	if (made != NULL) {
		*out_signed_sha256 = g_steal_pointer(&made);
		return true;
	}
	if (!sign_object(store, keys, sha256, name, &made, error) ||
		!strake_store_put_key(store, KEY_KIND, key, made, strlen(made), error))
		return false;
	*out_signed_sha256 = g_steal_pointer(&made);
	return true;
}
