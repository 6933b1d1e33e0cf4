// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// qcow2 writer. The clusters of a batch are compressed by whoever asks, and written in order.
#include "image/qcow2.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/fd.h"

enum {
	CLUSTER_BITS = 16,
	CLUSTER = STRAKE_QCOW2_CLUSTER,
	L2_ENTRIES = CLUSTER / 8,
	BLOCK_ENTRIES = CLUSTER / 2, // 16-bit reference counts
	ZSTD_LEVEL = 1,              // 3 % larger than 3, for 60 % of its time
	SECTOR = 512,
	COMPRESSED_SHIFT = 62 - (CLUSTER_BITS - 8), // where an L2 entry counts its sectors
};

struct StrakeQcow2 {
	int out_fd;
	uint64_t size; // of the disk
	uint64_t n_clusters;
	uint64_t l1_entries;
	uint64_t l1_clusters;
	uint64_t table_offset;
	uint64_t l2_offset;
	uint64_t at;       // end of what was written
	uint64_t *l2;      // all tables, one after the other, big-endian
	GArray *refcounts; // uint16_t a host cluster
	// The batch under way.
	uint8_t *packed;                         // STRAKE_QCOW2_BATCH times bound
	size_t packed_sizes[STRAKE_QCOW2_BATCH]; // 0: all zeros
	size_t bound;
};

void strake_qcow2_free(StrakeQcow2 *q)
{
	if (q == NULL)
		return;
	g_free(q->l2);
	g_free(q->packed);
	g_clear_pointer(&q->refcounts, g_array_unref);
	g_free(q);
}

static bool pwrite_all(int fd, const void *data, size_t size, uint64_t offset, GError **error)
{
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "qcow2 file");
	return strake_fd_write_all(fd, data, size, "qcow2 file", error);
}

static void add_reference(StrakeQcow2 *q, uint64_t offset, uint64_t size)
{
	uint64_t first = offset / CLUSTER;
	uint64_t last = (offset + size - 1) / CLUSTER;

	if (last >= q->refcounts->len)
		g_array_set_size(q->refcounts, (guint)last + 1);
	for (uint64_t i = first; i <= last; i++)
		g_array_index(q->refcounts, uint16_t, i)++;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

bool strake_qcow2_compress(StrakeQcow2 *q, const uint8_t *batch, size_t index, GError **error)
{
	const uint8_t *plain = batch + index * CLUSTER;
	size_t n;

	q->packed_sizes[index] = 0;
	if (is_zero(plain, CLUSTER))
		return true;
	n = ZSTD_compress(q->packed + index * q->bound, q->bound, plain, CLUSTER, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "compress a cluster: %s", ZSTD_getErrorName(n));
	q->packed_sizes[index] = n;
	return true;
}

bool strake_qcow2_put(StrakeQcow2 *q, uint64_t first, size_t clusters, GError **error)
{
	for (size_t i = 0; i < clusters; i++) {
		size_t n = q->packed_sizes[i];
		uint64_t sectors;

		if (n == 0)
			continue;
		if (!pwrite_all(q->out_fd, q->packed + i * q->bound, n, q->at, error))
			return false;
		sectors = (q->at + n - 1) / SECTOR - q->at / SECTOR;
		q->l2[first + i] = htobe64(1ull << 62 | sectors << COMPRESSED_SHIFT | q->at);
		add_reference(q, q->at, n);
		q->at += n;
	}
	return true;
}

static void put32(uint8_t *at, uint32_t v)
{
	v = htobe32(v);
	memcpy(at, &v, 4);
}

static void put64(uint8_t *at, uint64_t v)
{
	v = htobe64(v);
	memcpy(at, &v, 8);
}

static bool write_header(StrakeQcow2 *q, GError **error)
{
	uint8_t h[112 + 8] = {0};

	memcpy(h, "QFI\xfb", 4);
	put32(h + 4, 3);
	put32(h + 20, CLUSTER_BITS);
	put64(h + 24, q->size);
	put32(h + 36, (uint32_t)q->l1_entries);
	put64(h + 40, CLUSTER);
	put64(h + 48, q->table_offset);
	put32(h + 56, 1);         // clusters of the refcount table
	put64(h + 72, 1ull << 3); // incompatible feature: compression type is given
	put32(h + 96, 4);         // refcounts of 2^4 bits
	put32(h + 100, 112);      // header length
	h[104] = 1;               // zstd
	return pwrite_all(q->out_fd, h, sizeof(h), 0, error);
}

// The blocks count themselves, so their number is found by trying.
static bool write_refcounts(StrakeQcow2 *q, GError **error)
{
	uint64_t begin = (q->at + CLUSTER - 1) / CLUSTER;
	uint64_t n_blocks = 1;
	g_autofree uint64_t *table = g_malloc0(CLUSTER);
	g_autofree uint16_t *counts = NULL;

	while (n_blocks * BLOCK_ENTRIES < begin + n_blocks)
		n_blocks++;
	if (n_blocks > CLUSTER / 8)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "qcow2: disk too large");
	for (uint64_t i = 0; i < n_blocks; i++) {
		add_reference(q, (begin + i) * CLUSTER, CLUSTER);
		table[i] = htobe64((begin + i) * CLUSTER);
	}
	counts = g_malloc0(n_blocks * CLUSTER);
	for (guint i = 0; i < q->refcounts->len; i++)
		counts[i] = htobe16(g_array_index(q->refcounts, uint16_t, i));
	return pwrite_all(q->out_fd, counts, n_blocks * CLUSTER, begin * CLUSTER, error) &&
	       pwrite_all(q->out_fd, table, CLUSTER, q->table_offset, error);
}

