// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Writes blobs into a directory aside, packs the same files as an archive, then renames both.
#include "image/oci.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"

#define BLOBS "blobs/sha256"

typedef struct {
	int dir_fd;       // the layout being written
	GPtrArray *files; // paths in it, in archive order
} Layout;

static bool add_file(Layout *layout, const char *path, const char *text, GError **error)
{
	g_ptr_array_add(layout->files, g_strdup(path));
	return strake_file_write_at(layout->dir_fd, path, text, strlen(text), 0644, error);
}

static bool add_json_blob(
	Layout *layout, const char *type, const char *json, StrakeOciBlob *out_blob, GError **error)
{
	g_autofree char *sha256 = strake_digest_data(STRAKE_DIGEST_SHA256, json, strlen(json));
	g_autofree char *path = strake_oci_blob_path(sha256);

	if (!add_file(layout, path, json, error))
		return false;
	*out_blob = (StrakeOciBlob){type, g_intern_string(sha256), strlen(json)};
	return true;
}

static bool add_layer(
	Layout *layout, int root_fd, int64_t newest_s, StrakeLayer *out_layer, GError **error)
{
	g_auto(strake_fd) fd = openat(layout->dir_fd, BLOBS "/layer",
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	g_autofree char *path = NULL;

	if (fd < 0)
		return strake_error_errno(error, errno, "create", "layer");
	if (!strake_layer_write(root_fd, fd, newest_s, out_layer, error))
		return false;
	path = strake_oci_blob_path(out_layer->sha256);
	if (renameat(layout->dir_fd, BLOBS "/layer", layout->dir_fd, path) < 0)
		return strake_error_errno(error, errno, "rename", "layer");
	g_ptr_array_add(layout->files, g_steal_pointer(&path));
	return true;
}

static bool write_documents(Layout *layout, const StrakeOciConfig *config, const char *reference,
	StrakeOciResult *result, GError **error)
{
	const StrakeOciBlob layer = {
		STRAKE_OCI_TYPE_LAYER_GZIP, result->layer.sha256, result->layer.size_bytes};
	g_autofree char *config_json = strake_oci_config(config, result->layer.diff_id);
	g_autofree char *manifest_json = NULL;
	g_autofree char *index_json = NULL;
	g_autofree char *docker_json = NULL;
	StrakeOciBlob config_blob, manifest_blob;

	if (!add_json_blob(layout, STRAKE_OCI_TYPE_CONFIG, config_json, &config_blob, error))
		return false;
	manifest_json = strake_oci_manifest(&config_blob, &layer, config);
	if (!add_json_blob(layout, STRAKE_OCI_TYPE_MANIFEST, manifest_json, &manifest_blob, error))
		return false;
	g_strlcpy(result->manifest_sha256, manifest_blob.sha256, sizeof(result->manifest_sha256));
	index_json = strake_oci_index(&manifest_blob, config->architecture, reference);
	docker_json = strake_oci_docker_manifest(&config_blob, &layer, reference);
	return add_file(layout, "index.json", index_json, error) &&
	       add_file(layout, "manifest.json", docker_json, error) &&
	       add_file(layout, "oci-layout", STRAKE_OCI_LAYOUT_JSON, error);
}

static bool copy_to_archive(
	struct archive *tar, int dir_fd, const char *path, int64_t mtime_s, GError **error)
{
	enum { CHUNK = 256 * 1024 };
	g_autoptr(GBytes) bytes = strake_file_map_at(dir_fd, path, error);
	struct archive_entry *entry;
	bool ok;

	if (bytes == NULL)
		return false;
	entry = archive_entry_new();
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, mtime_s, 0);
	archive_entry_set_size(entry, (la_int64_t)g_bytes_get_size(bytes));
	ok = archive_write_header(tar, entry) == ARCHIVE_OK &&
	     archive_write_data(tar, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) ==
		     (la_ssize_t)g_bytes_get_size(bytes);
	archive_entry_free(entry);
	if (!ok)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "archive '%s': %s", path,
			archive_error_string(tar));
	return true;
}

