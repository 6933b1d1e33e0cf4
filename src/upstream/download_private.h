// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What download*.c share: options of all transfers, and the side of a transfer that is not the
// network.
#pragma once

#include <curl/curl.h>

#include "upstream/apt_config.h"
#include "upstream/download.h"

/** strake_download_easy_new: a handle for @uri with proxies, time limits and protocols set. */
CURL *strake_download_easy_new(const StrakeAptConfig *config, const char *uri, char *error_buffer);

/** What to do after a transfer. */
typedef enum {
	STRAKE_DOWNLOAD_DONE,
	STRAKE_DOWNLOAD_MISSING,   // the server does not have it
	STRAKE_DOWNLOAD_AGAIN,     // worth another attempt
	STRAKE_DOWNLOAD_BAD_RANGE, // worth another attempt from the start
	STRAKE_DOWNLOAD_FAILED,
} StrakeDownloadVerdict;

StrakeDownloadVerdict strake_download_judge(CURL *easy, CURLcode code);
/** strake_download_why: words for a failed transfer; free with g_free. */
char *strake_download_why(CURL *easy, CURLcode code, const char *error_buffer);

/** One file on its way into the store; zeroed before begin, and cleared in any case. */
typedef struct {
	const StrakeDownload *item;
	StrakeStore *store;
	StrakeStoreWriter *writer;
	StrakeDigest *sha256;
	StrakeDigest *other; // that of the item, NULL: it is @sha256
	uint64_t have;       // bytes written and digested
} StrakeDownloadObject;

/** strake_download_object_begin: goes on where an earlier run stopped. */
bool strake_download_object_begin(StrakeDownloadObject *object, StrakeStore *store,
	const StrakeDownload *item, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_download_object_is_complete: an earlier run got all of it, only its name is missing. */
bool strake_download_object_is_complete(StrakeDownloadObject *object);
/** strake_download_object_add: Errors: INTEGRITY or LIMIT for more than there can be, NO_SPACE. */
bool strake_download_object_add(StrakeDownloadObject *object, const void *data, size_t size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_download_object_restart(
	StrakeDownloadObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_download_object_keep: the end. Errors: INTEGRITY for other bytes than listed; restart
 * it then, so that they are not resumed. */
bool strake_download_object_keep(
	StrakeDownloadObject *object, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_download_object_clear(StrakeDownloadObject *object);

bool strake_download_is_stored(StrakeStore *store, const StrakeDownload *item);
/** strake_download_partial_size: bytes of @item that an earlier run left. */
uint64_t strake_download_partial_size(StrakeStore *store, const StrakeDownload *item);
