// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Directories are read and written by descriptor, never through a link.
#include "render/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"

enum { MAX_FILE_BYTES = 256 * 1024 * 1024, MAX_FILES = 100000, MAX_DEPTH = 64 };

struct StrakeFileTree {
	GHashTable *by_path; // path -> StrakeFileTreeEntry
	GPtrArray *sorted;   // NULL: out of date
};

static void file_free(void *data)
{
	StrakeFileTreeEntry *file = data;

	g_free(file->path);
	g_bytes_unref(file->content);
	g_free(file);
}

StrakeFileTree *strake_file_tree_new(void)
{
	StrakeFileTree *tree = g_new0(StrakeFileTree, 1);

	tree->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, file_free);
	return tree;
}

void strake_file_tree_free(StrakeFileTree *tree)
{
	if (tree == NULL)
		return;
	g_clear_pointer(&tree->sorted, g_ptr_array_unref);
	g_hash_table_unref(tree->by_path);
	g_free(tree);
}

void strake_file_tree_set(StrakeFileTree *tree, const char *path, mode_t mode, GBytes *content)
{
	StrakeFileTreeEntry *file = g_new0(StrakeFileTreeEntry, 1);

	file->path = g_strdup(path);
	file->mode = mode;
	file->content = g_bytes_ref(content);
	g_clear_pointer(&tree->sorted, g_ptr_array_unref);
	g_hash_table_replace(tree->by_path, file->path, file);
}

void strake_file_tree_set_text(StrakeFileTree *tree, const char *path, const char *text)
{
	g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));

	strake_file_tree_set(tree, path, 0644, content);
}

void strake_file_tree_remove(StrakeFileTree *tree, const char *path)
{
	g_clear_pointer(&tree->sorted, g_ptr_array_unref);
	g_hash_table_remove(tree->by_path, path);
}

const StrakeFileTreeEntry *strake_file_tree_get(const StrakeFileTree *tree, const char *path)
{
	return g_hash_table_lookup(tree->by_path, path);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp((*(const StrakeFileTreeEntry *const *)a)->path,
		(*(const StrakeFileTreeEntry *const *)b)->path);
}

const GPtrArray *strake_file_tree_files(StrakeFileTree *tree)
{
	GHashTableIter iter;
	void *file;

	if (tree->sorted != NULL)
		return tree->sorted;
	tree->sorted = g_ptr_array_new();
	g_hash_table_iter_init(&iter, tree->by_path);
	while (g_hash_table_iter_next(&iter, NULL, &file))
		g_ptr_array_add(tree->sorted, file);
	g_ptr_array_sort(tree->sorted, compare_files);
	return tree->sorted;
}

bool strake_file_tree_equal(StrakeFileTree *a, StrakeFileTree *b)
{
	const GPtrArray *left = strake_file_tree_files(a);
	const GPtrArray *right = strake_file_tree_files(b);

	if (left->len != right->len)
		return false;
	for (guint i = 0; i < left->len; i++) {
		const StrakeFileTreeEntry *x = left->pdata[i];
		const StrakeFileTreeEntry *y = right->pdata[i];
		if (strcmp(x->path, y->path) != 0 || x->mode != y->mode ||
			!g_bytes_equal(x->content, y->content))
			return false;
	}
	return true;
}

// -- directories

/* Calls @visit for all names in @dir_fd but "." and "..", in the order of their bytes. */
typedef bool (*Visit)(int dir_fd, const char *name, void *data, GError **error);

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool each_name(int dir_fd, const char *shown, Visit visit, void *data, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int listing = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		int err = errno;
		if (listing >= 0)
			strake_fd_close(listing);
		return strake_error_errno(error, err, "list directory", shown);
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(dir);
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		if (!visit(dir_fd, names->pdata[i], data, error))
			return false;
	return true;
}

typedef struct {
	StrakeFileTree *tree;
	const char *prefix;
	int depth;
	unsigned *n_files;
} Reading;

static bool read_name(int dir_fd, const char *name, void *data, GError **error);

static bool read_below(
	const Reading *above, int dir_fd, const char *name, const char *path, GError **error)
{
	g_autofree char *prefix = g_strconcat(path, "/", NULL);
	Reading below = {above->tree, prefix, above->depth + 1, above->n_files};
	g_auto(strake_fd) fd = -1;

	if (below.depth > MAX_DEPTH)
		return strake_error_set(
			error, STRAKE_ERROR_LIMIT, "'%s' is nested too deeply", path);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return strake_error_errno(error, errno, "open directory", path);
	return each_name(fd, path, read_name, &below, error);
}

static bool read_link(
	StrakeFileTree *tree, int dir_fd, const char *name, const char *path, GError **error)
{
	char target[4096];
	ssize_t size = readlinkat(dir_fd, name, target, sizeof(target));
	g_autoptr(GBytes) content = NULL;

	if (size < 0)
		return strake_error_errno(error, errno, "read link", path);
	content = g_bytes_new(target, (size_t)size);
	strake_file_tree_set(tree, path, S_IFLNK, content);
	return true;
}

