// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Objects and keys as files; atomicity by O_TMPFILE-like temporaries and rename.
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"

enum { KEY_MAX_BYTES = 16 * 1024 * 1024, KEEP_TEMPORARY_S = 24 * 60 * 60 };
#define DIGEST_KIND "digest"

struct StrakeStore {
	char *path;
	int dir_fd;
	int next_temporary; // atomic
};

struct StrakeStoreWriter {
	StrakeStore *store; // borrowed
	char *temporary;    // below the store, NULL once committed
	int fd;
	bool keep; // leave what was written for strake_store_resume
};

// Drops what killed processes left in tmp/ more than a day ago.
static void sweep(const StrakeStore *store)
{
	g_autofree char *path = g_build_filename(store->path, "tmp", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	int64_t oldest_s = g_get_real_time() / G_USEC_PER_SEC - KEEP_TEMPORARY_S;
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename("tmp", name, NULL);
		struct stat st;

		if (fstatat(store->dir_fd, below, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && st.st_mtime < oldest_s)
			unlinkat(store->dir_fd, below, 0);
	}
}

StrakeStore *strake_store_open(const char *path, GError **error)
{
	static const char *const folders[] = {"objects", "keys", "tmp"};
	g_autoptr(StrakeStore) store = g_new0(StrakeStore, 1);

	store->dir_fd = -1;
	if (path == NULL) {
		store->path = strake_path_user_cache();
	} else {
		store->path = g_canonicalize_filename(path, NULL);
	}
	if (!strake_path_mkdirs(AT_FDCWD, store->path, error) ||
		!strake_path_open_dir(AT_FDCWD, store->path, &store->dir_fd, error))
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		if (!strake_path_mkdirs(store->dir_fd, folders[i], error))
			return NULL;
	sweep(store);
	return g_steal_pointer(&store);
}

void strake_store_free(StrakeStore *store)
{
	if (store == NULL)
		return;
	if (store->dir_fd >= 0)
		strake_fd_close(store->dir_fd);
	g_free(store->path);
	g_free(store);
}

const char *strake_store_path(const StrakeStore *store)
{
	return store->path;
}

int strake_store_dir_fd(const StrakeStore *store)
{
	return store->dir_fd;
}

static char *object_name(const char *sha256)
{
	return g_strdup_printf("objects/%.2s/%s", sha256, sha256 + 2);
}

static bool check_sha256(const char *sha256, GError **error)
{
	if (strake_digest_is_hex(STRAKE_DIGEST_SHA256, sha256))
		return true;
	return strake_error_set(
		error, STRAKE_ERROR_INVALID, "'%s' is not a SHA-256 digest", sha256);
}

char *strake_store_object_path(const StrakeStore *store, const char *sha256)
{
	g_autofree char *name = object_name(sha256);

	return g_build_filename(store->path, name, NULL);
}

// An object carries its size as its time of change: what a power cut, a full disk or a person cut
// off or wrote over is seen without reading it. Below the range of every file system's times.
static time_t mark_of(off_t size)
{
	return (time_t)(size & 0x3fffffff);
}

static void mark(int fd)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return;
	times[1].tv_sec = mark_of(st.st_size);
	(void)futimens(fd, times); // without it the object is read once more, no harm
}

// Reads an object without the mark: it is marked when it is what its name says, else dropped.
static bool examine(StrakeStore *store, const char *name, const char *sha256)
{
	g_auto(strake_fd) fd = openat(store->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	g_autofree char *digest = NULL;

	if (fd < 0)
		return false;
	digest = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, name, NULL);
	if (digest == NULL)
		return false;
	if (strcmp(digest, sha256) == 0) {
		mark(fd);
		return true;
	}
	strake_warn("the store's object %.16s... was damaged and is dropped", sha256);
	unlinkat(store->dir_fd, name, 0);
	return false;
}

