// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The files of one component in memory, and directories that appear whole or not at all.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
	char *path;  // relative, clean
	mode_t mode; // 0644, 0755, or S_IFLNK: the content is the link's target
	GBytes *content;
} StrakeFileTreeEntry;

typedef struct StrakeFileTree StrakeFileTree;

StrakeFileTree *strake_file_tree_new(void);
void strake_file_tree_free(StrakeFileTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeFileTree, strake_file_tree_free)

/** strake_file_tree_set: adds or replaces; takes a reference of @content. */
void strake_file_tree_set(StrakeFileTree *tree, const char *path, mode_t mode, GBytes *content);
void strake_file_tree_set_text(StrakeFileTree *tree, const char *path, const char *text);
void strake_file_tree_remove(StrakeFileTree *tree, const char *path);
const StrakeFileTreeEntry *strake_file_tree_get(const StrakeFileTree *tree, const char *path);
/** strake_file_tree_files: of StrakeFileTreeEntry, sorted by path; borrowed until the next change.
 */
const GPtrArray *strake_file_tree_files(StrakeFileTree *tree);

/** strake_file_tree_read: all of @path below @dir_fd but ".git"; other than files and links are
 * left out. Errors: NOT_FOUND, LIMIT. */
StrakeFileTree *strake_file_tree_read(
	int dir_fd, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_file_tree_equal: the same paths, modes and bytes. */
bool strake_file_tree_equal(StrakeFileTree *a, StrakeFileTree *b);

/** strake_file_tree_write_into: the files in the empty directory @dir_fd. */
bool strake_file_tree_write_into(
	StrakeFileTree *tree, int dir_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_file_tree_replace: directory @name below @dir_fd becomes exactly this tree, in one step:
 * made beside it, then swapped. On failure the old one stays. */
bool strake_file_tree_replace(StrakeFileTree *tree, int dir_fd, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_file_tree_stamp: a digest of names, sizes, inodes and times below directory @path: while
 * it is the same, nothing was changed there. NULL when there is no such directory; free with
 * g_free. */
char *strake_file_tree_stamp(int dir_fd, const char *path);
