// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Owned file descriptors: g_auto(strake_fd) closes at the end of the scope and keeps errno.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef int strake_fd;

void strake_fd_close(int fd);
static inline void strake_fd_clear(strake_fd *fd)
{
	if (*fd >= 0)
		strake_fd_close(*fd);
	*fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(strake_fd, strake_fd_clear)

static inline int strake_fd_steal(strake_fd *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/** strake_fd_write_all: writes @size bytes, through short writes and EINTR. @name: for errors. */
bool strake_fd_write_all(int fd, const void *data, size_t size, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_fd_read_full: reads until @size bytes or end of file; *@out_size is what was read. */
bool strake_fd_read_full(int fd, void *data, size_t size, size_t *out_size, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_fd_copy: copies from the offset of @from to its end into @to (copy_file_range first). */
bool strake_fd_copy(int from, int to, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
