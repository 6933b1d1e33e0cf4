// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// qcow2 writer. Clusters are compressed in batches by all cores and written in order.
#include "image/qcow2.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"

enum {
	CLUSTER_BITS = 16,
	CLUSTER = 1 << CLUSTER_BITS,
	L2_ENTRIES = CLUSTER / 8,
	BLOCK_ENTRIES = CLUSTER / 2, // 16-bit reference counts
	BATCH = 128,
	ZSTD_LEVEL = 3,
	SECTOR = 512,
	COMPRESSED_SHIFT = 62 - (CLUSTER_BITS - 8), // where an L2 entry counts its sectors
};

typedef struct {
	int raw_fd;
	int out_fd;
	uint64_t size; // of the disk
	uint64_t n_clusters;
	uint64_t l2_offset;
	uint64_t at;       // end of what was written
	uint64_t *l2;      // all tables, one after the other, big-endian
	GArray *refcounts; // uint16_t a host cluster
	// The batch under way.
	uint64_t first;
	uint8_t *plain;             // BATCH clusters
	uint8_t *packed;            // BATCH times bound
	size_t packed_sizes[BATCH]; // 0: all zeros
	size_t bound;
} Qcow2;

static void qcow2_clear(Qcow2 *q)
{
	g_free(q->l2);
	g_free(q->plain);
	g_free(q->packed);
	g_clear_pointer(&q->refcounts, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Qcow2, qcow2_clear)

static bool pwrite_all(int fd, const void *data, size_t size, uint64_t offset, GError **error)
{
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "qcow2 file");
	return strake_fd_write_all(fd, data, size, "qcow2 file", error);
}

static void add_reference(Qcow2 *q, uint64_t offset, uint64_t size)
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

