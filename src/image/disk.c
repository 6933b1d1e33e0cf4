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
#include "base/file.h"
#include "format/gpt.h"

static uint64_t align(uint64_t size)
{
	return (size + STRAKE_DISK_ALIGN_BYTES - 1) / STRAKE_DISK_ALIGN_BYTES *
	       STRAKE_DISK_ALIGN_BYTES;
}

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
	derive(seed, "state partition", out->state);
	derive(seed, "state file system", out->state_fs);
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
	       strake_toolbox_run(toolbox, mkfs, 0, NULL, error) &&
	       strake_toolbox_run(toolbox, mmd, 0, NULL, error) &&
	       strake_toolbox_run(toolbox, mcopy, 0, NULL, error);
}

static bool make_ext4(const StrakeToolbox *toolbox, const char *name, uint64_t offset,
	uint64_t size_bytes, int tar_fd, const char *const *identity, GError **error)
{
	g_autofree char *extended = g_strdup_printf("%s,offset=%" G_GUINT64_FORMAT
						    ",assume_storage_prezeroed=1,root_owner=0:0",
		identity[2], offset);
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT "k", size_bytes / 1024);
	const char *argv[] = {"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m",
		"1", "-L", identity[0], "-U", identity[1], "-E", extended, name, size,
		tar_fd > 0 ? "-d" : NULL, "-", NULL};

	return make_file(toolbox, name, offset + size_bytes, error) &&
	       strake_toolbox_run(toolbox, argv, tar_fd, NULL, error);
}

bool strake_disk_ext4(const StrakeToolbox *toolbox, const char *name, uint64_t offset,
	uint64_t size_bytes, int tar_fd, const char *labels_name, const StrakeDiskIds *ids,
	GError **error)
{
	g_autofree char *hash = g_strconcat("hash_seed=", ids->hash_seed, NULL);
	g_autofree char *at = g_strdup_printf("%s?offset=%" G_GUINT64_FORMAT, name, offset);
	const char *identity[] = {"root", ids->root_fs, hash};
	const char *debugfs[] = {"debugfs", "-w", "-f", labels_name, at, NULL};
	g_autoptr(GBytes) said = NULL;

	return make_ext4(toolbox, name, offset, size_bytes, tar_fd, identity, error) &&
	       (labels_name == NULL || strake_toolbox_run(toolbox, debugfs, 0, &said, error));
}

// zstd at 64 KiB: the smallest for its time, by measurement (docs/images.md).
bool strake_disk_erofs(const StrakeToolbox *toolbox, const char *name, int tar_fd,
	const StrakeDiskIds *ids, GError **error)
{
	g_autofree char *time = g_strdup_printf("-T%" G_GINT64_FORMAT, toolbox->time_s);
	const char *argv[] = {"mkfs.erofs", "--quiet", "--tar=f", "--mkfs-time", time, "-U",
		ids->root_fs, "-zzstd,level=3", "-C65536", "-Eztailpacking,fragments", name, NULL};

	return strake_toolbox_run(toolbox, argv, tar_fd, NULL, error);
}

bool strake_disk_state(const StrakeToolbox *toolbox, const char *name, uint64_t size_bytes,
	const char *label, const StrakeDiskIds *ids, GError **error)
{
	static const char *const dirs[] = {"data", "work"};
	g_autofree char *hash = g_strconcat("hash_seed=", ids->hash_seed, NULL);
	g_autofree char *path = g_build_filename(toolbox->work, "state.debugfs", NULL);
	const char *identity[] = {"state", ids->state_fs, hash};
	const char *debugfs[] = {"debugfs", "-w", "-f", "state.debugfs", name, NULL};
	g_autoptr(GString) commands = g_string_new(NULL);
	g_autoptr(GBytes) said = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		g_string_append_printf(commands, "mkdir /%s\n", dirs[i]);
		if (label != NULL)
			g_string_append_printf(
				commands, "ea_set /%s security.selinux \"%s\"\n", dirs[i], label);
	}
	return make_ext4(toolbox, name, 0, size_bytes, 0, identity, error) &&
	       strake_file_write_at(AT_FDCWD, path, commands->str, commands->len, 0644, error) &&
	       strake_toolbox_run(toolbox, debugfs, 0, &said, error);
}

