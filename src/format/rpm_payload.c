// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes the payload stream: cpio entries, zstd, two digests.
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/rpm_payload.h"

enum { OUT_BYTES = 256 << 10, MAX_NAME = 1 << 16 };

struct StrakeRpmPayload {
	ZSTD_CCtx *zstd;
	StrakeRpmSink sink;
	void *user;
	bool big;
	StrakeDigest *digest, *digest_alt;
	uint64_t size, archive_size;
	uint64_t left; // content bytes that the current entry still expects
	uint8_t *out;
};

StrakeRpmPayload *strake_rpm_payload_new(
	int level, bool big, StrakeRpmSink sink, void *user, GError **error)
{
	g_autoptr(StrakeRpmPayload) payload = g_new0(StrakeRpmPayload, 1);

	payload->sink = sink;
	payload->user = user;
	payload->big = big;
	payload->digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	payload->digest_alt = strake_digest_new(STRAKE_DIGEST_SHA256);
	payload->out = g_malloc(OUT_BYTES);
	payload->zstd = ZSTD_createCCtx();
	if (payload->zstd == NULL ||
		ZSTD_isError(
			ZSTD_CCtx_setParameter(payload->zstd, ZSTD_c_compressionLevel, level)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(payload->zstd, ZSTD_c_checksumFlag, 0))) {
		strake_error_set(error, STRAKE_ERROR_FAILED,
			"cannot start zstd compression at level %d", level);
		return NULL;
	}
	return g_steal_pointer(&payload);
}

void strake_rpm_payload_free(StrakeRpmPayload *payload)
{
	if (payload == NULL)
		return;
	ZSTD_freeCCtx(payload->zstd);
	g_clear_pointer(&payload->digest, strake_digest_free);
	g_clear_pointer(&payload->digest_alt, strake_digest_free);
	g_free(payload->out);
	g_free(payload);
}

static bool compress(StrakeRpmPayload *payload, const void *data, size_t size,
	ZSTD_EndDirective end, GError **error)
{
	ZSTD_inBuffer in = {.src = data, .size = size};
	size_t left;

	do {
		ZSTD_outBuffer out = {.dst = payload->out, .size = OUT_BYTES};

		left = ZSTD_compressStream2(payload->zstd, &out, &in, end);
		if (ZSTD_isError(left))
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"cannot compress the payload: %s", ZSTD_getErrorName(left));
		if (out.pos == 0)
			continue;
		strake_digest_update(payload->digest, payload->out, out.pos);
		payload->size += out.pos;
		if (!payload->sink(payload->out, out.pos, payload->user, error))
			return false;
	} while (end == ZSTD_e_end ? left != 0 : in.pos < in.size);
	return true;
}

static bool put(StrakeRpmPayload *payload, const void *data, size_t size, GError **error)
{
	strake_digest_update(payload->digest_alt, data, size);
	payload->archive_size += size;
	return compress(payload, data, size, ZSTD_e_continue, error);
}

static bool pad(StrakeRpmPayload *payload, GError **error)
{
	static const char zeros[4];
	size_t count = -payload->archive_size & 3;

	return count == 0 || put(payload, zeros, count, error);
}

static bool put_entry(StrakeRpmPayload *payload, const char *dot, const char *name,
	const StrakeRpmPayloadEntry *entry, GError **error)
{
	size_t name_size = strlen(dot) + strlen(name) + 1;
	g_autofree char *head = NULL;

	if (name_size > MAX_NAME)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"the path '%.100s...' is too long for an RPM package", name);
	head = g_strdup_printf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s%s",
		entry->inode, entry->mode, 0u, 0u, entry->nlink, entry->mtime,
		(uint32_t)entry->size, 0u, 0u, 0u, 0u, (uint32_t)name_size, 0u, dot, name);
	return put(payload, head, strlen(head) + 1, error) && pad(payload, error);
}

static bool put_big_entry(
	StrakeRpmPayload *payload, const StrakeRpmPayloadEntry *entry, GError **error)
{
	char head[32];
	int size = snprintf(head, sizeof(head), "07070X%08x", entry->index);

	return put(payload, head, size, error) && pad(payload, error);
}

bool strake_rpm_payload_begin(
	StrakeRpmPayload *payload, const StrakeRpmPayloadEntry *entry, GError **error)
{
	g_return_val_if_fail(payload->left == 0, false);
	if (entry->size >= UINT32_MAX && !payload->big)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s' is larger than a plain cpio entry can be", entry->path);
	if (!pad(payload, error))
		return false;
	if (!(payload->big ? put_big_entry(payload, entry, error)
			   : put_entry(payload, ".", entry->path, entry, error)))
		return false;
	payload->left = entry->size;
	return true;
}

bool strake_rpm_payload_data(
	StrakeRpmPayload *payload, const void *data, size_t size, GError **error)
{
	g_return_val_if_fail(size <= payload->left, false);
	payload->left -= size;
	return put(payload, data, size, error);
}

bool strake_rpm_payload_finish(
	StrakeRpmPayload *payload, StrakeRpmPayloadInfo *out_info, GError **error)
{
	static const StrakeRpmPayloadEntry trailer = {.nlink = 1};
	char hex[STRAKE_DIGEST_HEX_MAX];

	g_return_val_if_fail(payload->left == 0, false);
	if (!pad(payload, error) || !put_entry(payload, "", "TRAILER!!!", &trailer, error) ||
		!compress(payload, NULL, 0, ZSTD_e_end, error))
		return false;
	strake_digest_hex(payload->digest, hex);
	g_strlcpy(out_info->sha256, hex, sizeof(out_info->sha256));
	strake_digest_hex(payload->digest_alt, hex);
	g_strlcpy(out_info->sha256_alt, hex, sizeof(out_info->sha256_alt));
	out_info->size = payload->size;
	out_info->archive_size = payload->archive_size;
	return true;
}
