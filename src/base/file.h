// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Whole files in memory, and files that appear whole or not at all.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * strake_file_read_at: the whole of regular file @path below @dir_fd (AT_FDCWD for the cwd).
 * @max_bytes: refuse more than this; the size is checked before anything is allocated
 * Errors: NOT_FOUND, LIMIT, FAILED. Returns owned bytes, NULL on error.
 */
GBytes *strake_file_read_at(
	int dir_fd, const char *path, size_t max_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_file_map_at: as read_at, but mapped; the file must not be truncated while in use. */
GBytes *strake_file_map_at(int dir_fd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_file_write_at: replaces @path atomically: written aside, synced, renamed. After a crash
 * the old or the new content is there, never a part. The directory must exist.
 */
bool strake_file_write_at(int dir_fd, const char *path, const void *data, size_t size, mode_t mode,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_file_lock: takes an exclusive lock on @path (made if missing); the lock lives as long as
 * the descriptor. Errors: LOCKED when another process holds it and @wait is false.
 */
bool strake_file_lock(int dir_fd, const char *path, bool wait, int *out_fd,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_tmpdir_new: a fresh directory mode 0700 below @parent (NULL: $TMPDIR); free path with
 * strake_tmpdir_free, which removes the tree too: g_autoptr(StrakeTmpdir). */
typedef struct {
	char *path;
	int fd;
} StrakeTmpdir;
StrakeTmpdir *strake_tmpdir_new(const char *parent, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_tmpdir_free(StrakeTmpdir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeTmpdir, strake_tmpdir_free)
