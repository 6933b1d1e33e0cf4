// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Files from a mirror into the content store: several at once, resumed where an earlier run
// stopped, digests checked while the bytes stream. Trust comes from the digests alone. Files that
// are known by another digest than SHA-256 are found again by strake_store_find.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "store/store.h"
#include "upstream/apt_config.h"

/** One file; all borrowed. */
typedef struct {
	const char *uri;
	const char *name;   // for messages and progress
	const char *sha256; // NULL: @digest is what it is known by
	StrakeDigestKind kind;
	const char *digest;
	uint64_t size; // bytes, exactly
	bool any_size; // @size is not known but the most that is accepted
} StrakeDownload;

/**
 * strake_download_all: makes the store hold every item; those it holds already cost nothing.
 * @title: of the progress bar
 * @out_missing: indexes (guint) of items that the server does not have are appended and the others
 * still fetched; NULL: the first one fails the call with NOT_FOUND
 * Errors: INTEGRITY (other bytes than the digest says), NO_SPACE, CANCELLED, FAILED. What arrived
 * stays for the next call.
 */
bool strake_download_all(StrakeStore *store, const StrakeAptConfig *config,
	const StrakeDownload *items, size_t n_items, const char *title, GArray *out_missing,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What makes a request conditional; strings may be NULL, free with strake_download_tag_clear. */
typedef struct {
	char *etag;
	char *last_modified;
} StrakeDownloadTag;

void strake_download_tag_clear(StrakeDownloadTag *tag);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrakeDownloadTag, strake_download_tag_clear)

/**
 * strake_download_small: one file in memory.
 * @max_bytes: refuse more
 * @tag: of the copy at hand; replaced by that of the answer
 * @out: NULL when the copy at hand is still good
 * Errors: NOT_FOUND, LIMIT, CANCELLED, FAILED.
 */
bool strake_download_small(const StrakeAptConfig *config, const char *uri, size_t max_bytes,
	StrakeDownloadTag *tag, GBytes **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
