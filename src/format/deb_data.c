// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One pass over data.tar, with every path checked against those that came before it.
#include <string.h>

#include "base/error.h"
#include "format/deb_file_private.h"

// What stands at a path; as pointers in the table.
typedef enum {
	SEEN_NOTHING,
	SEEN_FILE,
	SEEN_DIRECTORY,
	SEEN_IMPLIED, // a directory that only its children name
	SEEN_LINK,
	SEEN_HARDLINK,
} Seen;

struct StrakeDebData {
	StrakeDebTar *tar;
	GHashTable *seen; // path -> Seen
	StrakeDebEntry entry;
	char *linkname;
	GPtrArray *xattrs;
	uint64_t entries;
	uint64_t total_bytes;
};

static void xattr_free(gpointer data)
{
	StrakeDebXattr *xattr = data;

	g_free(xattr->name);
	g_bytes_unref(xattr->value);
	g_free(xattr);
}

static int xattr_compare(gconstpointer a, gconstpointer b)
{
	const StrakeDebXattr *const *x = a;
	const StrakeDebXattr *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

StrakeDebData *strake_deb_data_open(const StrakeDebFile *file, GError **error)
{
	g_autoptr(StrakeDebData) data = g_new0(StrakeDebData, 1);
	g_autofree char *label = g_strdup_printf("%s: %s", file->name, file->data_member);

	data->tar = strake_deb_tar_open(file->data, file->data_size, file->data_compression, label,
		STRAKE_DEB_MAX_DATA_BYTES, error);
	if (data->tar == NULL)
		return NULL;
	data->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return g_steal_pointer(&data);
}

void strake_deb_data_free(StrakeDebData *data)
{
	if (data == NULL)
		return;
	g_clear_pointer(&data->tar, strake_deb_tar_free);
	g_clear_pointer(&data->seen, g_hash_table_unref);
	g_clear_pointer(&data->xattrs, g_ptr_array_unref);
	g_free(data->linkname);
	g_free(data);
}

static bool refuse(const StrakeDebData *data, const char *path, const char *why, const char *name,
	GError **error)
{
	return strake_error_set(error, STRAKE_ERROR_INVALID, "%s: '%s' %s%s%s%s",
		strake_deb_tar_label(data->tar), path, why, name != NULL ? " '" : "",
		name != NULL ? name : "", name != NULL ? "'" : "");
}

static Seen seen_at(const StrakeDebData *data, const char *path)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(data->seen, path));
}

// All parents must be directories; those that no member named become implied ones.
static bool check_parents(StrakeDebData *data, const char *path, GError **error)
{
	g_autofree char *parent = g_strdup(path);
	char *slash;

	while ((slash = strrchr(parent, '/')) != NULL) {
		Seen seen;

		*slash = '\0';
		seen = seen_at(data, parent);
		if (seen == SEEN_DIRECTORY || seen == SEEN_IMPLIED)
			return true; // and so are its parents
		if (seen != SEEN_NOTHING)
			return refuse(
				data, path, "lies below what is not a directory:", parent, error);
		g_hash_table_insert(data->seen, g_strdup(parent), GINT_TO_POINTER(SEEN_IMPLIED));
	}
	return true;
}

static bool remember(StrakeDebData *data, const char *path, Seen what, GError **error)
{
	Seen before = seen_at(data, path);

	if (*path == '\0') {
		if (what != SEEN_DIRECTORY)
			return refuse(data, "./", "is not a directory", NULL, error);
	} else if (!check_parents(data, path, error)) {
		return false;
	}
	if (before != SEEN_NOTHING && (before != SEEN_IMPLIED || what != SEEN_DIRECTORY))
		return refuse(data, path,
			before == SEEN_IMPLIED ? "replaces the directory of other members"
					       : "is there twice",
			NULL, error);
	g_hash_table_insert(data->seen, g_strdup(path), GINT_TO_POINTER(what));
	return true;
}

static bool take_hardlink(
	StrakeDebData *data, struct archive_entry *from, const char *path, GError **error)
{
	data->linkname = strake_deb_tar_clean_path(
		data->tar, "hard link target", archive_entry_hardlink(from), error);
	if (data->linkname == NULL)
		return false;
	if (seen_at(data, data->linkname) != SEEN_FILE)
		return refuse(data, path,
			"is a hard link to what is no earlier file:", data->linkname, error);
	data->entry.type = STRAKE_DEB_ENTRY_HARDLINK;
	return remember(data, path, SEEN_HARDLINK, error);
}

