// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Each compressed module is replaced by what is in it, on all cores.
#include "image/plain_modules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/path.h"
#include "image/kmod.h"
#include "image/memo.h"

enum { MODULE_MAX_BYTES = 64 << 20 };

typedef struct {
	int root_fd;
	GPtrArray *paths;
} Modules;

static bool unpack_one(size_t index, void *data, GError **error)
{
	const Modules *modules = data;
	const char *path = modules->paths->pdata[index];
	g_autofree char *plain = g_strndup(path, strlen(path) - strlen(strrchr(path, '.')));
	g_autoptr(GBytes) packed = NULL;
	g_autoptr(GBytes) content = NULL;
	g_auto(strake_fd) fd = -1;

	packed = strake_file_read_at(modules->root_fd, path, MODULE_MAX_BYTES, error);
	if (packed == NULL)
		return false;
	content = strake_kmod_unpack(packed, path, error);
	if (content == NULL ||
		!strake_path_open_beneath(
			modules->root_fd, plain, O_WRONLY | O_CREAT | O_EXCL, 0644, &fd, error) ||
		!strake_fd_write_all(fd, g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			plain, error))
		return false;
	if (unlinkat(modules->root_fd, path, 0) < 0)
		return strake_error_errno(error, errno, "remove", path);
	return true;
}

bool strake_plain_modules(int root_fd, GError **error)
{
	static const char *const globs[] = {"usr/lib/modules/*/kernel/**/*.ko.{xz,zst,gz}", NULL};
	Modules modules = {.root_fd = root_fd, .paths = strake_memo_match(root_fd, globs, error)};
	bool ok = modules.paths != NULL &&
		  strake_parallel_for(modules.paths->len, 0, unpack_one, &modules, error);

	g_clear_pointer(&modules.paths, g_ptr_array_unref);
	return ok;
}