static bool write_tables(StrakeQcow2 *q, GError **error)
{
	g_autofree uint64_t *l1 = g_malloc0(q->l1_clusters * CLUSTER);

	for (uint64_t i = 0; i < q->l1_entries; i++)
		l1[i] = htobe64(1ull << 63 | (q->l2_offset + i * CLUSTER));
	for (uint64_t i = 0; i < q->l1_entries * L2_ENTRIES; i++)
		if ((be64toh(q->l2[i]) & 1ull << 62) == 0)
			q->l2[i] = 0;
	return pwrite_all(q->out_fd, l1, q->l1_clusters * CLUSTER, CLUSTER, error) &&
	       pwrite_all(q->out_fd, q->l2, q->l1_entries * CLUSTER, q->l2_offset, error);
}

StrakeQcow2 *strake_qcow2_new(int out_fd, uint64_t disk_bytes, GError **error)
{
	g_autoptr(StrakeQcow2) q = NULL;

	if (disk_bytes == 0 || disk_bytes % SECTOR != 0 || disk_bytes > 1ull << 43) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"qcow2: disk of %" G_GUINT64_FORMAT
			" bytes; expected a multiple of 512, at most 8 TiB",
			disk_bytes);
		return NULL;
	}
	q = g_new0(StrakeQcow2, 1);
	q->out_fd = out_fd;
	q->size = disk_bytes;
	q->n_clusters = (disk_bytes + CLUSTER - 1) / CLUSTER;
	q->l1_entries = (q->n_clusters + L2_ENTRIES - 1) / L2_ENTRIES;
	q->l1_clusters = (q->l1_entries * 8 + CLUSTER - 1) / CLUSTER;
	q->table_offset = (1 + q->l1_clusters) * CLUSTER;
	q->l2_offset = q->table_offset + CLUSTER;
	q->at = q->l2_offset + q->l1_entries * CLUSTER;
	q->l2 = g_malloc0(q->l1_entries * CLUSTER);
	q->bound = ZSTD_compressBound(CLUSTER);
	q->packed = g_malloc(STRAKE_QCOW2_BATCH * q->bound);
	q->refcounts = g_array_new(FALSE, TRUE, sizeof(uint16_t));
	for (uint64_t offset = 0; offset < q->at; offset += CLUSTER)
		add_reference(q, offset, CLUSTER);
	return g_steal_pointer(&q);
}

bool strake_qcow2_finish(StrakeQcow2 *q, GError **error)
{
	return write_refcounts(q, error) && write_tables(q, error) && write_header(q, error);
}