static bool write_archive(const Layout *layout, int fd, int64_t mtime_s, GError **error)
{
	struct archive *tar = archive_write_new();
	bool ok;

	archive_write_set_format_ustar(tar);
	archive_write_add_filter_none(tar);
	ok = archive_write_open_fd(tar, fd) == ARCHIVE_OK;
	for (guint i = 0; ok && i < layout->files->len; i++)
		ok = copy_to_archive(tar, layout->dir_fd, layout->files->pdata[i], mtime_s, error);
	if (ok && archive_write_close(tar) != ARCHIVE_OK)
		ok = strake_error_set(
			error, STRAKE_ERROR_FAILED, "archive: %s", archive_error_string(tar));
	archive_write_free(tar);
	return ok;
}

static bool digest_archive(int fd, StrakeOciResult *result, GError **error)
{
	g_autofree char *sha256 = NULL;
	struct stat st;

	if (lseek(fd, 0, SEEK_SET) < 0 || fstat(fd, &st) < 0)
		return strake_error_errno(error, errno, "look at", "archive");
	sha256 = strake_digest_fd(STRAKE_DIGEST_SHA256, fd, "archive", error);
	if (sha256 == NULL)
		return false;
	g_strlcpy(result->archive_sha256, sha256, sizeof(result->archive_sha256));
	result->archive_bytes = (uint64_t)st.st_size;
	return true;
}

// A directory cannot be replaced by one rename, so an older one is exchanged and then removed.
static bool publish_dir(int out_fd, const char *aside, const char *final, GError **error)
{
	if (renameat2(out_fd, aside, out_fd, final, RENAME_EXCHANGE) == 0)
		return strake_path_remove_tree(out_fd, aside, error);
	if (errno != ENOENT || renameat(out_fd, aside, out_fd, final) < 0)
		return strake_error_errno(error, errno, "publish", final);
	return true;
}

static bool write_layout(Layout *layout, int root_fd, const char *reference,
	const StrakeOciConfig *config, int archive_fd, StrakeOciResult *result, GError **error)
{
	return strake_path_mkdirs(layout->dir_fd, BLOBS, error) &&
	       add_layer(layout, root_fd, config->created_s, &result->layer, error) &&
	       write_documents(layout, config, reference, result, error) &&
	       write_archive(layout, archive_fd, config->created_s, error) &&
	       digest_archive(archive_fd, result, error);
}

bool strake_oci_write(int root_fd, int out_fd, const char *name, const char *reference,
	const StrakeOciConfig *config, StrakeOciResult *out_result, GError **error)
{
	g_autofree char *dir_name = g_strconcat(name, ".oci", NULL);
	g_autofree char *dir_aside = g_strconcat(name, ".oci.new", NULL);
	g_autofree char *tar_name = g_strconcat(name, ".oci.tar", NULL);
	g_autofree char *tar_aside = g_strconcat(name, ".oci.tar.new", NULL);
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	g_auto(strake_fd) dir_fd = -1;
	g_auto(strake_fd) archive_fd = -1;
	StrakeOciResult result = {0};
	Layout layout;

	if (!strake_path_remove_tree(out_fd, dir_aside, error) ||
		!strake_path_mkdirs(out_fd, dir_aside, error) ||
		!strake_path_open_dir(out_fd, dir_aside, &dir_fd, error))
		return false;
	archive_fd = openat(
		out_fd, tar_aside, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (archive_fd < 0)
		return strake_error_errno(error, errno, "create", tar_aside);
	layout = (Layout){dir_fd, files};
	if (!write_layout(&layout, root_fd, reference, config, archive_fd, &result, error)) {
		unlinkat(out_fd, tar_aside, 0);
		if (!strake_path_remove_tree(out_fd, dir_aside, NULL))
			g_debug("left behind: %s", dir_aside);
		return false;
	}
	if (!publish_dir(out_fd, dir_aside, dir_name, error))
		return false;
	if (renameat(out_fd, tar_aside, out_fd, tar_name) < 0)
		return strake_error_errno(error, errno, "publish", tar_name);
	*out_result = result;
	return true;
}