bool strake_store_has(StrakeStore *store, const char *sha256)
{
	g_autofree char *name = NULL;
	struct stat st;

	if (!check_sha256(sha256, NULL))
		return false;
	name = object_name(sha256);
	if (fstatat(store->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return false;
	return st.st_mtime == mark_of(st.st_size) || examine(store, name, sha256);
}

bool strake_store_open_object(StrakeStore *store, const char *sha256, int *out_fd, GError **error)
{
	g_autofree char *name = NULL;
	int fd;

	if (!check_sha256(sha256, error))
		return false;
	if (!strake_store_has(store, sha256))
		return strake_error_errno(error, ENOENT, "open object", sha256);
	name = object_name(sha256);
	fd = openat(store->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return strake_error_errno(error, errno, "open object", sha256);
	*out_fd = fd;
	return true;
}

GBytes *strake_store_map_object(StrakeStore *store, const char *sha256, GError **error)
{
	g_autofree char *name = NULL;

	if (!check_sha256(sha256, error))
		return NULL;
	if (!strake_store_has(store, sha256)) {
		strake_error_errno(error, ENOENT, "open object", sha256);
		return NULL;
	}
	name = object_name(sha256);
	return strake_file_map_at(store->dir_fd, name, error);
}

void strake_store_remove(StrakeStore *store, const char *sha256)
{
	g_autofree char *name = NULL;

	if (!check_sha256(sha256, NULL))
		return;
	name = object_name(sha256);
	unlinkat(store->dir_fd, name, 0);
}

StrakeStoreWriter *strake_store_begin(StrakeStore *store, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = g_new0(StrakeStoreWriter, 1);

	writer->store = store;
	writer->temporary = g_strdup_printf(
		"tmp/%d-%d", (int)getpid(), g_atomic_int_add(&store->next_temporary, 1));
	writer->fd = openat(store->dir_fd, writer->temporary,
		O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (writer->fd < 0) {
		strake_error_errno(error, errno, "create", writer->temporary);
		g_clear_pointer(&writer->temporary, g_free);
		return NULL;
	}
	return g_steal_pointer(&writer);
}

// Opens and locks the file of a download that may have begun earlier. *@out_fd is -1 when another
// process has it.
static bool open_partial(StrakeStore *store, const char *name, int *out_fd, GError **error)
{
	for (;;) {
		g_auto(strake_fd) fd = openat(
			store->dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat opened, named;

		if (fd < 0)
			return strake_error_errno(error, errno, "create", name);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			*out_fd = -1;
			return true;
		}
		// Committed by another process between open and lock: its file is an object now.
		if (fstat(fd, &opened) < 0)
			return strake_error_errno(error, errno, "look at", name);
		if (fstatat(store->dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
			named.st_ino != opened.st_ino)
			continue;
		*out_fd = strake_fd_steal(&fd);
		return true;
	}
}

StrakeStoreWriter *strake_store_resume(
	StrakeStore *store, const char *sha256, uint64_t *out_size, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = NULL;
	g_autofree char *name = NULL;
	g_auto(strake_fd) fd = -1;
	off_t size;

	if (!check_sha256(sha256, error))
		return NULL;
	name = g_strdup_printf("tmp/partial-%s", sha256);
	if (!open_partial(store, name, &fd, error))
		return NULL;
	if (fd < 0) {
		*out_size = 0;
		return strake_store_begin(store, error);
	}
	size = lseek(fd, 0, SEEK_END);
	if (size < 0) {
		strake_error_errno(error, errno, "seek in", name);
		return NULL;
	}
	writer = g_new0(StrakeStoreWriter, 1);
	writer->store = store;
	writer->keep = true;
	writer->temporary = g_steal_pointer(&name);
	writer->fd = strake_fd_steal(&fd);
	*out_size = (uint64_t)size;
	return g_steal_pointer(&writer);
}

bool strake_store_writer_restart(StrakeStoreWriter *writer, GError **error)
{
	if (ftruncate(writer->fd, 0) < 0 || lseek(writer->fd, 0, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "empty", writer->temporary);
	return true;
}

int strake_store_writer_fd(const StrakeStoreWriter *writer)
{
	return writer->fd;
}

static char *digest_of_written(StrakeStoreWriter *writer, GError **error)
{
	if (lseek(writer->fd, 0, SEEK_SET) < 0) {
		strake_error_errno(error, errno, "seek in", writer->temporary);
		return NULL;
	}
	return strake_digest_fd(STRAKE_DIGEST_SHA256, writer->fd, writer->temporary, error);
}

bool strake_store_commit(
	StrakeStoreWriter *writer, const char *sha256, char **out_sha256, GError **error)
{
	int dir_fd = writer->store->dir_fd;
	g_autofree char *digest =
		sha256 != NULL ? g_strdup(sha256) : digest_of_written(writer, error);
	g_autofree char *name = NULL;
	g_autofree char *parent = NULL;

	if (digest == NULL || !check_sha256(digest, error))
		return false;
	name = object_name(digest);
	parent = g_path_get_dirname(name);
	if (!strake_path_mkdirs(dir_fd, parent, error))
		return false;
	mark(writer->fd);
	if (fchmod(writer->fd, 0444) < 0 || renameat(dir_fd, writer->temporary, dir_fd, name) < 0)
		return strake_error_errno(error, errno, "store object", digest);
	g_clear_pointer(&writer->temporary, g_free);
	if (out_sha256 != NULL)
		*out_sha256 = g_steal_pointer(&digest);
	return true;
}

void strake_store_writer_free(StrakeStoreWriter *writer)
{
	struct stat st;

	if (writer == NULL)
		return;
	if (writer->keep && fstat(writer->fd, &st) == 0 && st.st_size == 0)
		writer->keep = false;
	// Removed while the lock is held, so that nobody else is using it.
	if (writer->temporary != NULL && !writer->keep)
		unlinkat(writer->store->dir_fd, writer->temporary, 0);
	if (writer->fd >= 0)
		strake_fd_close(writer->fd);
	g_free(writer->temporary);
	g_free(writer);
}

bool strake_store_add(
	StrakeStore *store, const void *data, size_t size, char **out_sha256, GError **error)
{
	g_autofree char *digest = strake_digest_data(STRAKE_DIGEST_SHA256, data, size);
	g_autoptr(StrakeStoreWriter) writer = NULL;

	if (!strake_store_has(store, digest)) {
		writer = strake_store_begin(store, error);
		if (writer == NULL ||
			!strake_fd_write_all(writer->fd, data, size, "object", error) ||
			!strake_store_commit(writer, digest, NULL, error))
			return false;
	}
	if (out_sha256 != NULL)
		*out_sha256 = g_steal_pointer(&digest);
	return true;
}

static char *key_name(const char *kind, const char *fingerprint)
{
	return g_strdup_printf("keys/%s/%.2s/%s", kind, fingerprint, fingerprint + 2);
}

GBytes *strake_store_get_key(
	StrakeStore *store, const char *kind, const char *fingerprint, GError **error)
{
	g_autofree char *name = NULL;

	if (!check_sha256(fingerprint, error))
		return NULL;
	name = key_name(kind, fingerprint);
	return strake_file_read_at(store->dir_fd, name, KEY_MAX_BYTES, error);
}

bool strake_store_put_key(StrakeStore *store, const char *kind, const char *fingerprint,
	const void *data, size_t size, GError **error)
{
	g_autoptr(StrakeStoreWriter) writer = NULL;
	g_autofree char *name = NULL;
	g_autofree char *parent = NULL;

	if (!check_sha256(fingerprint, error))
		return false;
	name = key_name(kind, fingerprint);
	parent = g_path_get_dirname(name);
	writer = strake_store_begin(store, error);
	if (writer == NULL || !strake_path_mkdirs(store->dir_fd, parent, error) ||
		!strake_fd_write_all(writer->fd, data, size, name, error))
		return false;
	if (renameat(store->dir_fd, writer->temporary, store->dir_fd, name) < 0)
		return strake_error_errno(error, errno, "keep", name);
	g_clear_pointer(&writer->temporary, g_free);
	return true;
}

// -- other digests

char *strake_store_digest_key(StrakeDigestKind kind, const char *hex)
{
	g_autofree char *text = g_strdup_printf("%s %s", strake_digest_name(kind), hex);

	return strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
}

char *strake_store_find(StrakeStore *store, StrakeDigestKind kind, const char *hex)
{
	g_autofree char *key = strake_store_digest_key(kind, hex);
	g_autoptr(GBytes) value = strake_store_get_key(store, DIGEST_KIND, key, NULL);
	g_autofree char *sha256 = NULL;

	if (value == NULL)
		return NULL;
	sha256 = g_strndup(g_bytes_get_data(value, NULL), g_bytes_get_size(value));
	return check_sha256(sha256, NULL) && strake_store_has(store, sha256)
		       ? g_steal_pointer(&sha256)
		       : NULL;
}

bool strake_store_note_digest(StrakeStore *store, StrakeDigestKind kind, const char *hex,
	const char *sha256, GError **error)
{
	g_autofree char *key = strake_store_digest_key(kind, hex);

	return strake_store_put_key(store, DIGEST_KIND, key, sha256, strlen(sha256), error);
}
