// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Descriptor helpers: whole reads, whole writes, copies.
#include "base/fd.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/error.h"

void strake_fd_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

bool strake_fd_write_all(int fd, const void *data, size_t size, const char *name, GError **error)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strake_error_errno(error, errno, "write", name);
		at += n;
		size -= (size_t)n;
	}
	return true;
}

bool strake_fd_read_full(
	int fd, void *data, size_t size, size_t *out_size, const char *name, GError **error)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (uint8_t *)data + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strake_error_errno(error, errno, "read", name);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*out_size = done;
	return true;
}

static bool copy_by_buffer(int from, int to, const char *name, GError **error)
{
	enum { CHUNK = 256 * 1024 };
	g_autofree uint8_t *buffer = g_malloc(CHUNK);
	size_t n = 0;

	do {
		if (!strake_fd_read_full(from, buffer, CHUNK, &n, name, error) ||
			!strake_fd_write_all(to, buffer, n, name, error))
			return false;
	} while (n == CHUNK);
	return true;
}

bool strake_fd_copy(int from, int to, const char *name, GError **error)
{
	bool moved = false;

	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
		if (n > 0) {
			moved = true;
			continue;
		}
		if (n == 0 && moved)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		// Not every pair of file systems copies in the kernel, and procfs reports 0.
		return copy_by_buffer(from, to, name, error);
	}
}
