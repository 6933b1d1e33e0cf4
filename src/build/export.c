// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Package files beside one another in a directory, as links into the store.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "build/driver.h"

static bool place(StrakeStore *store, const StrakeBuiltPackage *package, int dir_fd, GError **error)
{
	g_autofree char *object = strake_store_object_path(store, package->sha256);
	g_auto(strake_fd) from = -1;
	g_auto(strake_fd) to = -1;

	if (linkat(AT_FDCWD, object, dir_fd, package->file_name, 0) == 0)
		return true;
	if (errno != EXDEV && errno != EMLINK && errno != EPERM)
		return strake_error_errno(error, errno, "link", package->file_name);
	if (!strake_store_open_object(store, package->sha256, &from, error))
		return false;
	to = openat(dir_fd, package->file_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (to < 0)
		return strake_error_errno(error, errno, "create", package->file_name);
	return strake_fd_copy(from, to, package->file_name, error);
}

static bool fill(
	StrakeStore *store, const StrakeBuildResult *result, const char *dir, GError **error)
{
	g_auto(strake_fd) dir_fd = -1;

	if (!strake_path_remove_tree(AT_FDCWD, dir, error) ||
		!strake_path_mkdirs(AT_FDCWD, dir, error) ||
		!strake_path_open_dir(AT_FDCWD, dir, &dir_fd, error))
		return false;
	for (guint i = 0; i < result->packages->len; i++)
		if (!place(store, result->packages->pdata[i], dir_fd, error))
			return false;
	return true;
}

bool strake_build_export(
	StrakeStore *store, const StrakeBuildResult *result, const char *dir, GError **error)
{
	g_autofree char *final = g_build_filename(dir, result->component, NULL);
	g_autofree char *aside =
		g_strdup_printf("%s/.%s.new-%d", dir, result->component, (int)getpid());

	if (!fill(store, result, aside, error))
		return false;
	// One step where there is one already: a reader never sees half of it.
	if (renameat2(AT_FDCWD, aside, AT_FDCWD, final, RENAME_EXCHANGE) == 0)
		return strake_path_remove_tree(AT_FDCWD, aside, error);
	if (errno != ENOENT)
		return strake_error_errno(error, errno, "replace", final);
	if (rename(aside, final) < 0)
		return strake_error_errno(error, errno, "rename", aside);
	return true;
}
