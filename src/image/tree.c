// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Directory walk by descriptors; libarchive writes the archive.
#include "image/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/fd.h"

enum { CHUNK_BYTES = 256 * 1024, MAX_DEPTH = 64, BLOCK = 4096, INODE = 256 };

struct StrakeTree {
	GPtrArray *entries;  // of StrakeTreeEntry
	GHashTable *by_path; // borrowed from entries
	GHashTable *links;   // "dev:ino" -> path of the first name, while scanning
	int64_t time_s;
	int64_t keep_s;
};

static void entry_free(gpointer data)
{
	StrakeTreeEntry *e = data;

	g_free(e->path);
	g_free(e->target);
	g_free(e->link_to);
	g_free(e->label);
	g_clear_pointer(&e->capability, g_bytes_unref);
	g_free(e);
}

void strake_tree_free(StrakeTree *tree)
{
	if (tree == NULL)
		return;
	g_clear_pointer(&tree->by_path, g_hash_table_unref);
	g_clear_pointer(&tree->links, g_hash_table_unref);
	g_ptr_array_unref(tree->entries);
	g_free(tree);
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
	const StrakeTreeEntry *x = *(StrakeTreeEntry *const *)a;
	const StrakeTreeEntry *y = *(StrakeTreeEntry *const *)b;
	const unsigned char *p = (const unsigned char *)x->path;
	const unsigned char *q = (const unsigned char *)y->path;

	for (; *p == *q && *p != '\0'; p++, q++)
		;
	// '/' sorts before every other byte, so that a folder's content stays together.
	return (*p == '/'           ? 1
		       : *p == '\0' ? 0
				    : *p + 1) -
	       (*q == '/'           ? 1
		       : *q == '\0' ? 0
				    : *q + 1);
}

static bool read_target(int dir_fd, const char *name, StrakeTreeEntry *e, GError **error)
{
	char buffer[4096];
	ssize_t n = readlinkat(dir_fd, name, buffer, sizeof(buffer));

	if (n < 0 || n == sizeof(buffer))
		return strake_error_errno(
			error, n < 0 ? errno : ENAMETOOLONG, "read link", e->path);
	e->target = g_strndup(buffer, (size_t)n);
	return true;
}

static bool read_capability(int dir_fd, const char *name, StrakeTreeEntry *e, GError **error)
{
	char value[64];
	g_auto(strake_fd) fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return strake_error_errno(error, errno, "open", e->path);
	n = fgetxattr(fd, "security.capability", value, sizeof(value));
	if (n > 0)
		e->capability = g_bytes_new(value, (size_t)n);
	return true;
}

// Only executables can have capabilities; asking for every file would double the system calls.
static bool may_have_capability(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 0111) != 0;
}

static bool add_entry(StrakeTree *tree, int dir_fd, const char *name, char *take_path,
	const struct stat *st, GError **error)
{
	StrakeTreeEntry *e = g_new0(StrakeTreeEntry, 1);

	e->path = take_path;
	g_ptr_array_add(tree->entries, e);
	e->mode = st->st_mode;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime_s = MAX((int64_t)st->st_mtime, 0);
	// Folders change when something is put into them; a file that is newer than all packages
	// was made by the build.
	if (e->mtime_s > (S_ISDIR(st->st_mode) ? tree->time_s : MAX(tree->time_s, tree->keep_s)))
		e->mtime_s = tree->time_s;
	if (S_ISREG(st->st_mode))
		e->size = (uint64_t)st->st_size;
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		e->device_major = major(st->st_rdev);
		e->device_minor = minor(st->st_rdev);
	}
	if (S_ISLNK(st->st_mode))
		return read_target(dir_fd, name, e, error);
	if (may_have_capability(st) && !read_capability(dir_fd, name, e, error))
		return false;
	return true;
}

