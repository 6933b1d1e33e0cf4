// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the stages of strake_compose_disk hand to each other.
#pragma once

#include "image/compose.h"
#include "image/disk.h"
#include "image/toolbox.h"
#include "image/tree.h"

typedef struct {
	const StrakeCompose *c;
	StrakeToolbox toolbox;
	StrakeDiskIds ids;
	int root_fd;
	char *kernel;
	char *cmdline;
	uint64_t n_files;
	uint64_t content_bytes; // of the tree in an ext4 file system
	uint64_t root_bytes;    // of the root file system
	uint64_t uki_bytes;
	uint64_t initrd_bytes;
	uint64_t disk_bytes;
} StrakeComposeJob;

char *strake_compose_work_path(const StrakeComposeJob *job, const char *name);

/**
 * strake_compose_root: the tree as a file system: ext4 in WORK/disk.raw at its place, or erofs in
 * WORK/root.img with the file system for changes in WORK/state.img. Writes WORK/files.txt.
 */
bool strake_compose_root(StrakeComposeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_compose_esp: WORK/uki.efi in WORK/esp.img. */
bool strake_compose_esp(StrakeComposeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_compose_disk: WORK/disk.raw of them. */
bool strake_compose_disk(StrakeComposeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_compose_outputs: from WORK/disk.raw to the formats and the manifest in OUT. */
bool strake_compose_outputs(StrakeComposeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_compose_oci: layer, layout and archive of a container image, and the manifest. */
bool strake_compose_oci(StrakeComposeJob *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_compose_list: WORK/files.txt: size and path of every file, for the report. */
bool strake_compose_list(const StrakeComposeJob *job, const StrakeTree *tree,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
