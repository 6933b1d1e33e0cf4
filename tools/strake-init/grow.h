// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Grows the root partition to the end of its disk, and its file system with it: the image is as
// small as its content, the machine's disk is not.
// Format: UEFI specification 2.10, chapter 5; flag bit 59 ("grow") by the UAPI group's Discoverable
// Partitions Specification.
#pragma once

#include "sys.h"

/**
 * grow_partition: @name: of the partition's device ("vda2"). Does nothing unless the partition is
 * the disk's last, has the flag, and at least 1 MiB follows it. The table's copy at the new end of
 * the disk is written before the one at its start, so that a power cut leaves a valid one.
 * Returns 1 when it grew, 0 when nothing was to be done, or -errno.
 */
StrakeErrno grow_partition(const char *name);

/** grow_filesystem: an ext4 file system mounted at @path, to the size of partition @name. */
StrakeErrno grow_filesystem(const char *path, const char *name);

/**
 * partition_has_uuid: whether the partition table of the disk gives partition @name the GUID @uuid
 * (text, any case). For kernels whose uevents do not tell it, such as 6.12.
 */
bool partition_has_uuid(const char *name, const char *uuid);