// The name that comes first in the order of paths becomes the file, the others links to it.
static void note_link(StrakeTree *tree, const struct stat *st, StrakeTreeEntry *e)
{
	char *key = g_strdup_printf("%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	GPtrArray *names = g_hash_table_lookup(tree->links, key);

	if (names == NULL) {
		names = g_ptr_array_new();
		g_hash_table_insert(tree->links, key, names);
	} else {
		g_free(key);
	}
	g_ptr_array_add(names, e);
}

static bool scan_dir(StrakeTree *tree, int dir_fd, const char *path, unsigned depth, GError **error)
{
	g_auto(strake_fd) copy = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	bool ok = true;

	if (dir == NULL)
		return strake_error_errno(error, errno, "read directory", path);
	copy = -1;
	if (depth > MAX_DEPTH) {
		closedir(dir);
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s': more than %d directories deep", path, MAX_DEPTH);
	}
	for (struct dirent *d; ok && (d = readdir(dir)) != NULL;) {
		g_auto(strake_fd) below = -1;
		struct stat st;
		char *child;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		child = *path != '\0' ? g_strconcat(path, "/", d->d_name, NULL)
				      : g_strdup(d->d_name);
		if (fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			ok = strake_error_errno(error, errno, "examine", child);
			g_free(child);
			break;
		}
		ok = add_entry(tree, dir_fd, d->d_name, child, &st, error);
		if (ok && !S_ISDIR(st.st_mode) && st.st_nlink > 1)
			note_link(tree, &st, tree->entries->pdata[tree->entries->len - 1]);
		if (!ok || !S_ISDIR(st.st_mode))
			continue;
		below = openat(dir_fd, d->d_name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ok = below >= 0 ? scan_dir(tree, below, child, depth + 1, error)
				: strake_error_errno(error, errno, "open directory", child);
	}
	closedir(dir);
	return ok && strake_cancel_check(error);
}

static void resolve_links(StrakeTree *tree)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, tree->links);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		GPtrArray *names = value;

		g_ptr_array_sort(names, compare_paths);
		for (guint i = 1; i < names->len; i++) {
			StrakeTreeEntry *e = names->pdata[i];
			e->link_to = g_strdup(((StrakeTreeEntry *)names->pdata[0])->path);
		}
	}
	g_clear_pointer(&tree->links, g_hash_table_unref);
}

StrakeTree *strake_tree_scan(int root_fd, int64_t time_s, int64_t keep_s, GError **error)
{
	g_autoptr(StrakeTree) tree = g_new0(StrakeTree, 1);
	struct stat st;

	tree->entries = g_ptr_array_new_with_free_func(entry_free);
	tree->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	tree->links = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	tree->time_s = time_s;
	tree->keep_s = keep_s;
	if (fstat(root_fd, &st) < 0) {
		strake_error_errno(error, errno, "examine", "/");
		return NULL;
	}
	if (!add_entry(tree, root_fd, ".", g_strdup(""), &st, error) ||
		!scan_dir(tree, root_fd, "", 0, error))
		return NULL;
	g_ptr_array_sort(tree->entries, compare_paths);
	resolve_links(tree);
	for (guint i = 0; i < tree->entries->len; i++) {
		StrakeTreeEntry *e = tree->entries->pdata[i];
		g_hash_table_insert(tree->by_path, e->path, e);
	}
	return g_steal_pointer(&tree);
}

size_t strake_tree_count(const StrakeTree *tree)
{
	return tree->entries->len;
}

StrakeTreeEntry *strake_tree_entry(const StrakeTree *tree, size_t index)
{
	return tree->entries->pdata[index];
}

StrakeTreeEntry *strake_tree_find(const StrakeTree *tree, const char *path)
{
	return g_hash_table_lookup(tree->by_path, path);
}

uint64_t strake_tree_ext4_bytes(const StrakeTree *tree)
{
	uint64_t total = 0;

	for (guint i = 0; i < tree->entries->len; i++) {
		const StrakeTreeEntry *e = tree->entries->pdata[i];
		bool slow_link = e->target != NULL && strlen(e->target) > 59;

		if (e->link_to != NULL)
			continue;
		total += INODE + (e->size + BLOCK - 1) / BLOCK * BLOCK;
		if (S_ISDIR(e->mode) || slow_link)
			total += BLOCK;
		if (e->size > 340ull << 20)
			total += e->size / 1024; // extent blocks of large files
	}
	return total;
}

typedef struct {
	struct archive *tar;
	struct archive_entry *entry;
	uint8_t *chunk;
} Tar;

