// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The source directory: a list of what is there, changes in memory, and a staging directory beside
// the files so that the commit is renames only.
#include "overlay/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/path.h"
#include "base/progress.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 64, FILE_MAX_BYTES = 1 << 30 };
#define STAGE_PREFIX ".strake-stage-"

typedef struct {
	bool regular;
	mode_t mode;
	char *disk;    // where its content is on disk now, NULL: it is new
	GBytes *bytes; // new content, NULL: that of @disk or @staged
	char *staged;  // name of its new content in the staging directory
} Node;

struct StrakeSources {
	char *dir;
	int fd;
	GHashTable *nodes;   // path: Node
	GHashTable *removed; // paths on disk that no node stands for any more
	char *stage;         // name of the staging directory, NULL: none yet
	int stage_fd;
	unsigned n_staged;
};

static void node_free(void *data)
{
	Node *node = data;

	g_free(node->disk);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	g_free(node->staged);
	g_free(node);
}

// -- listing

static bool list_dir(StrakeSources *s, int dir_fd, const char *prefix, int depth, GError **error);

static bool list_entry(StrakeSources *s, int dir_fd, const char *name, const char *prefix,
	int depth, GError **error)
{
	g_autofree char *path = g_strconcat(prefix, name, NULL);
	g_auto(strake_fd) below = -1;
	struct stat st;
	Node *node;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if (g_hash_table_size(s->nodes) >= FILES_MAX)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "'%s' holds more than %d files",
			s->dir, FILES_MAX);
	node = g_new0(Node, 1);
	node->regular = S_ISREG(st.st_mode);
	node->mode = st.st_mode & 07777;
	node->disk = g_strdup(path);
	g_hash_table_insert(s->nodes, g_strdup(path), node);
	if (!S_ISDIR(st.st_mode))
		return true;
	below = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return strake_error_errno(error, errno, "open directory", path);
	g_autofree char *deeper = g_strconcat(path, "/", NULL);
	return list_dir(s, below, deeper, depth + 1, error);
}

static bool list_dir(StrakeSources *s, int dir_fd, const char *prefix, int depth, GError **error)
{
	int listing = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing >= 0 ? fdopendir(listing) : NULL;
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		int err = errno;
		if (listing >= 0)
			strake_fd_close(listing);
		return strake_error_errno(error, err, "list directory", s->dir);
	}
	if (depth > DEPTH_MAX)
		ok = strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s%s' is more than %d directories deep", s->dir, prefix, DEPTH_MAX);
	while (ok && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
			strcmp(name, ".git") == 0 || g_str_has_prefix(name, STAGE_PREFIX))
			continue;
		ok = list_entry(s, dir_fd, name, prefix, depth, error);
	}
	closedir(dir);
	return ok;
}

StrakeSources *strake_sources_open(const char *dir, GError **error)
{
	g_autoptr(StrakeSources) s = g_new0(StrakeSources, 1);

	s->dir = g_strdup(dir);
	s->fd = s->stage_fd = -1;
	s->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, node_free);
	s->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!strake_path_open_dir(AT_FDCWD, dir, &s->fd, error) ||
		!list_dir(s, s->fd, "", 0, error))
		return NULL;
	return g_steal_pointer(&s);
}

void strake_sources_free(StrakeSources *s)
{
	if (s == NULL)
		return;
	strake_fd_clear(&s->stage_fd);
	if (s->stage != NULL && !strake_path_remove_tree(s->fd, s->stage, NULL))
		strake_warn("'%s/%s' could not be removed", s->dir, s->stage);
	strake_fd_clear(&s->fd);
	g_hash_table_unref(s->nodes);
	g_hash_table_unref(s->removed);
	g_free(s->stage);
	g_free(s->dir);
	g_free(s);
}

