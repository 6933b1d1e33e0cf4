// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What arrives of one file: bytes into the store's writer and through the digests. Knows nothing
// of the network.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "upstream/download_private.h"

// What an item is called in the store while it is not complete; free with g_free.
static char *partial_key(const StrakeDownload *item)
{
	return item->sha256 != NULL ? g_strdup(item->sha256)
				    : strake_store_digest_key(item->kind, item->digest);
}

bool strake_download_is_stored(StrakeStore *store, const StrakeDownload *item)
{
	g_autofree char *sha256 = NULL;

	if (item->sha256 != NULL)
		return strake_store_has(store, item->sha256);
	sha256 = strake_store_find(store, item->kind, item->digest);
	return sha256 != NULL;
}

uint64_t strake_download_partial_size(StrakeStore *store, const StrakeDownload *item)
{
	g_autofree char *key = partial_key(item);
	g_autofree char *name = g_strdup_printf("tmp/partial-%s", key);
	struct stat st;

	return fstatat(strake_store_dir_fd(store), name, &st, AT_SYMLINK_NOFOLLOW) == 0
		       ? (uint64_t)st.st_size
		       : 0;
}

static void new_digests(StrakeDownloadObject *o)
{
	g_clear_pointer(&o->sha256, strake_digest_free);
	g_clear_pointer(&o->other, strake_digest_free);
	o->sha256 = strake_digest_new(STRAKE_DIGEST_SHA256);
	if (o->item->sha256 == NULL)
		o->other = strake_digest_new(o->item->kind);
}

static void digest_bytes(StrakeDownloadObject *o, const void *data, size_t size)
{
	strake_digest_update(o->sha256, data, size);
	if (o->other != NULL)
		strake_digest_update(o->other, data, size);
	o->have += size;
}

bool strake_download_object_restart(StrakeDownloadObject *o, GError **error)
{
	o->have = 0;
	new_digests(o);
	return strake_store_writer_restart(o->writer, error);
}

// Digests what an earlier run left.
static bool digest_partial(StrakeDownloadObject *o, uint64_t size, GError **error)
{
	enum { CHUNK = 1 << 18 };
	g_autofree char *chunk = g_malloc(CHUNK);
	int fd = strake_store_writer_fd(o->writer);

	if (lseek(fd, 0, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", o->item->name);
	while (o->have < size) {
		size_t got = 0;

		if (!strake_fd_read_full(fd, chunk, CHUNK, &got, o->item->name, error))
			return false;
		if (got == 0)
			break;
		digest_bytes(o, chunk, got);
	}
	return true;
}

bool strake_download_object_begin(
	StrakeDownloadObject *o, StrakeStore *store, const StrakeDownload *item, GError **error)
{
	g_autofree char *key = partial_key(item);
	uint64_t size = 0;

	o->store = store;
	o->item = item;
	new_digests(o);
	o->writer = strake_store_resume(store, key, &size, error);
	if (o->writer == NULL)
		return false;
	if (size > item->size)
		return strake_download_object_restart(o, error);
	return size == 0 || digest_partial(o, size, error);
}

bool strake_download_object_is_complete(StrakeDownloadObject *o)
{
	int fd = strake_store_writer_fd(o->writer);
	g_autofree char *hex = NULL;

	if (!o->item->any_size)
		return o->have == o->item->size;
	if (o->have == 0 || lseek(fd, 0, SEEK_SET) < 0)
		return false;
	hex = strake_digest_fd(o->item->kind, fd, o->item->name, NULL);
	return g_strcmp0(hex, o->item->digest) == 0;
}

bool strake_download_object_add(
	StrakeDownloadObject *o, const void *data, size_t size, GError **error)
{
	const StrakeDownload *item = o->item;

	if (size > item->size - o->have)
		return strake_error_set(error,
			item->any_size ? STRAKE_ERROR_LIMIT : STRAKE_ERROR_INTEGRITY,
			item->any_size ? "%s: larger than the %" G_GUINT64_FORMAT
					 " bytes that are accepted"
				       : "%s: the server sends more than the %" G_GUINT64_FORMAT
					 " bytes that the index lists",
			item->uri, item->size);
	if (!strake_fd_write_all(strake_store_writer_fd(o->writer), data, size, item->name, error))
		return false;
	digest_bytes(o, data, size);
	return true;
}

bool strake_download_object_keep(StrakeDownloadObject *o, GError **error)
{
	const StrakeDownload *item = o->item;
	bool by_sha256 = item->sha256 != NULL;
	const char *wanted = by_sha256 ? item->sha256 : item->digest;
	char sha256[STRAKE_DIGEST_HEX_MAX];
	char other[STRAKE_DIGEST_HEX_MAX];

	strake_digest_hex(o->sha256, sha256);
	if (!by_sha256)
		strake_digest_hex(o->other, other);
	if (strcmp(by_sha256 ? sha256 : other, wanted) != 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: the server sent other bytes than are listed: %s %s, expected %s; "
			"nothing of them was kept",
			item->uri,
			strake_digest_name(by_sha256 ? STRAKE_DIGEST_SHA256 : item->kind),
			by_sha256 ? sha256 : other, wanted);
	return strake_store_commit(o->writer, sha256, NULL, error) &&
	       (by_sha256 ||
		       strake_store_note_digest(o->store, item->kind, item->digest, sha256, error));
}

void strake_download_object_clear(StrakeDownloadObject *o)
{
	g_clear_pointer(&o->sha256, strake_digest_free);
	g_clear_pointer(&o->other, strake_digest_free);
	g_clear_pointer(&o->writer, strake_store_writer_free);
}
