// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Paths below a directory descriptor, safe against symbolic links that lead out of it.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * strake_path_open_beneath: opens @path below @root_fd with openat2(RESOLVE_IN_ROOT): absolute
 * links and ".." are resolved as if @root_fd were "/", so nothing outside can be reached.
 * @out_fd: written on success, owned by the caller, close-on-exec
 */
bool strake_path_open_beneath(int root_fd, const char *path, int flags, mode_t mode, int *out_fd,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_path_open_dir: opens a directory by name for use as a directory descriptor. */
bool strake_path_open_dir(
	int at_fd, const char *path, int *out_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_path_mkdirs: makes @path and its parents below @at_fd (AT_FDCWD for a path from the
 * user), mode 0755 less umask; an existing directory is fine. Follows links: only for trusted
 * places; below a foreign root use strake_path_mkdirs_beneath.
 */
bool strake_path_mkdirs(int at_fd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool strake_path_mkdirs_beneath(
	int root_fd, const char *path, mode_t mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_path_remove_tree: removes @path and all below it, never through a link or out of the
 * file system it began in; a missing @path is fine. */
bool strake_path_remove_tree(int at_fd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_path_is_clean: true for a relative path without empty, "." or ".." components and
 * without NUL or a trailing slash: what an archive may name below its root.
 */
bool strake_path_is_clean(const char *path);

/** strake_path_link_stays: whether a symbolic link at the clean @path with this @target leads to
 * something below the root that @path is relative to. Names only: other links are not looked at. */
bool strake_path_link_stays(const char *path, const char *target);

/** strake_path_user_cache: "$XDG_CACHE_HOME/strake" or its default; free with g_free. */
char *strake_path_user_cache(void);
/** strake_path_user_data: "$XDG_DATA_HOME/strake" or its default (keys); free with g_free. */
char *strake_path_user_data(void);