static bool compress_one(size_t index, void *data, GError **error)
{
	Qcow2 *q = data;
	const uint8_t *plain = q->plain + index * CLUSTER;
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

// Reads a batch at a multiple of the cluster size; what lies behind the disk's end is zero.
static bool read_batch(Qcow2 *q, size_t clusters, GError **error)
{
	size_t got = 0;

	if (lseek(q->raw_fd, (off_t)(q->first * CLUSTER), SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "disk image");
	if (!strake_fd_read_full(
		    q->raw_fd, q->plain, clusters * CLUSTER, &got, "disk image", error))
		return false;
	memset(q->plain + got, 0, clusters * CLUSTER - got);
	return true;
}

static bool write_batch(Qcow2 *q, size_t clusters, GError **error)
{
	for (size_t i = 0; i < clusters; i++) {
		size_t n = q->packed_sizes[i];
		uint64_t sectors;

		if (n == 0)
			continue;
		if (!pwrite_all(q->out_fd, q->packed + i * q->bound, n, q->at, error))
			return false;
		sectors = (q->at + n - 1) / SECTOR - q->at / SECTOR;
		q->l2[q->first + i] = htobe64(1ull << 62 | sectors << COMPRESSED_SHIFT | q->at);
		add_reference(q, q->at, n);
		q->at += n;
	}
	return true;
}

// Skips holes of the raw file, so that an empty disk costs nothing.
static uint64_t next_data(const Qcow2 *q, uint64_t cluster)
{
	off_t at = lseek(q->raw_fd, (off_t)(cluster * CLUSTER), SEEK_DATA);

	if (at < 0)
		return errno == ENXIO ? q->n_clusters : cluster;
	return (uint64_t)at / CLUSTER;
}

static bool write_data(Qcow2 *q, unsigned jobs, GError **error)
{
	for (q->first = next_data(q, 0); q->first < q->n_clusters;) {
		size_t clusters = (size_t)MIN(BATCH, q->n_clusters - q->first);

		if (!strake_cancel_check(error) || !read_batch(q, clusters, error) ||
			!strake_parallel_for(clusters, jobs, compress_one, q, error) ||
			!write_batch(q, clusters, error))
			return false;
		q->first = next_data(q, q->first + clusters);
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

static bool write_header(Qcow2 *q, uint64_t l1_entries, uint64_t table_offset, GError **error)
{
	uint8_t h[112 + 8] = {0};

	memcpy(h, "QFI\xfb", 4);
	put32(h + 4, 3);
	put32(h + 20, CLUSTER_BITS);
	put64(h + 24, q->size);
	put32(h + 36, (uint32_t)l1_entries);
	put64(h + 40, CLUSTER);
	put64(h + 48, table_offset);
	put32(h + 56, 1);         // clusters of the refcount table
	put64(h + 72, 1ull << 3); // incompatible feature: compression type is given
	put32(h + 96, 4);         // refcounts of 2^4 bits
	put32(h + 100, 112);      // header length
	h[104] = 1;               // zstd
	return pwrite_all(q->out_fd, h, sizeof(h), 0, error);
}

// The blocks count themselves, so their number is found by trying.
static bool write_refcounts(Qcow2 *q, uint64_t table_offset, GError **error)
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
	       pwrite_all(q->out_fd, table, CLUSTER, table_offset, error);
}

static bool write_tables(Qcow2 *q, uint64_t l1_entries, uint64_t l1_clusters, GError **error)
{
	g_autofree uint64_t *l1 = g_malloc0(l1_clusters * CLUSTER);

	for (uint64_t i = 0; i < l1_entries; i++)
		l1[i] = htobe64(1ull << 63 | (q->l2_offset + i * CLUSTER));
	for (uint64_t i = 0; i < l1_entries * L2_ENTRIES; i++)
		if ((be64toh(q->l2[i]) & 1ull << 62) == 0)
			q->l2[i] = 0;
	return pwrite_all(q->out_fd, l1, l1_clusters * CLUSTER, CLUSTER, error) &&
	       pwrite_all(q->out_fd, q->l2, l1_entries * CLUSTER, q->l2_offset, error);
}

bool strake_qcow2_write(int raw_fd, int out_fd, unsigned jobs, GError **error)
{
	g_auto(Qcow2) q = {.raw_fd = raw_fd, .out_fd = out_fd};
	struct stat st;
	uint64_t l1_entries;
	uint64_t l1_clusters;
	uint64_t table_offset;

	if (fstat(raw_fd, &st) < 0)
		return strake_error_errno(error, errno, "examine", "disk image");
	if (st.st_size <= 0 || st.st_size % SECTOR != 0 || st.st_size > (off_t)1 << 43)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"qcow2: disk of %jd bytes; expected a multiple of 512, at most 8 TiB",
			(intmax_t)st.st_size);
	q.size = (uint64_t)st.st_size;
	q.n_clusters = (q.size + CLUSTER - 1) / CLUSTER;
	l1_entries = (q.n_clusters + L2_ENTRIES - 1) / L2_ENTRIES;
	l1_clusters = (l1_entries * 8 + CLUSTER - 1) / CLUSTER;
	table_offset = (1 + l1_clusters) * CLUSTER;
	q.l2_offset = table_offset + CLUSTER;
	q.at = q.l2_offset + l1_entries * CLUSTER;
	q.l2 = g_malloc0(l1_entries * CLUSTER);
	q.bound = ZSTD_compressBound(CLUSTER);
	q.plain = g_malloc((size_t)BATCH * CLUSTER);
	q.packed = g_malloc(BATCH * q.bound);
	q.refcounts = g_array_new(FALSE, TRUE, sizeof(uint16_t));
	for (uint64_t offset = 0; offset < q.at; offset += CLUSTER)
		add_reference(&q, offset, CLUSTER);
	return write_data(&q, jobs, error) && write_refcounts(&q, table_offset, error) &&
	       write_tables(&q, l1_entries, l1_clusters, error) &&
	       write_header(&q, l1_entries, table_offset, error);
}