static bool read_name(int dir_fd, const char *name, void *data, GError **error)
{
	Reading *r = data;
	g_autofree char *path = g_strconcat(r->prefix, name, NULL);
	g_autoptr(GBytes) content = NULL;
	struct stat st;

	if (strcmp(name, ".git") == 0)
		return true;
	if (++*r->n_files > MAX_FILES)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s' is one file too many for a package's sources", path);
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if (S_ISDIR(st.st_mode))
		return read_below(r, dir_fd, name, path, error);
	if (S_ISLNK(st.st_mode))
		return read_link(r->tree, dir_fd, name, path, error);
	if (!S_ISREG(st.st_mode))
		return true;
	content = strake_file_read_at(dir_fd, name, MAX_FILE_BYTES, error);
	if (content == NULL)
		return false;
	strake_file_tree_set(r->tree, path, (st.st_mode & 0100) != 0 ? 0755 : 0644, content);
	return true;
}

StrakeFileTree *strake_file_tree_read(int dir_fd, const char *path, GError **error)
{
	g_autoptr(StrakeFileTree) tree = strake_file_tree_new();
	unsigned n_files = 0;
	Reading reading = {tree, "", 0, &n_files};
	g_auto(strake_fd) fd = -1;

	if (!strake_path_open_dir(dir_fd, path, &fd, error) ||
		!each_name(fd, path, read_name, &reading, error))
		return NULL;
	return g_steal_pointer(&tree);
}

static bool write_file(int dir_fd, const StrakeFileTreeEntry *file, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(file->path);
	size_t size;
	const char *data = g_bytes_get_data(file->content, &size);
	g_auto(strake_fd) fd = -1;

	if (strcmp(parent, ".") != 0 && !strake_path_mkdirs(dir_fd, parent, error))
		return false;
	if (S_ISLNK(file->mode)) {
		g_autofree char *target = g_strndup(data, size);
		if (symlinkat(target, dir_fd, file->path) < 0)
			return strake_error_errno(error, errno, "make link", file->path);
		return true;
	}
	fd = openat(dir_fd, file->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		file->mode);
	if (fd < 0)
		return strake_error_errno(error, errno, "create", file->path);
	return strake_fd_write_all(fd, data, size, file->path, error);
}

bool strake_file_tree_write_into(StrakeFileTree *tree, int dir_fd, GError **error)
{
	const GPtrArray *files = strake_file_tree_files(tree);

	// Links last, so that none of them can be a directory on the way.
	for (int links = 0; links < 2; links++)
		for (guint i = 0; i < files->len; i++) {
			const StrakeFileTreeEntry *file = files->pdata[i];
			if (S_ISLNK(file->mode) == (links == 1) && !write_file(dir_fd, file, error))
				return false;
		}
	return true;
}

static bool make_beside(StrakeFileTree *tree, int dir_fd, const char *aside, GError **error)
{
	g_auto(strake_fd) fd = -1;

	if (mkdirat(dir_fd, aside, 0755) < 0) {
		// What a killed run left.
		if (errno != EEXIST || !strake_path_remove_tree(dir_fd, aside, NULL) ||
			mkdirat(dir_fd, aside, 0755) < 0)
			return strake_error_errno(error, errno, "make directory", aside);
	}
	return strake_path_open_dir(dir_fd, aside, &fd, error) &&
	       strake_file_tree_write_into(tree, fd, error);
}

bool strake_file_tree_replace(StrakeFileTree *tree, int dir_fd, const char *name, GError **error)
{
	g_autofree char *aside = g_strdup_printf(".%s.strake-new", name);
	bool ok = make_beside(tree, dir_fd, aside, error);

	if (ok && renameat2(dir_fd, aside, dir_fd, name, RENAME_NOREPLACE) == 0)
		return true;
	if (ok && renameat2(dir_fd, aside, dir_fd, name, RENAME_EXCHANGE) < 0)
		ok = strake_error_errno(error, errno, "put in place directory", name);
	// Now the old one, or what could not be finished.
	if (!strake_path_remove_tree(dir_fd, aside, ok ? error : NULL))
		return false;
	return ok;
}

// -- stamps

typedef struct {
	StrakeDigest *digest;
	int depth;
} Stamping;

static bool stamp_name(int dir_fd, const char *name, void *data, GError **error)
{
	Stamping *s = data;
	struct stat st;
	struct {
		uint64_t mode, size, inode;
		int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
	} facts = {0};
	bool ok = true;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "look at", name);
	strake_digest_update(s->digest, name, strlen(name) + 1);
	facts.mode = st.st_mode;
	if (!S_ISDIR(st.st_mode)) {
		facts.size = (uint64_t)st.st_size;
		facts.inode = st.st_ino;
		facts.mtime_s = st.st_mtim.tv_sec;
		facts.mtime_ns = st.st_mtim.tv_nsec;
		facts.ctime_s = st.st_ctim.tv_sec;
		facts.ctime_ns = st.st_ctim.tv_nsec;
	}
	strake_digest_update(s->digest, &facts, sizeof(facts));
	if (S_ISDIR(st.st_mode)) {
		g_auto(strake_fd) fd =
			openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		ok = fd >= 0 && ++s->depth <= MAX_DEPTH &&
		     each_name(fd, name, stamp_name, s, error);
		s->depth--;
		strake_digest_update(s->digest, "/", 1);
	}
	return ok;
}

char *strake_file_tree_stamp(int dir_fd, const char *path)
{
	g_auto(strake_fd) fd =
		openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	g_autoptr(StrakeDigest) digest = NULL;
	Stamping stamping;
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (fd < 0)
		return NULL;
	digest = strake_digest_new(STRAKE_DIGEST_SHA256);
	stamping = (Stamping){digest, 0};
	if (!each_name(fd, path, stamp_name, &stamping, NULL))
		return NULL;
	strake_digest_hex(digest, hex);
	return g_strdup(hex);
}
