// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// libarchive writes the tar; its bytes are digested, deflated and digested again on their way.
#include "image/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cancel.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"

enum { OUT_CHUNK = 256 * 1024, GZIP_LEVEL = 6, XATTR_MAX = 64 * 1024 };

typedef struct {
	struct archive *tar;
	z_stream deflate;
	bool deflate_open;
	uint8_t *buffer; // OUT_CHUNK bytes of compressed output
	int out_fd;
	uint64_t written;
	StrakeDigest *inner; // over the tar
	StrakeDigest *outer; // over the compressed bytes
	GHashTable *links;   // "dev:ino" -> path of the first name
	int64_t newest_s;
	GError *error; // first failure inside a libarchive callback
} Layer;

static void layer_clear(Layer *layer)
{
	if (layer->tar != NULL)
		archive_write_free(layer->tar);
	if (layer->deflate_open)
		deflateEnd(&layer->deflate);
	g_free(layer->buffer);
	strake_digest_free(layer->inner);
	strake_digest_free(layer->outer);
	g_clear_pointer(&layer->links, g_hash_table_unref);
	g_clear_error(&layer->error);
}

static bool deflate_bytes(Layer *layer, const void *data, size_t size, int flush)
{
	layer->deflate.next_in = (Bytef *)data;
	layer->deflate.avail_in = (uInt)size;
	do {
		size_t made;

		layer->deflate.next_out = layer->buffer;
		layer->deflate.avail_out = OUT_CHUNK;
		deflate(&layer->deflate, flush);
		made = OUT_CHUNK - layer->deflate.avail_out;
		strake_digest_update(layer->outer, layer->buffer, made);
		layer->written += made;
		if (!strake_fd_write_all(
			    layer->out_fd, layer->buffer, made, "layer", &layer->error))
			return false;
	} while (layer->deflate.avail_out == 0);
	return true;
}

static la_ssize_t on_tar_bytes(struct archive *tar, void *data, const void *bytes, size_t size)
{
	Layer *layer = data;

	strake_digest_update(layer->inner, bytes, size);
	if (layer->error != NULL || !deflate_bytes(layer, bytes, size, Z_NO_FLUSH)) {
		archive_set_error(tar, EIO, "write");
		return -1;
	}
	return (la_ssize_t)size;
}

static bool tar_error(Layer *layer, const char *path, GError **error)
{
	if (layer->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&layer->error));
		return false;
	}
	return strake_error_set(error, STRAKE_ERROR_FAILED, "layer entry '%s': %s", path,
		archive_error_string(layer->tar));
}

static bool layer_open(Layer *layer, int out_fd, int64_t newest_s, GError **error)
{
	layer->out_fd = out_fd;
	layer->newest_s = newest_s;
	layer->buffer = g_malloc(OUT_CHUNK);
	layer->inner = strake_digest_new(STRAKE_DIGEST_SHA256);
	layer->outer = strake_digest_new(STRAKE_DIGEST_SHA256);
	layer->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	// 31: a gzip header, which zlib writes without name and with time 0.
	if (deflateInit2(&layer->deflate, GZIP_LEVEL, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) !=
		Z_OK)
		return strake_error_set(error, STRAKE_ERROR_FAILED, "zlib: cannot start");
	layer->deflate_open = true;
	layer->tar = archive_write_new();
	archive_write_set_format_pax_restricted(layer->tar);
	archive_write_add_filter_none(layer->tar);
	archive_write_set_bytes_per_block(layer->tar, 128 * 1024);
	archive_write_set_bytes_in_last_block(layer->tar, 1024);
	if (archive_write_open(layer->tar, layer, NULL, on_tar_bytes, NULL) != ARCHIVE_OK)
		return tar_error(layer, "(start)", error);
	return true;
}

static gint by_bytes(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Copies the attributes that belong into a layer, in a stable order.
static bool add_xattrs(struct archive_entry *entry, int fd, const char *path, GError **error)
{
	g_autofree char *names = g_malloc(XATTR_MAX);
	g_autofree char *value = g_malloc(XATTR_MAX);
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	ssize_t size = flistxattr(fd, names, XATTR_MAX);

	if (size < 0 && errno != ENOTSUP && errno != EBADF)
		return strake_error_errno(error, errno, "list attributes of", path);
	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1)
		if (strcmp(name, "security.capability") == 0 || g_str_has_prefix(name, "user."))
			g_ptr_array_add(sorted, name);
	g_ptr_array_sort(sorted, by_bytes);
	for (guint i = 0; i < sorted->len; i++) {
		ssize_t n = fgetxattr(fd, sorted->pdata[i], value, XATTR_MAX);
		if (n < 0)
			return strake_error_errno(error, errno, "read attribute of", path);
		archive_entry_xattr_add_entry(entry, sorted->pdata[i], value, (size_t)n);
	}
	return true;
}

