// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A disk is worked through in batches of clusters that hold data. Item 0 of a batch is its digest
// and its copy, which must be done in order; the others are clusters to compress.
#include "image/formats.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/parallel.h"
#include "format/vhd.h"
#include "image/qcow2.h"

enum { CLUSTER = STRAKE_QCOW2_CLUSTER, BATCH = STRAKE_QCOW2_BATCH };

typedef struct {
	const StrakeFormats *f;
	uint64_t size;
	uint64_t digested; // bytes of the disk that are in the digests
	StrakeDigest *raw;
	StrakeDigest *vhd;
	StrakeQcow2 *qcow2;
	uint8_t *plain; // the batch under way
	uint64_t first; // its first cluster
	size_t bytes;   // less than its clusters only at the end of the disk
} Pass;

static void pass_clear(Pass *p)
{
	g_clear_pointer(&p->raw, strake_digest_free);
	g_clear_pointer(&p->vhd, strake_digest_free);
	g_clear_pointer(&p->qcow2, strake_qcow2_free);
	g_free(p->plain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pass, pass_clear)

static void digest_zeros(Pass *p, uint64_t end)
{
	static const uint8_t zeros[CLUSTER];

	while (p->digested < end) {
		size_t n = (size_t)MIN(end - p->digested, sizeof(zeros));

		strake_digest_update(p->raw, zeros, n);
		p->digested += n;
	}
}

static bool write_at(int fd, const void *data, size_t size, uint64_t offset, GError **error)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pwrite(
			fd, (const uint8_t *)data + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return strake_error_errno(error, n < 0 ? errno : EIO, "write", "VHD file");
		done += (size_t)n;
	}
	return true;
}

static bool work_on(size_t index, void *data, GError **error)
{
	Pass *p = data;

	if (index > 0)
		return strake_qcow2_compress(p->qcow2, p->plain, index - 1, error);
	digest_zeros(p, p->first * CLUSTER);
	strake_digest_update(p->raw, p->plain, p->bytes);
	p->digested += p->bytes;
	return p->f->vhd_fd < 0 ||
	       write_at(p->f->vhd_fd, p->plain, p->bytes, p->first * CLUSTER, error);
}

// The first cluster from @cluster on that has data; behind the last one when there is none. What
// holds data up to *@out_end is one piece.
static bool find_data(const Pass *p, uint64_t cluster, uint64_t *out_first, uint64_t *out_end)
{
	off_t begin = lseek(p->f->raw_fd, (off_t)(cluster * CLUSTER), SEEK_DATA);
	off_t end = begin >= 0 ? lseek(p->f->raw_fd, begin, SEEK_HOLE) : -1;
	bool none = begin < 0 && errno == ENXIO;

	// A file system that cannot tell has no holes.
	*out_first = begin >= 0 ? (uint64_t)begin / CLUSTER : cluster;
	*out_end = end >= 0 ? ((uint64_t)end + CLUSTER - 1) / CLUSTER
			    : (p->size + CLUSTER - 1) / CLUSTER;
	return !none;
}

static bool read_batch(Pass *p, size_t clusters, GError **error)
{
	size_t wanted = (size_t)MIN(clusters * CLUSTER, p->size - p->first * CLUSTER);

	if (lseek(p->f->raw_fd, (off_t)(p->first * CLUSTER), SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "disk image");
	if (!strake_fd_read_full(p->f->raw_fd, p->plain, wanted, &p->bytes, "disk image", error))
		return false;
	if (p->bytes != wanted)
		return strake_error_set(error, STRAKE_ERROR_TRUNCATED,
			"the disk image became shorter while it was read");
	memset(p->plain + p->bytes, 0, clusters * CLUSTER - p->bytes);
	return true;
}

static bool work_through(Pass *p, GError **error)
{
	uint64_t end = 0;
	uint64_t next = 0;

	while (next < (p->size + CLUSTER - 1) / CLUSTER && find_data(p, next, &p->first, &end)) {
		size_t clusters = (size_t)MIN(BATCH, end - p->first);
		size_t items = p->qcow2 != NULL ? clusters + 1 : 1;

		if (!strake_cancel_check(error) || !read_batch(p, clusters, error) ||
			!strake_parallel_for(items, p->f->jobs, work_on, p, error) ||
			(p->qcow2 != NULL &&
				!strake_qcow2_put(p->qcow2, p->first, clusters, error)))
			return false;
		next = p->first + clusters;
	}
	digest_zeros(p, p->size);
	return true;
}

// A VHD is the disk with a footer, so its digest goes on where the disk's ends.
static bool finish_vhd(Pass *p, char *out_hex, GError **error)
{
	StrakeVhdFooter footer = {.size_bytes = p->size, .time_s = p->f->time_s};
	uint8_t bytes[STRAKE_VHD_FOOTER_BYTES];

	g_strlcpy(footer.uuid, p->f->vhd_uuid, sizeof(footer.uuid));
	if (!strake_vhd_footer_format(&footer, bytes, error) ||
		!write_at(p->f->vhd_fd, bytes, sizeof(bytes), p->size, error))
		return false;
	p->vhd = strake_digest_copy(p->raw);
	strake_digest_update(p->vhd, bytes, sizeof(bytes));
	strake_digest_hex(p->vhd, out_hex);
	return true;
}

static bool finish_qcow2(Pass *p, char *out_hex, GError **error)
{
	g_autofree char *sha256 = NULL;

	if (!strake_qcow2_finish(p->qcow2, error))
		return false;
	if (lseek(p->f->qcow2_fd, 0, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "qcow2 file");
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, p->f->qcow2_fd, "qcow2 file", error);
	if (sha256 != NULL)
		g_strlcpy(out_hex, sha256, 65);
	return sha256 != NULL;
}

bool strake_formats_write(const StrakeFormats *formats, StrakeFormatDigests *out, GError **error)
{
	g_auto(Pass) p = {.f = formats};
	char raw[STRAKE_DIGEST_HEX_MAX];
	char vhd[STRAKE_DIGEST_HEX_MAX] = "";
	char qcow2[STRAKE_DIGEST_HEX_MAX] = "";
	struct stat st;

	if (fstat(formats->raw_fd, &st) < 0)
		return strake_error_errno(error, errno, "examine", "disk image");
	p.size = (uint64_t)st.st_size;
	p.raw = strake_digest_new(STRAKE_DIGEST_SHA256);
	p.plain = g_malloc((size_t)BATCH * CLUSTER);
	if (formats->qcow2_fd >= 0 &&
		(p.qcow2 = strake_qcow2_new(formats->qcow2_fd, p.size, error)) == NULL)
		return false;
	if (!work_through(&p, error) || (formats->vhd_fd >= 0 && !finish_vhd(&p, vhd, error)) ||
		(p.qcow2 != NULL && !finish_qcow2(&p, qcow2, error)))
		return false;
	strake_digest_hex(p.raw, raw);
	g_strlcpy(out->raw, raw, sizeof(out->raw));
	g_strlcpy(out->vhd, vhd, sizeof(out->vhd));
	g_strlcpy(out->qcow2, qcow2, sizeof(out->qcow2));
	return true;
}
