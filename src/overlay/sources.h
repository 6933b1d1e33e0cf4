// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A component's source files as overlays see them: of a directory, whose changes are kept aside
// until the commit, or all in memory.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct StrakeSources StrakeSources;

/** strake_sources_open: lists @dir, never through a symbolic link and without ".git". */
StrakeSources *strake_sources_open(const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_sources_new: none yet, all in memory; fill it with strake_sources_put. */
StrakeSources *strake_sources_new(void);
/** strake_sources_put: @mode: S_IFLNK for a link, whose target @content is then. */
void strake_sources_put(StrakeSources *sources, const char *path, GBytes *content, mode_t mode);
/** strake_sources_each: calls @visit for all files and links that are in memory, in no order. */
typedef void (*StrakeSourcesVisit)(const char *path, GBytes *content, mode_t mode, void *data);
bool strake_sources_each(StrakeSources *sources, StrakeSourcesVisit visit, void *data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_sources_free: also drops what was staged and not committed. */
void strake_sources_free(StrakeSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSources, strake_sources_free)

/** strake_sources_glob: regular files but specs that match, sorted; of char *, copies.
 * Errors: INVALID for the pattern, NOT_FOUND when there is none. */
GPtrArray *strake_sources_glob(
	StrakeSources *sources, const char *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_sources_has: whether there is a regular file @path. */
bool strake_sources_has(const StrakeSources *sources, const char *path);
/** strake_sources_read: a file's content at this point. */
GBytes *strake_sources_read(
	StrakeSources *sources, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_sources_open_file: descriptor of a file that no overlay has changed. */
bool strake_sources_open_file(StrakeSources *sources, const char *path, int *out_fd,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_sources_add: a new file. Errors: EXISTS, INVALID for a name that leads astray. */
bool strake_sources_add(StrakeSources *sources, const char *path, GBytes *content, mode_t mode,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_sources_write: new content, same mode. */
void strake_sources_write(StrakeSources *sources, const char *path, GBytes *content);
/** strake_sources_write_fd: as write, for content written to a descriptor from
 * strake_sources_stage_new. */
void strake_sources_write_staged(StrakeSources *sources, const char *path, const char *staged);
/** strake_sources_stage_new: a new file in the staging directory; @out_name is its name there. */
bool strake_sources_stage_new(StrakeSources *sources, char **out_name, int *out_fd,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_sources_remove(StrakeSources *sources, const char *path);
/** strake_sources_rename: inside the same directory; replaces an existing file. */
bool strake_sources_rename(StrakeSources *sources, const char *path, const char *new_path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_sources_stage: writes all new content to the staging directory: what can fail for want
 * of space fails here. */
bool strake_sources_stage(StrakeSources *sources, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_sources_commit: all changes in one step, as a new directory that takes the place of the
 * old one. Where that cannot be (a mount point, a file system without exchange or links, no right
 * to write beside it), file after file; on failure all is put back. In memory it does nothing. */
bool strake_sources_commit(StrakeSources *sources, GError **error) G_GNUC_WARN_UNUSED_RESULT;