static bool take_symlink(
	StrakeDebData *data, struct archive_entry *from, const char *path, GError **error)
{
	const char *target = archive_entry_symlink(from);

	if (target == NULL)
		target = archive_entry_symlink_utf8(from);
	if (target == NULL || *target == '\0' || strchr(target, '\n') != NULL)
		return refuse(data, path, "is a symbolic link without a sane target", NULL, error);
	data->linkname = g_strdup(target);
	data->entry.type = STRAKE_DEB_ENTRY_SYMLINK;
	return remember(data, path, SEEN_LINK, error);
}

static bool take_file(
	StrakeDebData *data, struct archive_entry *from, const char *path, GError **error)
{
	uint64_t size = (uint64_t)MAX(archive_entry_size(from), 0);

	if (!archive_entry_size_is_set(from) || archive_entry_size(from) < 0)
		return refuse(data, path, "has no size", NULL, error);
	if (size > STRAKE_DEB_MAX_FILE_BYTES ||
		size > STRAKE_DEB_MAX_DATA_BYTES - data->total_bytes)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: '%s' says it has %" G_GUINT64_FORMAT
			" bytes; at most 8 GiB a file and 32 GiB a package are accepted",
			strake_deb_tar_label(data->tar), path, size);
	data->total_bytes += size;
	data->entry.type = STRAKE_DEB_ENTRY_FILE;
	data->entry.size = size;
	return remember(data, path, SEEN_FILE, error);
}

static bool take_type(
	StrakeDebData *data, struct archive_entry *from, const char *path, GError **error)
{
	if (archive_entry_hardlink(from) != NULL)
		return take_hardlink(data, from, path, error);
	switch (archive_entry_filetype(from)) {
	case AE_IFREG:
		return take_file(data, from, path, error);
	case AE_IFDIR:
		data->entry.type = STRAKE_DEB_ENTRY_DIRECTORY;
		return remember(data, path, SEEN_DIRECTORY, error);
	case AE_IFLNK:
		return take_symlink(data, from, path, error);
	case AE_IFCHR:
	case AE_IFBLK:
		return refuse(data, path, "is a device; packages may not have one", NULL, error);
	case AE_IFIFO:
		return refuse(data, path, "is a pipe; packages may not have one", NULL, error);
	default:
		return refuse(data, path, "is of a kind that is not known", NULL, error);
	}
}

static void take_xattrs(StrakeDebData *data, struct archive_entry *from)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(from) == 0)
		return;
	data->xattrs = g_ptr_array_new_with_free_func(xattr_free);
	while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
		StrakeDebXattr *xattr = g_new0(StrakeDebXattr, 1);

		xattr->name = g_strdup(name);
		xattr->value = g_bytes_new(value, size);
		g_ptr_array_add(data->xattrs, xattr);
	}
	g_ptr_array_sort(data->xattrs, xattr_compare);
	data->entry.xattrs = data->xattrs;
}

bool strake_deb_data_next(StrakeDebData *data, const StrakeDebEntry **out, GError **error)
{
	struct archive_entry *from;
	const char *path;

	g_clear_pointer(&data->xattrs, g_ptr_array_unref);
	g_clear_pointer(&data->linkname, g_free);
	data->entry = (StrakeDebEntry){.size = 0};
	if (!strake_deb_tar_next(data->tar, &from, &path, error))
		return false;
	if (from == NULL) {
		*out = NULL;
		return true;
	}
	if (++data->entries > STRAKE_DEB_MAX_ENTRIES)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "%s: more than %d members",
			strake_deb_tar_label(data->tar), STRAKE_DEB_MAX_ENTRIES);
	if (!take_type(data, from, path, error))
		return false;
	if (archive_entry_uid(from) < 0 || archive_entry_uid(from) > G_MAXUINT32 - 1 ||
		archive_entry_gid(from) < 0 || archive_entry_gid(from) > G_MAXUINT32 - 1)
		return refuse(data, path, "has an owner number out of range", NULL, error);
	take_xattrs(data, from);
	data->entry.path = path;
	data->entry.mode = archive_entry_perm(from) & 07777;
	data->entry.uid = (uint32_t)archive_entry_uid(from);
	data->entry.gid = (uint32_t)archive_entry_gid(from);
	data->entry.uname = archive_entry_uname(from) != NULL ? archive_entry_uname(from) : "";
	data->entry.gname = archive_entry_gname(from) != NULL ? archive_entry_gname(from) : "";
	data->entry.mtime_s = archive_entry_mtime(from);
	data->entry.linkname = data->linkname;
	*out = &data->entry;
	return true;
}

bool strake_deb_data_read(StrakeDebData *data, const void **out, size_t *out_size, GError **error)
{
	if (data->entry.type == STRAKE_DEB_ENTRY_FILE)
		return strake_deb_tar_read(data->tar, out, out_size, error);
	*out_size = 0;
	return true;
}