static bool write_content(Layer *layer, int fd, const char *path, uint64_t size, GError **error)
{
	g_autofree uint8_t *chunk = g_malloc(OUT_CHUNK);
	uint64_t left = size;

	while (left > 0) {
		size_t got = 0;
		size_t want = (size_t)MIN(left, (uint64_t)OUT_CHUNK);

		if (!strake_cancel_check(error) ||
			!strake_fd_read_full(fd, chunk, want, &got, path, error))
			return false;
		if (got != want)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"'%s' became shorter while it was read", path);
		if (archive_write_data(layer->tar, chunk, got) != (la_ssize_t)got)
			return tar_error(layer, path, error);
		left -= got;
	}
	return true;
}

// True when @path is a further name of a file that is in the layer already.
static bool set_hard_link(
	Layer *layer, struct archive_entry *entry, const struct stat *st, const char *path)
{
	g_autofree char *key = NULL;
	const char *first;

	if (!S_ISREG(st->st_mode) || st->st_nlink < 2)
		return false;
	key = g_strdup_printf(
		"%llx:%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	first = g_hash_table_lookup(layer->links, key);
	if (first == NULL) {
		g_hash_table_insert(layer->links, g_steal_pointer(&key), g_strdup(path));
		return false;
	}
	archive_entry_set_hardlink(entry, first);
	archive_entry_unset_size(entry);
	return true;
}

static bool set_symlink(
	struct archive_entry *entry, int dir_fd, const char *name, const char *path, GError **error)
{
	char target[4096];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return strake_error_errno(error, errno, "read link", path);
	target[n] = '\0';
	archive_entry_set_symlink(entry, target);
	return true;
}

static bool write_entry(Layer *layer, int dir_fd, const char *name, const char *path,
	const struct stat *st, int fd, GError **error)
{
	struct archive_entry *entry = archive_entry_new();
	bool is_link = false;
	bool ok;

	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, st->st_mode);
	archive_entry_set_uid(entry, st->st_uid);
	archive_entry_set_gid(entry, st->st_gid);
	archive_entry_set_mtime(entry, MIN(st->st_mtime, layer->newest_s), 0);
	archive_entry_set_size(entry, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		archive_entry_set_rdev(entry, st->st_rdev);
	ok = !S_ISLNK(st->st_mode) || set_symlink(entry, dir_fd, name, path, error);
	if (ok && fd >= 0)
		ok = add_xattrs(entry, fd, path, error);
	if (ok)
		is_link = set_hard_link(layer, entry, st, path);
	if (ok && archive_write_header(layer->tar, entry) != ARCHIVE_OK)
		ok = tar_error(layer, path, error);
	if (ok && S_ISREG(st->st_mode) && !is_link)
		ok = write_content(layer, fd, path, (uint64_t)st->st_size, error);
	archive_entry_free(entry);
	return ok;
}

static GPtrArray *sorted_names(int dir_fd, const char *path, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int listing = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing < 0 ? NULL : fdopendir(listing);
	const struct dirent *entry;

	if (dir == NULL) {
		strake_error_errno(error, errno, "list directory", path);
		if (listing >= 0)
			strake_fd_close(listing);
		return NULL;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	g_ptr_array_sort(names, by_bytes);
	return g_steal_pointer(&names);
}

static bool write_tree(Layer *layer, int dir_fd, const char *prefix, GError **error);

static bool write_name(
	Layer *layer, int dir_fd, const char *name, const char *prefix, GError **error)
{
	g_autofree char *path = g_strconcat(prefix, name, NULL);
	g_auto(strake_fd) fd = -1;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if (S_ISSOCK(st.st_mode))
		return true; // a socket has no meaning outside the process that bound it
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
		fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return strake_error_errno(error, errno, "open", path);
	}
	if (S_ISDIR(st.st_mode)) {
		g_autofree char *below = g_strconcat(path, "/", NULL);

		return write_entry(layer, dir_fd, name, below, &st, fd, error) &&
		       write_tree(layer, fd, below, error);
	}
	return write_entry(layer, dir_fd, name, path, &st, fd, error);
}

static bool write_tree(Layer *layer, int dir_fd, const char *prefix, GError **error)
{
	g_autoptr(GPtrArray) names = sorted_names(dir_fd, prefix, error);

	if (names == NULL)
		return false;
	for (guint i = 0; i < names->len; i++)
		if (!write_name(layer, dir_fd, names->pdata[i], prefix, error))
			return false;
	return true;
}

bool strake_layer_write(
	int root_fd, int out_fd, int64_t newest_s, StrakeLayer *out_layer, GError **error)
{
	Layer layer = {.out_fd = -1};
	StrakeLayer result = {0};
	char hex[STRAKE_DIGEST_HEX_MAX];
	bool ok = layer_open(&layer, out_fd, newest_s, error) &&
		  write_tree(&layer, root_fd, "", error);

	if (ok && archive_write_close(layer.tar) != ARCHIVE_OK)
		ok = tar_error(&layer, "(end)", error);
	if (ok && !deflate_bytes(&layer, NULL, 0, Z_FINISH))
		ok = tar_error(&layer, "(end)", error);
	if (ok) {
		strake_digest_hex(layer.inner, hex);
		memcpy(result.diff_id, hex, sizeof(result.diff_id));
		strake_digest_hex(layer.outer, hex);
		memcpy(result.sha256, hex, sizeof(result.sha256));
		result.size_bytes = layer.written;
		*out_layer = result;
	}
	layer_clear(&layer);
	return ok;
}