static bool is_spec(const char *path)
{
	return g_str_has_suffix(path, ".spec");
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *strake_sources_glob(StrakeSources *s, const char *pattern, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(pattern, error);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter iter;
	void *path, *node;
	unsigned specs = 0;

	if (glob == NULL)
		return NULL;
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &node)) {
		if (!((Node *)node)->regular || !strake_glob_match(glob, path))
			continue;
		if (is_spec(path))
			specs++;
		else
			g_ptr_array_add(found, g_strdup(path));
	}
	if (found->len == 0) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "'%s' matches no file in '%s'%s",
			pattern, s->dir,
			specs > 0 ? " but specs, which only spec-* overlays edit" : "");
		return NULL;
	}
	g_ptr_array_sort(found, compare_paths);
	return g_steal_pointer(&found);
}

// -- content

/* The directory of @path, reached without following any link; @out_name points into @path. */
static bool open_parent(const StrakeSources *s, const char *path, int *out_fd,
	const char **out_name, GError **error)
{
	g_auto(strake_fd) dir = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	if (dir < 0)
		return strake_error_errno(error, errno, "open directory", s->dir);
	while ((slash = strchr(path, '/')) != NULL) {
		g_autofree char *part = g_strndup(path, (size_t)(slash - path));
		int next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return strake_error_errno(error, errno, "open directory", part);
		strake_fd_close(dir);
		dir = next;
		path = slash + 1;
	}
	*out_fd = strake_fd_steal(&dir);
	*out_name = path;
	return true;
}

static Node *lookup(const StrakeSources *s, const char *path)
{
	return g_hash_table_lookup(s->nodes, path);
}

static bool open_disk(const StrakeSources *s, const char *disk, int *out_fd, GError **error)
{
	g_auto(strake_fd) dir = -1;
	g_auto(strake_fd) fd = -1;
	const char *name;
	struct stat st;

	if (!open_parent(s, disk, &dir, &name, error))
		return false;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return strake_error_errno(error, errno, "open", disk);
	if (!S_ISREG(st.st_mode))
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "'%s' is not a regular file", disk);
	*out_fd = strake_fd_steal(&fd);
	return true;
}

GBytes *strake_sources_read(StrakeSources *s, const char *path, GError **error)
{
	Node *node = lookup(s, path);
	g_auto(strake_fd) dir = -1;
	const char *name;

	g_return_val_if_fail(node != NULL && node->regular, NULL);
	if (node->bytes != NULL)
		return g_bytes_ref(node->bytes);
	if (node->staged != NULL)
		return strake_file_read_at(s->stage_fd, node->staged, FILE_MAX_BYTES, error);
	if (!open_parent(s, node->disk, &dir, &name, error))
		return NULL;
	return strake_file_read_at(dir, name, FILE_MAX_BYTES, error);
}

bool strake_sources_open_file(StrakeSources *s, const char *path, int *out_fd, GError **error)
{
	Node *node = lookup(s, path);

	if (node == NULL || !node->regular || node->disk == NULL)
		return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no file '%s' in '%s'", path, s->dir);
	return open_disk(s, node->disk, out_fd, error);
}

bool strake_sources_add(
	StrakeSources *s, const char *path, GBytes *content, mode_t mode, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	Node *above = lookup(s, parent);
	Node *node;

	if (!strake_path_is_clean(path) || strcmp(path, ".git") == 0 ||
		g_str_has_prefix(path, ".git/") || strstr(path, "/.git/") != NULL ||
		g_str_has_prefix(path, STAGE_PREFIX))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is no name that a source file may have", path);
	if (lookup(s, path) != NULL)
		return strake_error_set(
			error, STRAKE_ERROR_EXISTS, "'%s' exists already in '%s'", path, s->dir);
	// A directory that is a link, or none, has no directory's node.
	if (strcmp(parent, ".") != 0) {
		g_auto(strake_fd) dir = -1;
		const char *name;
		if (above == NULL || above->regular)
			return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"there is no directory '%s' in '%s'", parent, s->dir);
		if (!open_parent(s, path, &dir, &name, error))
			return false;
	}
	node = g_new0(Node, 1);
	node->regular = true;
	node->mode = mode;
	node->bytes = g_bytes_ref(content);
	g_hash_table_insert(s->nodes, g_strdup(path), node);
	return true;
}

