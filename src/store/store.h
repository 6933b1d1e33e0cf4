// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The content store: objects by SHA-256, and an index from fingerprints to objects, so that work
// done once is not done again. Layout below the store directory:
//
//     objects/ab/cdef...   content, mode 0444, named by the SHA-256 of its bytes; the file's
//                          time of change says its size, see strake_store_has
//     keys/digest/...      as below: the SHA-256 of the object with another digest
//     keys/KIND/ab/cdef... a small text: what stage KIND made for the fingerprint abcdef...
//     tmp/                 unfinished objects, removed when older than a day
//
// Everything appears by rename: a killed process leaves no half object under a final name.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

typedef struct StrakeStore StrakeStore;

/** strake_store_open: @path NULL: the user's cache directory. Made when missing. Thread-safe. */
StrakeStore *strake_store_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_store_free(StrakeStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeStore, strake_store_free)

const char *strake_store_path(const StrakeStore *store);
/** strake_store_dir_fd: borrowed descriptor of the store directory. */
int strake_store_dir_fd(const StrakeStore *store);

/** strake_store_has: whether the object is there and whole: one that was cut off or written over is
 * dropped with a warning, and its maker makes it again. */
bool strake_store_has(StrakeStore *store, const char *sha256);
/** strake_store_open_object: read-only descriptor, owned by the caller. Errors: NOT_FOUND. */
bool strake_store_open_object(StrakeStore *store, const char *sha256, int *out_fd,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_store_map_object: the object's bytes, mapped. */
GBytes *strake_store_map_object(
	StrakeStore *store, const char *sha256, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_store_remove: drops an object that is of no more use; one that is missing is fine. */
void strake_store_remove(StrakeStore *store, const char *sha256);
/** strake_store_object_path: absolute path; free with g_free. The object need not exist. */
char *strake_store_object_path(const StrakeStore *store, const char *sha256);

/** strake_store_add_bytes: stores @size bytes; *@out_sha256 (free with g_free) may be NULL. */
bool strake_store_add(StrakeStore *store, const void *data, size_t size, char **out_sha256,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_store_find: the object whose digest of @kind (not SHA-256) is @hex, by its SHA-256; NULL
 * when there is none. Free with g_free. */
char *strake_store_find(StrakeStore *store, StrakeDigestKind kind, const char *hex);
/** strake_store_note_digest: makes the object @sha256 known to strake_store_find. The caller has
 * computed @hex from the object's bytes. */
bool strake_store_note_digest(StrakeStore *store, StrakeDigestKind kind, const char *hex,
	const char *sha256, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_store_digest_key: what stands for @hex of @kind where a SHA-256 is wanted: in
 * strake_store_resume, when the SHA-256 is not known yet. Free with g_free. */
char *strake_store_digest_key(StrakeDigestKind kind, const char *hex);

/** A new object under way. The writer is seekable until commit; use its fd directly. */
typedef struct StrakeStoreWriter StrakeStoreWriter;
StrakeStoreWriter *strake_store_begin(StrakeStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/**
 * strake_store_resume: a writer for the object @sha256 (or another such key for it) that goes on
 * where an earlier one stopped: its file keeps what was written and is kept again by
 * strake_store_writer_free unless empty. While another process writes the same object, a fresh
 * writer as of strake_store_begin.
 * @out_size: bytes that are there already; the descriptor stands behind them
 */
StrakeStoreWriter *strake_store_resume(StrakeStore *store, const char *sha256, uint64_t *out_size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_store_writer_restart: drops all that was written. */
bool strake_store_writer_restart(
	StrakeStoreWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int strake_store_writer_fd(const StrakeStoreWriter *writer);
/**
 * strake_store_commit: publishes the object. @sha256: the digest of all written bytes when the
 * caller has computed it, or NULL: the file is read again. *@out_sha256 may be NULL.
 */
bool strake_store_commit(StrakeStoreWriter *writer, const char *sha256, char **out_sha256,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_store_writer_free: drops the object unless committed. */
void strake_store_writer_free(StrakeStoreWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeStoreWriter, strake_store_writer_free)

/**
 * strake_store_get_key: what strake_store_put_key kept for @kind ("bridge") and @fingerprint (a
 * SHA-256 in hex); at most 16 MiB. NULL with NOT_FOUND when there is none.
 */
GBytes *strake_store_get_key(StrakeStore *store, const char *kind, const char *fingerprint,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_store_put_key(StrakeStore *store, const char *kind, const char *fingerprint,
	const void *data, size_t size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
