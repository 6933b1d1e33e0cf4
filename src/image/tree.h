// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A root directory as a sorted list in memory: what the file system image, the labels, the manifest
// and the report are made of. Scanning reads names and attributes, not contents.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
	char *path;  // "" is the root itself, others without leading slash: "etc/passwd"
	mode_t mode; // type and permissions
	uid_t uid;   // as seen by the scanning process: scan inside the sandbox
	gid_t gid;
	int64_t mtime_s;                     // clamped to the tree's newest_s
	uint64_t size;                       // of regular files
	uint32_t device_major, device_minor; // of device nodes
	char *target;                        // symbolic link, or NULL
	char *link_to;                       // path of the first name of the same file, or NULL
	GBytes *capability;                  // security.capability, or NULL
	char *label;                         // SELinux context, or NULL: none
} StrakeTreeEntry;

typedef struct StrakeTree StrakeTree;

/**
 * strake_tree_scan: everything below @root_fd, never through a link, sorted by path bytes so that
 * a directory comes before what is in it.
 * @time_s: what was made by the build, so is newer than @keep_s (newest time that a package gave a
 *   file, or 0), gets this time; so do changed folders
 */
StrakeTree *strake_tree_scan(
	int root_fd, int64_t time_s, int64_t keep_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_tree_free(StrakeTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeTree, strake_tree_free)

size_t strake_tree_count(const StrakeTree *tree);
StrakeTreeEntry *strake_tree_entry(const StrakeTree *tree, size_t index);
/** strake_tree_find: @path without leading slash; NULL when missing. */
StrakeTreeEntry *strake_tree_find(const StrakeTree *tree, const char *path);

/** strake_tree_write_tar: pax archive of all entries with contents; labels and capabilities as
 * SCHILY.xattr records. @out_fd: at its offset. */
bool strake_tree_write_tar(
	const StrakeTree *tree, int root_fd, int out_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_tree_ext4_bytes: a lower bound of the ext4 file system (4096-byte blocks, 256-byte
 * inodes) that holds the tree, without journal and free space. */
uint64_t strake_tree_ext4_bytes(const StrakeTree *tree);
