// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Safe path walking with openat2, directory creation and removal.
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

bool strake_path_open_beneath(
	int root_fd, const char *path, int flags, mode_t mode, int *out_fd, GError **error)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd < 0)
		return strake_error_errno(error, errno, "open", path);
	*out_fd = (int)fd;
	return true;
}

bool strake_path_open_dir(int at_fd, const char *path, int *out_fd, GError **error)
{
	int fd = openat(at_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return strake_error_errno(error, errno, "open directory", path);
	*out_fd = fd;
	return true;
}

bool strake_path_mkdirs(int at_fd, const char *path, GError **error)
{
	g_autofree char *copy = g_strdup(path);

	for (char *slash = copy + 1; *copy != '\0'; slash++) {
		char kept = *slash;

		if (kept != '/' && kept != '\0')
			continue;
		*slash = '\0';
		if (mkdirat(at_fd, copy, 0777) < 0 && errno != EEXIST)
			return strake_error_errno(error, errno, "make directory", copy);
		if (kept == '\0')
			break;
		*slash = kept;
	}
	return true;
}

bool strake_path_mkdirs_beneath(int root_fd, const char *path, mode_t mode, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(GString) prefix = g_string_new(NULL);

	for (char **part = parts; *part != NULL; part++) {
		g_auto(strake_fd) parent = -1;
		g_auto(strake_fd) made = -1;
		const char *above = prefix->len > 0 ? prefix->str : ".";

		if (**part == '\0')
			continue;
		if (!strake_path_open_beneath(
			    root_fd, above, O_RDONLY | O_DIRECTORY, 0, &parent, error))
			return false;
		g_string_append_printf(prefix, "%s%s", prefix->len > 0 ? "/" : "", *part);
		// A link here may be absolute, so resolve it from the root, not from its parent.
		if (mkdirat(parent, *part, mode) < 0 && errno != EEXIST)
			return strake_error_errno(error, errno, "make directory", prefix->str);
		if (!strake_path_open_beneath(
			    root_fd, prefix->str, O_RDONLY | O_DIRECTORY, 0, &made, error))
			return false;
	}
	return true;
}

static bool remove_below(int dir_fd, dev_t device, const char *name, GError **error);

static bool remove_entry(int dir_fd, dev_t device, const char *name, GError **error)
{
	g_auto(strake_fd) child = -1;
	struct stat st;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return strake_error_errno(error, errno, "remove", name);
	child = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0)
		return strake_error_errno(error, errno, "open directory", name);
	if (fstat(child, &st) < 0)
		return strake_error_errno(error, errno, "look at", name);
	if (st.st_dev != device)
		return strake_error_set(
			error, STRAKE_ERROR_FAILED, "'%s' is a mount point: not removed", name);
	if (!remove_below(child, device, name, error))
		return false;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return strake_error_errno(error, errno, "remove directory", name);
	return true;
}

static bool remove_below(int dir_fd, dev_t device, const char *name, GError **error)
{
	int listing = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = listing < 0 ? NULL : fdopendir(listing);
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		int err = errno;
		if (listing >= 0)
			strake_fd_close(listing);
		return strake_error_errno(error, err, "list directory", name);
	}
	while (ok && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = remove_entry(dir_fd, device, entry->d_name, error);
	closedir(dir);
	return ok;
}

bool strake_path_remove_tree(int at_fd, const char *path, GError **error)
{
	struct stat st;

	if (fstatat(at_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || strake_error_errno(error, errno, "look at", path);
	return remove_entry(at_fd, st.st_dev, path, error);
}

bool strake_path_is_clean(const char *path)
{
	const char *at = path;

	if (*path == '\0' || *path == '/')
		return false;
	for (;;) {
		size_t n = strcspn(at, "/");

		if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		if (at[n] == '\0')
			return true;
		at += n + 1;
	}
}

char *strake_path_user_cache(void)
{
	return g_build_filename(g_get_user_cache_dir(), "strake", NULL);
}

char *strake_path_user_data(void)
{
	return g_build_filename(g_get_user_data_dir(), "strake", NULL);
}

bool strake_path_link_stays(const char *path, const char *target)
{
	long depth = 0;
	g_auto(GStrv) parts = g_strsplit(target, "/", -1);

	if (target[0] == '/' || target[0] == '\0')
		return false;
	for (const char *p = path; (p = strchr(p, '/')) != NULL; p++)
		depth++;
	for (char **part = parts; *part != NULL; part++) {
		if (strcmp(*part, "..") == 0)
			depth--;
		else if (**part != '\0' && strcmp(*part, ".") != 0)
			depth++;
		if (depth < 0)
			return false;
	}
	return true;
}
