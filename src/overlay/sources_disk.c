// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The directory as it is on disk: listed and read without following a link.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "overlay/sources_private.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 64 };

static bool list_dir(StrakeSources *s, int dir_fd, const char *prefix, int depth, GError **error);

static bool list_entry(StrakeSources *s, int dir_fd, const char *name, const char *prefix,
	int depth, GError **error)
{
	g_autofree char *path = g_strconcat(prefix, name, NULL);
	g_auto(strake_fd) below = -1;
	struct stat st;
	StrakeSourceNode *node;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if (g_hash_table_size(s->nodes) >= FILES_MAX)
		return strake_error_set(error, STRAKE_ERROR_LIMIT, "'%s' holds more than %d files",
			s->dir, FILES_MAX);
	node = g_new0(StrakeSourceNode, 1);
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
			strcmp(name, ".git") == 0 || g_str_has_prefix(name, STRAKE_STAGE_PREFIX))
			continue;
		ok = list_entry(s, dir_fd, name, prefix, depth, error);
	}
	closedir(dir);
	return ok;
}

StrakeSources *strake_sources_open(const char *dir, GError **error)
{
	g_autoptr(StrakeSources) s = strake_sources_new();

	g_free(s->dir);
	s->dir = g_strdup(dir);
	if (!strake_path_open_dir(AT_FDCWD, dir, &s->fd, error) ||
		!list_dir(s, s->fd, "", 0, error))
		return NULL;
	return g_steal_pointer(&s);
}

bool strake_sources_open_parent(const StrakeSources *s, const char *path, int *out_fd,
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

bool strake_sources_open_disk(const StrakeSources *s, const char *disk, int *out_fd, GError **error)
{
	g_auto(strake_fd) dir = -1;
	g_auto(strake_fd) fd = -1;
	const char *name;
	struct stat st;

	if (!strake_sources_open_parent(s, disk, &dir, &name, error))
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