uint64_t strake_disk_root_offset(uint64_t esp_bytes)
{
	return STRAKE_DISK_ALIGN_BYTES + align(esp_bytes);
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

// Where each partition stands, in bytes.
typedef struct {
	uint64_t root_offset;
	uint64_t state_offset;
	uint64_t end; // of the last partition
} Places;

static bool place(const StrakeDiskLayout *layout, Places *out, GError **error)
{
	uint64_t esp_bytes = 0;
	uint64_t root_bytes = 0;
	uint64_t state_bytes = 0;

	if (!file_size(layout->esp_path, &esp_bytes, error) ||
		(layout->root_path != NULL && !file_size(layout->root_path, &root_bytes, error)) ||
		(layout->state_path != NULL && !file_size(layout->state_path, &state_bytes, error)))
		return false;
	out->root_offset = strake_disk_root_offset(esp_bytes);
	out->state_offset = out->root_offset + align(MAX(root_bytes, layout->root_bytes));
	out->end = out->state_offset + align(state_bytes);
	return true;
}

static void set_partition(StrakeGptPartition *p, const char *uuid, uint64_t begin, uint64_t end)
{
	p->first_sector = begin / STRAKE_GPT_SECTOR;
	p->last_sector = end / STRAKE_GPT_SECTOR - 1;
	g_strlcpy(p->uuid, uuid, sizeof(p->uuid));
}

bool strake_disk_assemble(const StrakeDiskLayout *layout, const StrakeDiskIds *ids, int fd,
	uint64_t *out_bytes, GError **error)
{
	g_autoptr(GBytes) head = NULL;
	g_autoptr(GBytes) tail = NULL;
	size_t n = layout->state_path != NULL ? 3 : 2;
	Places at;
	uint64_t least;
	uint64_t total;
	StrakeGptPartition p[3] = {
		{.type = STRAKE_GPT_TYPE_ESP, .name = "esp"},
		{.name = "root"},
		{.type = STRAKE_GPT_TYPE_LINUX, .name = "state"},
	};

	if (!place(layout, &at, error))
		return false;
	least = at.end + STRAKE_DISK_ALIGN_BYTES;
	total = align(layout->disk_bytes != 0 ? layout->disk_bytes : least);
	if (total < least)
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"disk-size: %" G_GUINT64_FORMAT
			" MiB are too few: this image needs %" G_GUINT64_FORMAT " MiB",
			total >> 20, least >> 20);
	set_partition(&p[0], ids->esp, STRAKE_DISK_ALIGN_BYTES, at.root_offset);
	set_partition(&p[1], ids->root, at.root_offset, at.state_offset);
	set_partition(&p[2], ids->state, at.state_offset, at.end);
	p[n - 1].flags = 1ull << STRAKE_GPT_FLAG_GROW;
	g_strlcpy(p[1].type, layout->root_type, sizeof(p[1].type));
	if (!strake_gpt_format(ids->disk, total / STRAKE_GPT_SECTOR, p, n, &head, &tail, error))
		return false;
	if (ftruncate(fd, (off_t)total) < 0)
		return strake_error_errno(error, errno, "size", "disk image");
	if (!write_at(fd, head, 0, error) ||
		!copy_sparse(layout->esp_path, fd, STRAKE_DISK_ALIGN_BYTES, error) ||
		(layout->root_path != NULL &&
			!copy_sparse(layout->root_path, fd, at.root_offset, error)) ||
		(layout->state_path != NULL &&
			!copy_sparse(layout->state_path, fd, at.state_offset, error)) ||
		!write_at(fd, tail, total - STRAKE_GPT_TAIL_BYTES, error))
		return false;
	*out_bytes = total;
	return true;
}
