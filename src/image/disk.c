// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// File systems by the tools tree's mkfs programs; the partition table by format/gpt.
#include "image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "format/gpt.h"

static void derive(const char *seed, const char *purpose, char out[37])
{
	g_autofree char *text = g_strconcat(seed, " ", purpose, NULL);
	g_autofree char *sha256 = strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));

	strake_gpt_uuid_from_digest(sha256, out);
}

void strake_disk_ids(const char *seed, StrakeDiskIds *out)
{
	derive(seed, "disk", out->disk);
	derive(seed, "esp", out->esp);
	derive(seed, "root partition", out->root);
	derive(seed, "root file system", out->root_fs);
	derive(seed, "directory hash", out->hash_seed);
}

// An empty sparse file of the given size; mkfs programs do not make it themselves everywhere.
static bool make_file(const StrakeToolbox *toolbox, const char *name, uint64_t size, GError **error)
{
	g_autofree char *path = g_build_filename(toolbox->work, name, NULL);
	g_auto(strake_fd) fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return strake_error_errno(error, errno, "create", path);
	return true;
}

bool strake_disk_esp(const StrakeToolbox *toolbox, const char *name, uint64_t size_bytes,
	const char *uki_name, const StrakeDiskIds *ids, GError **error)
{
	g_autofree char *volume = g_strndup(ids->esp, 8);
	const char *mkfs[] = {
		"mkfs.vfat", "--invariant", "-F", "32", "-n", "ESP", "-i", volume, name, NULL};
	const char *mmd[] = {"mmd", "-i", name, "::/EFI", "::/EFI/BOOT", NULL};
	const char *mcopy[] = {"mcopy", "-i", name, uki_name, "::/EFI/BOOT/BOOTX64.EFI", NULL};

	return make_file(toolbox, name, size_bytes, error) &&
	       strake_toolbox_run(toolbox, mkfs, NULL, NULL, error) &&
	       strake_toolbox_run(toolbox, mmd, NULL, NULL, error) &&
	       strake_toolbox_run(toolbox, mcopy, NULL, NULL, error);
}

bool strake_disk_ext4(const StrakeToolbox *toolbox, const char *name, uint64_t size_bytes,
	const char *labels_name, const StrakeDiskIds *ids, GError **error)
{
	g_autofree char *extended = g_strdup_printf(
		"hash_seed=%s,assume_storage_prezeroed=1,root_owner=0:0", ids->hash_seed);
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT "k", size_bytes / 1024);
	const char *mke2fs[] = {"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m",
		"1", "-L", "root", "-U", ids->root_fs, "-E", extended, "-d", "root.tar", name, size,
		NULL};
	const char *debugfs[] = {"debugfs", "-w", "-f", labels_name, name, NULL};
	g_autoptr(GBytes) said = NULL;

	if (!make_file(toolbox, name, size_bytes, error) ||
		!strake_toolbox_run(toolbox, mke2fs, NULL, NULL, error))
		return false;
	return labels_name == NULL || strake_toolbox_run(toolbox, debugfs, NULL, &said, error);
}

bool strake_disk_erofs(
	const StrakeToolbox *toolbox, const char *name, const StrakeDiskIds *ids, GError **error)
{
	g_autofree char *time = g_strdup_printf("-T%" G_GINT64_FORMAT, toolbox->time_s);
	const char *argv[] = {"mkfs.erofs", "--quiet", "--tar=f", "--mkfs-time", time, "-U",
		ids->root_fs, "-zzstd,level=3", "-C65536", "-Eztailpacking,fragments", name,
		"root.tar", NULL};

	return strake_toolbox_run(toolbox, argv, NULL, NULL, error);
}

