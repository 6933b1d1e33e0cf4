// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reading, mapping, atomic replacement, locks and temporary directories.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"

static bool open_regular(int dir_fd, const char *path, int *out_fd, struct stat *st, GError **error)
{
	g_auto(strake_fd) fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	if (fstat(fd, st) < 0)
		return strake_error_errno(error, errno, "look at", path);
	if (!S_ISREG(st->st_mode))
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "'%s' is not a regular file", path);
	*out_fd = strake_fd_steal(&fd);
	return true;
}

GBytes *strake_file_read_at(int dir_fd, const char *path, size_t max_bytes, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autofree char *data = NULL;
	struct stat st;
	size_t got = 0;

	if (!open_regular(dir_fd, path, &fd, &st, error))
		return NULL;
	if ((size_t)st.st_size > max_bytes) {
		strake_error_set(error, STRAKE_ERROR_LIMIT,
			"'%s' has %lld bytes; at most %zu are accepted", path,
			(long long)st.st_size, max_bytes);
		return NULL;
	}
	data = g_try_malloc((size_t)st.st_size + 1);
	if (data == NULL) {
		strake_error_set(error, STRAKE_ERROR_LIMIT, "'%s': not enough memory", path);
		return NULL;
	}
	if (!strake_fd_read_full(fd, data, (size_t)st.st_size, &got, path, error))
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&data), got);
}

GBytes *strake_file_map_at(int dir_fd, const char *path, GError **error)
{
	g_auto(strake_fd) fd = -1;
	g_autoptr(GMappedFile) mapped = NULL;
	struct stat st;

	if (!open_regular(dir_fd, path, &fd, &st, error))
		return NULL;
	mapped = g_mapped_file_new_from_fd(fd, FALSE, error);
	if (mapped == NULL) {
		g_prefix_error(error, "map '%s': ", path);
		return NULL;
	}
	return g_mapped_file_get_bytes(mapped);
}

// Syncs the directory that holds @path, so that the rename itself survives a power cut.
static bool sync_parent(int dir_fd, const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	g_auto(strake_fd) fd = -1;

	if (!strake_path_open_dir(dir_fd, parent, &fd, error))
		return false;
	if (fsync(fd) < 0)
		return strake_error_errno(error, errno, "sync directory", parent);
	return true;
}

bool strake_file_write_at(
	int dir_fd, const char *path, const void *data, size_t size, mode_t mode, GError **error)
{
	g_autofree char *aside = g_strdup_printf("%s.new-%d", path, (int)getpid());
	g_auto(strake_fd) fd =
		openat(dir_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return strake_error_errno(error, errno, "create", aside);
	if (!strake_fd_write_all(fd, data, size, aside, error)) {
		unlinkat(dir_fd, aside, 0);
		return false;
	}
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0 || renameat(dir_fd, aside, dir_fd, path) < 0) {
		int err = errno;
		unlinkat(dir_fd, aside, 0);
		return strake_error_errno(error, err, "replace", path);
	}
	return sync_parent(dir_fd, path, error);
}

bool strake_file_lock(int dir_fd, const char *path, bool wait, int *out_fd, GError **error)
{
	g_auto(strake_fd) fd = openat(dir_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return strake_error_errno(error, errno, "open lock", path);
	do
		rc = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EWOULDBLOCK)
		return strake_error_set(error, STRAKE_ERROR_LOCKED,
			"another strake process holds the lock '%s'", path);
	if (rc < 0)
		return strake_error_errno(error, errno, "lock", path);
	*out_fd = strake_fd_steal(&fd);
	return true;
}

StrakeTmpdir *strake_tmpdir_new(const char *parent, GError **error)
{
	g_autofree char *path =
		g_build_filename(parent != NULL ? parent : g_get_tmp_dir(), "strake-XXXXXX", NULL);
	g_autofree StrakeTmpdir *dir = g_new0(StrakeTmpdir, 1);

	if (mkdtemp(path) == NULL) {
		strake_error_errno(error, errno, "make directory", path);
		return NULL;
	}
	if (!strake_path_open_dir(AT_FDCWD, path, &dir->fd, error))
		return NULL;
	dir->path = g_steal_pointer(&path);
	return g_steal_pointer(&dir);
}

void strake_tmpdir_free(StrakeTmpdir *dir)
{
	if (dir == NULL)
		return;
	strake_fd_close(dir->fd);
	if (!strake_path_remove_tree(AT_FDCWD, dir->path, NULL))
		g_debug("left behind: %s", dir->path);
	g_free(dir->path);
	g_free(dir);
}
