// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The lookaside cache knows files by SHA-512, the store by SHA-256 and by a note of the other.
#include "render/lookaside.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "upstream/download.h"

#define MAX_BYTES ((uint64_t)16 << 30)
enum { RETRIES = 3, TIMEOUT_S = 60, CHUNK = 256 * 1024 };

typedef struct {
	char *name;
	StrakeDigestKind kind;
	char *hash;
	char *uri;
	char *missing;
} Wanted;

struct StrakeLookaside {
	GPtrArray *wanted; // of Wanted
};

static void wanted_free(void *data)
{
	Wanted *w = data;

	g_free(w->name);
	g_free(w->hash);
	g_free(w->uri);
	g_free(w->missing);
	g_free(w);
}

StrakeLookaside *strake_lookaside_new(void)
{
	StrakeLookaside *files = g_new0(StrakeLookaside, 1);

	files->wanted = g_ptr_array_new_with_free_func(wanted_free);
	return files;
}

void strake_lookaside_free(StrakeLookaside *files)
{
	if (files == NULL)
		return;
	g_ptr_array_unref(files->wanted);
	g_free(files);
}

bool strake_lookaside_add(StrakeLookaside *files, const char *name, const char *hash_type,
	const char *hash, const char *uri, const char *missing, GError **error)
{
	Wanted *w;
	StrakeDigestKind kind;

	if (!strake_digest_kind(hash_type, &kind) || !strake_digest_is_hex(kind, hash))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s': '%s' is not a hash of a type that is known (%s)", name, hash,
			hash_type);
	w = g_new0(Wanted, 1);
	w->name = g_strdup(name);
	w->kind = kind;
	w->hash = g_strdup(hash);
	w->uri = g_strdup(uri);
	w->missing = g_strdup(missing);
	g_ptr_array_add(files->wanted, w);
	return true;
}

// The SHA-256 of its object in the store, NULL: it is not there. Free with g_free.
static char *object_of(StrakeStore *store, const Wanted *w)
{
	if (w->kind != STRAKE_DIGEST_SHA256)
		return strake_store_find(store, w->kind, w->hash);
	return strake_store_has(store, w->hash) ? g_strdup(w->hash) : NULL;
}

// -- a directory of files

// Copies @fd into the store and through its digests; nothing is kept of other bytes than wanted.
static bool take_fd(StrakeStore *store, const Wanted *w, int fd, bool *out_taken, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = strake_store_begin(store, error);
	g_autoptr(StrakeDigest) digest = strake_digest_new(w->kind);
	g_autofree char *buffer = g_malloc(CHUNK);
	g_autofree char *sha256 = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];
	size_t size;

	if (writer == NULL)
		return false;
	do {
		if (!strake_fd_read_full(fd, buffer, CHUNK, &size, w->name, error) ||
			!strake_fd_write_all(
				strake_store_writer_fd(writer), buffer, size, w->name, error))
			return false;
		strake_digest_update(digest, buffer, size);
	} while (size == CHUNK);
	strake_digest_hex(digest, hex);
	*out_taken = strcmp(hex, w->hash) == 0;
	return !*out_taken ||
	       (strake_store_commit(writer, NULL, &sha256, error) &&
		       strake_store_note_digest(store, w->kind, w->hash, sha256, error));
}

static bool take_from(StrakeStore *store, const Wanted *w, const char *from, GError **error)
{
	g_autofree char *path = g_build_filename(from, w->name, NULL);
	g_auto(strake_fd) fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool taken = false;

	if (fd < 0)
		return true;
	if (!take_fd(store, w, fd, &taken, error))
		return false;
	return taken || strake_error_set(error, STRAKE_ERROR_INTEGRITY,
				"'%s' holds other bytes than are listed: expected %s %s", path,
				strake_digest_name(w->kind), w->hash);
}

// -- the network

static bool cannot_fetch(const Wanted *w, GError **error)
{
	if (w->uri != NULL)
		return strake_error_set(error, STRAKE_ERROR_OFFLINE,
			"'%s' has to be fetched from %s; run once without --offline", w->name,
			w->uri);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "'%s' is not at hand%s%s", w->name,
		w->missing != NULL ? ": " : "", w->missing != NULL ? w->missing : "");
}

static bool fetch(const StrakeLookaside *files, StrakeStore *store, bool offline, GError **error)
{
	StrakeAptConfig config = {.retries = RETRIES, .timeout_s = TIMEOUT_S};
	g_autofree StrakeDownload *items = g_new0(StrakeDownload, files->wanted->len + 1);
	size_t n = 0;

	for (guint i = 0; i < files->wanted->len; i++) {
		const Wanted *w = files->wanted->pdata[i];
		g_autofree char *there = object_of(store, w);
		if (there != NULL)
			continue;
		if (w->uri == NULL || offline)
			return cannot_fetch(w, error);
		items[n++] = (StrakeDownload){.uri = w->uri,
			.name = w->name,
			.sha256 = w->kind == STRAKE_DIGEST_SHA256 ? w->hash : NULL,
			.kind = w->kind,
			.digest = w->hash,
			.size = MAX_BYTES,
			.any_size = true};
	}
	return n == 0 || strake_download_all(store, &config, items, n, "sources", NULL, error);
}

bool strake_lookaside_obtain(const StrakeLookaside *files, StrakeStore *store, bool offline,
	const char *from, StrakeFileTree *out, GError **error)
{
	for (guint i = 0; from != NULL && i < files->wanted->len; i++) {
		const Wanted *w = files->wanted->pdata[i];
		g_autofree char *there = object_of(store, w);
		if (there == NULL && !take_from(store, w, from, error))
			return false;
	}
	if (!fetch(files, store, offline, error))
		return false;
	for (guint i = 0; i < files->wanted->len; i++) {
		const Wanted *w = files->wanted->pdata[i];
		g_autofree char *sha256 = object_of(store, w);
		g_autoptr(GBytes) bytes = NULL;
		if (sha256 == NULL)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"'%s' went from the store while it was wanted", w->name);
		bytes = strake_store_map_object(store, sha256, error);
		if (bytes == NULL)
			return false;
		strake_file_tree_set(out, w->name, 0644, bytes);
	}
	return true;
}