void strake_sources_write(StrakeSources *s, const char *path, GBytes *content)
{
	Node *node = lookup(s, path);

	g_return_if_fail(node != NULL);
	g_bytes_ref(content);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	node->bytes = content;
}

void strake_sources_write_staged(StrakeSources *s, const char *path, const char *staged)
{
	Node *node = lookup(s, path);

	g_return_if_fail(node != NULL);
	g_clear_pointer(&node->bytes, g_bytes_unref);
	g_free(node->staged);
	node->staged = g_strdup(staged);
}

static void forget(StrakeSources *s, const char *path)
{
	Node *node = lookup(s, path);

	if (node != NULL && node->disk != NULL)
		g_hash_table_add(s->removed, g_strdup(node->disk));
}

void strake_sources_remove(StrakeSources *s, const char *path)
{
	forget(s, path);
	g_hash_table_remove(s->nodes, path);
}

bool strake_sources_rename(StrakeSources *s, const char *path, const char *new_path, GError **error)
{
	Node *old = lookup(s, new_path);
	void *key, *node;

	if (strcmp(path, new_path) == 0)
		return true;
	if (old != NULL && !old->regular)
		return strake_error_set(error, STRAKE_ERROR_EXISTS,
			"'%s' exists and is not a regular file", new_path);
	strake_sources_remove(s, new_path);
	if (!g_hash_table_steal_extended(s->nodes, path, &key, &node))
		return strake_error_set(
			error, STRAKE_ERROR_NOT_FOUND, "there is no file '%s'", path);
	g_free(key);
	g_hash_table_insert(s->nodes, g_strdup(new_path), node);
	return true;
}

// -- staging and commit

static bool open_stage(StrakeSources *s, GError **error)
{
	for (unsigned i = 0; s->stage == NULL && i < 1000; i++) {
		g_autofree char *name = g_strdup_printf(STAGE_PREFIX "%d-%u", (int)getpid(), i);
		if (mkdirat(s->fd, name, 0700) == 0)
			s->stage = g_steal_pointer(&name);
		else if (errno != EEXIST)
			return strake_error_errno(error, errno, "make directory", name);
	}
	if (s->stage == NULL)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"no free name for a staging directory in '%s': remove old " STAGE_PREFIX
			"*",
			s->dir);
	return s->stage_fd >= 0 || strake_path_open_dir(s->fd, s->stage, &s->stage_fd, error);
}

bool strake_sources_stage_new(StrakeSources *s, char **out_name, int *out_fd, GError **error)
{
	g_autofree char *name = g_strdup_printf("new-%u", s->n_staged++);
	int fd;

	if (!open_stage(s, error))
		return false;
	fd = openat(s->stage_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return strake_error_errno(error, errno, "create", name);
	*out_fd = fd;
	*out_name = g_steal_pointer(&name);
	return true;
}

static bool stage_node(StrakeSources *s, Node *node, const char *path, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autofree char *name = NULL;
	size_t size;
	const void *data;

	if (node->bytes != NULL) {
		data = g_bytes_get_data(node->bytes, &size);
		if (!strake_sources_stage_new(s, &name, &fd, error) ||
			!strake_fd_write_all(fd, data, size, path, error))
			return false;
		g_free(node->staged);
		node->staged = g_steal_pointer(&name);
		g_clear_pointer(&node->bytes, g_bytes_unref);
	} else {
		fd = openat(s->stage_fd, node->staged, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return strake_error_errno(error, errno, "open", path);
	}
	if (fchmod(fd, node->mode) < 0)
		return strake_error_errno(error, errno, "set mode of", path);
	if (fsync(fd) < 0)
		return strake_error_errno(error, errno, "write", path);
	return true;
}

bool strake_sources_stage(StrakeSources *s, GError **error)
{
	GHashTableIter iter;
	void *path, *node;

	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &node)) {
		const Node *n = node;
		if ((n->bytes != NULL || n->staged != NULL) && !stage_node(s, node, path, error))
			return false;
	}
	return true;
}

/* One rename that can be taken back; @from NULL: within the staging directory and so on. */
typedef struct {
	int from_dir, to_dir; // owned
	char *from, *to;
} Move;

