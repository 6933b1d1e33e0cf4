// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Compressed qcow2 files: version 3, 64 KiB clusters, zstd; the same bytes whatever the number of
// threads. Snapshots, backing files and encryption are not written.
//
// Format: QEMU docs/interop/qcow2.txt.
//     file := header(1 cluster) L1-table refcount-table L2-tables compressed-data refcount-blocks
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STRAKE_QCOW2_CLUSTER = 1 << 16, STRAKE_QCOW2_BATCH = 128 };

typedef struct StrakeQcow2 StrakeQcow2;

/** strake_qcow2_new: @out_fd: an empty file, borrowed; @disk_bytes: a multiple of 512. */
StrakeQcow2 *strake_qcow2_new(
	int out_fd, uint64_t disk_bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_qcow2_compress: cluster @index of the batch of clusters at @batch; any thread. */
bool strake_qcow2_compress(StrakeQcow2 *q, const uint8_t *batch, size_t index,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_qcow2_put: writes the compressed batch, whose first cluster is number @first. */
bool strake_qcow2_put(
	StrakeQcow2 *q, uint64_t first, size_t clusters, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_qcow2_finish: writes the tables. */
bool strake_qcow2_finish(StrakeQcow2 *q, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_qcow2_free(StrakeQcow2 *q);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeQcow2, strake_qcow2_free)