// Copies what @path holds to @offset of @fd; holes stay holes.
static bool copy_sparse(const char *path, int fd, uint64_t offset, GError **error)
{
	g_auto(strake_fd) from = open(path, O_RDONLY | O_CLOEXEC);
	off_t at = 0;

	if (from < 0)
		return strake_error_errno(error, errno, "open", path);
	for (;;) {
		off_t begin = lseek(from, at, SEEK_DATA);
		off_t end = begin >= 0 ? lseek(from, begin, SEEK_HOLE) : -1;
		off_t to = (off_t)offset + begin;

		if (begin < 0 && errno == ENXIO)
			return true;
		if (begin < 0 || end < 0)
			return strake_error_errno(error, errno, "find the data of", path);
		at = begin;
		while (at < end) {
			ssize_t n = copy_file_range(from, &at, fd, &to, (size_t)(end - at), 0);
			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return strake_error_errno(
					error, n < 0 ? errno : EIO, "copy into the disk", path);
		}
	}
}

static bool file_size(const char *path, uint64_t *out, GError **error)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return strake_error_errno(error, errno, "examine", path);
	*out = (uint64_t)st.st_size;
	return true;
}

static bool write_at(int fd, GBytes *bytes, uint64_t offset, GError **error)
{
	size_t size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return strake_error_errno(error, errno, "seek in", "disk image");
	return strake_fd_write_all(fd, data, size, "disk image", error);
}

static uint64_t align(uint64_t size)
{
	return (size + STRAKE_DISK_ALIGN_BYTES - 1) / STRAKE_DISK_ALIGN_BYTES *
	       STRAKE_DISK_ALIGN_BYTES;
}

bool strake_disk_assemble(const StrakeDiskLayout *layout, const StrakeDiskIds *ids, int fd,
	uint64_t *out_bytes, GError **error)
{
	uint64_t esp_bytes = 0;
	uint64_t root_bytes = 0;
	uint64_t root_offset;
	uint64_t least;
	uint64_t total;
	g_autoptr(GBytes) head = NULL;
	g_autoptr(GBytes) tail = NULL;
	StrakeGptPartition p[2] = {
		{.type = STRAKE_GPT_TYPE_ESP, .name = "esp"},
                {.name = "root"                          }
        };

	if (!file_size(layout->esp_path, &esp_bytes, error) ||
		!file_size(layout->root_path, &root_bytes, error))
		return false;
	root_offset = STRAKE_DISK_ALIGN_BYTES + align(esp_bytes);
	root_bytes = align(MAX(root_bytes, layout->root_bytes));
	least = root_offset + root_bytes + STRAKE_DISK_ALIGN_BYTES;
	total = align(layout->disk_bytes != 0 ? layout->disk_bytes : least);
	if (total < least)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"disk-size: %" G_GUINT64_FORMAT
			" MiB are too few: this image needs %" G_GUINT64_FORMAT " MiB",
			total >> 20, least >> 20);
	p[0].first_sector = STRAKE_DISK_ALIGN_BYTES / STRAKE_GPT_SECTOR;
	p[0].last_sector = root_offset / STRAKE_GPT_SECTOR - 1;
	p[1].first_sector = root_offset / STRAKE_GPT_SECTOR;
	p[1].last_sector = (root_offset + root_bytes) / STRAKE_GPT_SECTOR - 1;
	p[1].flags = 1ull << STRAKE_GPT_FLAG_GROW;
	g_strlcpy(p[0].uuid, ids->esp, sizeof(p[0].uuid));
	g_strlcpy(p[1].uuid, ids->root, sizeof(p[1].uuid));
	g_strlcpy(p[1].type, layout->root_type, sizeof(p[1].type));
	if (!strake_gpt_format(ids->disk, total / STRAKE_GPT_SECTOR, p, 2, &head, &tail, error))
		return false;
	if (ftruncate(fd, (off_t)total) < 0)
		return strake_error_errno(error, errno, "size", "disk image");
	if (!write_at(fd, head, 0, error) ||
		!copy_sparse(layout->esp_path, fd, STRAKE_DISK_ALIGN_BYTES, error) ||
		!copy_sparse(layout->root_path, fd, root_offset, error) ||
		!write_at(fd, tail, total - STRAKE_GPT_TAIL_BYTES, error))
		return false;
	*out_bytes = total;
	return true;
}
