// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Compressed qcow2 files from raw disks: version 3, 64 KiB clusters, zstd, all cores, same bytes
// whatever the number of threads. Snapshots, backing files and encryption are not written.
//
// Format: QEMU docs/interop/qcow2.txt.
//     file := header(1 cluster) L1-table refcount-table L2-tables compressed-data refcount-blocks
#pragma once

#include <glib.h>
#include <stdbool.h>

/** strake_qcow2_write: @raw_fd: the disk, a multiple of 512 bytes; @out_fd: an empty file. */
bool strake_qcow2_write(
	int raw_fd, int out_fd, unsigned jobs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