static void tar_clear(Tar *t)
{
	if (t->tar != NULL)
		archive_write_free(t->tar);
	if (t->entry != NULL)
		archive_entry_free(t->entry);
	g_free(t->chunk);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tar, tar_clear)

static bool tar_error(Tar *t, const char *path, GError **error)
{
	int err = archive_errno(t->tar);

	return strake_error_set(error, err == ENOSPC ? STRAKE_ERROR_NO_SPACE : STRAKE_ERROR_FAILED,
		"write '%s' into the archive: %s", path, archive_error_string(t->tar));
}

static bool tar_content(Tar *t, int root_fd, const StrakeTreeEntry *e, GError **error)
{
	g_auto(strake_fd) fd = openat(root_fd, e->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t left = e->size;

	if (fd < 0)
		return strake_error_errno(error, errno, "open", e->path);
	while (left > 0) {
		size_t got = 0;

		if (!strake_fd_read_full(
			    fd, t->chunk, MIN(left, CHUNK_BYTES), &got, e->path, error))
			return false;
		if (got == 0)
			return strake_error_set(error, STRAKE_ERROR_FAILED,
				"'%s' became shorter while it was read", e->path);
		if (archive_write_data(t->tar, t->chunk, got) < 0)
			return tar_error(t, e->path, error);
		left -= got;
	}
	return true;
}

static bool tar_entry(Tar *t, int root_fd, const StrakeTreeEntry *e, GError **error)
{
	g_autofree char *name = *e->path != '\0' ? g_strconcat("./", e->path, NULL) : g_strdup(".");
	g_autofree char *hard = e->link_to != NULL ? g_strconcat("./", e->link_to, NULL) : NULL;
	bool has_content = S_ISREG(e->mode) && hard == NULL && e->size > 0;

	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, name);
	archive_entry_set_mode(t->entry, e->mode);
	archive_entry_set_uid(t->entry, e->uid);
	archive_entry_set_gid(t->entry, e->gid);
	archive_entry_set_mtime(t->entry, e->mtime_s, 0);
	archive_entry_set_size(t->entry, has_content ? (int64_t)e->size : 0);
	if (S_ISCHR(e->mode) || S_ISBLK(e->mode)) {
		archive_entry_set_rdevmajor(t->entry, e->device_major);
		archive_entry_set_rdevminor(t->entry, e->device_minor);
	}
	if (e->target != NULL)
		archive_entry_set_symlink(t->entry, e->target);
	if (hard != NULL)
		archive_entry_set_hardlink(t->entry, hard);
	if (e->capability != NULL && hard == NULL)
		archive_entry_xattr_add_entry(t->entry, "security.capability",
			g_bytes_get_data(e->capability, NULL), g_bytes_get_size(e->capability));
	if (e->label != NULL && hard == NULL)
		archive_entry_xattr_add_entry(
			t->entry, "security.selinux", e->label, strlen(e->label));
	if (archive_write_header(t->tar, t->entry) != ARCHIVE_OK)
		return tar_error(t, e->path, error);
	return !has_content || tar_content(t, root_fd, e, error);
}

bool strake_tree_write_tar(const StrakeTree *tree, int root_fd, int out_fd, GError **error)
{
	g_auto(Tar) t = {.tar = archive_write_new(), .entry = archive_entry_new()};

	t.chunk = g_malloc(CHUNK_BYTES);
	archive_write_set_format_pax_restricted(t.tar);
	archive_write_set_options(t.tar, "pax:xattrheader=SCHILY");
	archive_write_add_filter_none(t.tar);
	archive_write_set_bytes_per_block(t.tar, 1 << 20);
	if (archive_write_open_fd(t.tar, out_fd) != ARCHIVE_OK)
		return tar_error(&t, "(start)", error);
	for (guint i = 0; i < tree->entries->len; i++) {
		if (i % 256 == 0 && !strake_cancel_check(error))
			return false;
		if (!tar_entry(&t, root_fd, tree->entries->pdata[i], error))
			return false;
	}
	if (archive_write_close(t.tar) != ARCHIVE_OK)
		return tar_error(&t, "(end)", error);
	return true;
}