static void move_free(void *data)
{
	Move *move = data;

	strake_fd_clear(&move->from_dir);
	strake_fd_clear(&move->to_dir);
	g_free(move->from);
	g_free(move->to);
	g_free(move);
}

/* Every place is empty by then: what stands there came from someone else. */
static int rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
	int r = renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);

	return r < 0 && errno == EINVAL ? renameat(from_dir, from, to_dir, to) : r;
}

/* Moves between the sources (@in_stage false) and the staging directory, and notes it. */
static bool move_file(StrakeSources *s, GPtrArray *done, const char *from, bool from_stage,
	const char *to, bool to_stage, GError **error)
{
	g_auto(strake_fd) from_dir = -1;
	g_auto(strake_fd) to_dir = -1;
	const char *from_name = from;
	const char *to_name = to;
	Move *move;

	if (from_stage)
		from_dir = fcntl(s->stage_fd, F_DUPFD_CLOEXEC, 0);
	else if (!open_parent(s, from, &from_dir, &from_name, error))
		return false;
	if (to_stage)
		to_dir = fcntl(s->stage_fd, F_DUPFD_CLOEXEC, 0);
	else if (!open_parent(s, to, &to_dir, &to_name, error))
		return false;
	if (rename_new(from_dir, from_name, to_dir, to_name) < 0)
		return strake_error_errno(error, errno, "put in place", to_stage ? from : to);
	move = g_new0(Move, 1);
	move->from_dir = strake_fd_steal(&from_dir);
	move->to_dir = strake_fd_steal(&to_dir);
	move->from = g_strdup(from_name);
	move->to = g_strdup(to_name);
	g_ptr_array_add(done, move);
	return true;
}

static void take_back(const GPtrArray *done)
{
	for (guint i = done->len; i > 0; i--) {
		const Move *move = done->pdata[i - 1];
		(void)renameat(move->to_dir, move->to, move->from_dir, move->from);
	}
}

/* What must leave its place first: all that is removed, renamed or replaced. */
static bool move_out(StrakeSources *s, GPtrArray *done, GHashTable *parked, GError **error)
{
	GHashTableIter iter;
	void *path, *value;
	g_autoptr(GPtrArray) leaving = g_ptr_array_new_with_free_func(g_free);

	g_hash_table_iter_init(&iter, s->removed);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		g_ptr_array_add(leaving, g_strdup(path));
	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const Node *node = value;
		if (node->disk != NULL && (node->staged != NULL || strcmp(node->disk, path) != 0) &&
			!g_hash_table_contains(s->removed, node->disk))
			g_ptr_array_add(leaving, g_strdup(node->disk));
	}
	g_ptr_array_sort(leaving, compare_paths);
	for (guint i = 0; i < leaving->len; i++) {
		g_autofree char *name = g_strdup_printf("old-%u", i);
		if (!move_file(s, done, leaving->pdata[i], false, name, true, error))
			return false;
		g_hash_table_insert(parked, g_strdup(leaving->pdata[i]), g_steal_pointer(&name));
	}
	return true;
}

static bool move_in(StrakeSources *s, GPtrArray *done, GHashTable *parked, GError **error)
{
	GHashTableIter iter;
	void *path, *value;

	g_hash_table_iter_init(&iter, s->nodes);
	while (g_hash_table_iter_next(&iter, &path, &value)) {
		const Node *node = value;
		const char *from = node->staged;
		if (from == NULL && node->disk != NULL && strcmp(node->disk, path) != 0)
			from = g_hash_table_lookup(parked, node->disk);
		if (from != NULL && !move_file(s, done, from, true, path, false, error))
			return false;
	}
	return true;
}

bool strake_sources_commit(StrakeSources *s, GError **error)
{
	g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(move_free);
	g_autoptr(GHashTable) parked =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	if (!strake_sources_stage(s, error) || !open_stage(s, error))
		return false;
	if (!move_out(s, done, parked, error) || !move_in(s, done, parked, error)) {
		take_back(done);
		return false;
	}
	(void)fsync(s->fd);
	return true;
}
