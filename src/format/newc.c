// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// cpio "newc" writer; inode numbers count up so that equal input gives equal bytes.
#include "format/newc.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct StrakeNewc {
	GByteArray *bytes;
	uint32_t mtime;
	uint32_t next_inode;
};

StrakeNewc *strake_newc_new(int64_t mtime)
{
	StrakeNewc *a = g_new0(StrakeNewc, 1);

	g_return_val_if_fail(mtime >= 0 && mtime <= UINT32_MAX, a);
	a->bytes = g_byte_array_new();
	a->mtime = (uint32_t)mtime;
	a->next_inode = 1;
	return a;
}

void strake_newc_free(StrakeNewc *a)
{
	if (a == NULL)
		return;
	if (a->bytes != NULL)
		g_byte_array_unref(a->bytes);
	g_free(a);
}

static void pad4(GByteArray *bytes)
{
	static const uint8_t zeros[4];

	g_byte_array_append(bytes, zeros, (4 - bytes->len % 4) % 4);
}

static void add(StrakeNewc *a, const char *path, uint32_t mode, const void *data, size_t size,
	uint32_t rdev_major, uint32_t rdev_minor)
{
	char header[111];
	size_t name_size = strlen(path) + 1;
	bool trailer = mode == 0;

	g_return_if_fail(size <= UINT32_MAX);
	g_snprintf(header, sizeof(header),
		"070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		trailer ? 0 : a->next_inode++, mode, 0, 0, S_ISDIR(mode) ? 2 : 1,
		trailer ? 0 : a->mtime, (unsigned)size, 0, 0, rdev_major, rdev_minor,
		(unsigned)name_size, 0);
	g_byte_array_append(a->bytes, (const uint8_t *)header, 110);
	g_byte_array_append(a->bytes, (const uint8_t *)path, (guint)name_size);
	pad4(a->bytes);
	if (size > 0)
		g_byte_array_append(a->bytes, data, (guint)size);
	pad4(a->bytes);
}

void strake_newc_add_dir(StrakeNewc *a, const char *path, unsigned mode)
{
	add(a, path, S_IFDIR | (mode & 07777), NULL, 0, 0, 0);
}

void strake_newc_add_file(
	StrakeNewc *a, const char *path, unsigned mode, const void *data, size_t size)
{
	add(a, path, S_IFREG | (mode & 07777), data, size, 0, 0);
}

void strake_newc_add_link(StrakeNewc *a, const char *path, const char *target)
{
	add(a, path, S_IFLNK | 0777, target, strlen(target), 0, 0);
}

void strake_newc_add_chardev(
	StrakeNewc *a, const char *path, unsigned mode, unsigned major, unsigned minor)
{
	add(a, path, S_IFCHR | (mode & 07777), NULL, 0, major, minor);
}

GBytes *strake_newc_finish(StrakeNewc *a)
{
	add(a, "TRAILER!!!", 0, NULL, 0, 0, 0);
	return g_byte_array_free_to_bytes(g_steal_pointer(&a->bytes));
}
