// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From a packed tree and a UKI to a bootable disk: EFI system partition, root file system,
// partition table. All identifiers come from a seed, so that equal inputs give equal disks.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/toolbox.h"

enum { STRAKE_DISK_ALIGN_BYTES = 1 << 20 };

typedef struct {
	char disk[37];
	char esp[37];
	char root[37];    // partition UUID, named on the kernel command line
	char root_fs[37]; // file system UUID
	char state[37];   // partition UUID of the writable layer over a read-only root
	char state_fs[37];
	char hash_seed[37];
} StrakeDiskIds;

/** strake_disk_ids: @seed: SHA-256 in hex of the image's inputs. */
void strake_disk_ids(const char *seed, StrakeDiskIds *out);

/**
 * strake_disk_esp: makes "WORK/@name", a FAT32 file system of @size_bytes with
 * EFI/BOOT/BOOTX64.EFI taken from "WORK/@uki_name".
 */
bool strake_disk_esp(const StrakeToolbox *toolbox, const char *name, uint64_t size_bytes,
	const char *uki_name, const StrakeDiskIds *ids, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_disk_root_offset: where the root partition begins behind an EFI partition of that size.
 */
uint64_t strake_disk_root_offset(uint64_t esp_bytes);

/**
 * strake_disk_ext4: makes an ext4 file system of @size_bytes in "WORK/@name" at @offset, which is
 * made longer when needed. Its content comes as a tar archive from @tar_fd, and labels from the
 * debugfs commands in "WORK/@labels_name" (NULL: none).
 */
bool strake_disk_ext4(const StrakeToolbox *toolbox, const char *name, uint64_t offset,
	uint64_t size_bytes, int tar_fd, const char *labels_name, const StrakeDiskIds *ids,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_disk_erofs: makes "WORK/@name" from the archive, labels included, that @tar_fd yields. */
bool strake_disk_erofs(const StrakeToolbox *toolbox, const char *name, int tar_fd,
	const StrakeDiskIds *ids, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_disk_state: makes "WORK/@name", the ext4 file system that holds what changes over a
 * read-only root: /data is the upper folder of an overlay, /work what the kernel needs beside it.
 * @label: SELinux label of both, that of the root folder; NULL: none
 */
bool strake_disk_state(const StrakeToolbox *toolbox, const char *name, uint64_t size_bytes,
	const char *label, const StrakeDiskIds *ids, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	const char *esp_path;
	const char *root_path;  // NULL: root_bytes of it stand at their place in @fd already
	const char *state_path; // NULL: none, and the root grows
	uint64_t root_bytes;    // size of the root partition; 0: of the file system
	uint64_t disk_bytes;    // 0: as small as the partitions allow; rounded up to 1 MiB
	const char *root_type;  // GPT type GUID
} StrakeDiskLayout;

/**
 * strake_disk_assemble: writes a sparse raw disk into the file @fd. The last partition is the one
 * that grows. @out_bytes: its size. Errors: INVALID when disk_bytes is too small.
 */
bool strake_disk_assemble(const StrakeDiskLayout *layout, const StrakeDiskIds *ids, int fd,
	uint64_t *out_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
