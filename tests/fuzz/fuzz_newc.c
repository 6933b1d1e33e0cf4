// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The RAM disk writer against libarchive: each line of the input is a file, and all come back.
#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <string.h>

#include "format/newc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(GBytes *bytes, char **lines, guint n)
{
	struct archive *a = archive_read_new();
	struct archive_entry *entry;
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	archive_read_support_format_cpio(a);
	g_assert_cmpint(archive_read_open_memory(a, data, size), ==, ARCHIVE_OK);
	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("f%u", i);
		g_assert_cmpint(archive_read_next_header(a, &entry), >=, ARCHIVE_WARN);
		g_assert_cmpstr(archive_entry_pathname(entry), ==, name);
		if (i % 2 == 0)
			g_assert_cmpint(archive_entry_size(entry), ==, (gint64)strlen(lines[i]));
	}
	g_assert_cmpint(archive_read_next_header(a, &entry), ==, ARCHIVE_EOF);
	archive_read_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 64);
	g_autoptr(StrakeNewc) archive = strake_newc_new(1);
	g_autoptr(GBytes) bytes = NULL;
	guint n = g_strv_length(lines);

	for (guint i = 0; i < n; i++) {
		g_autofree char *name = g_strdup_printf("f%u", i);
		if (i % 2 == 0)
			strake_newc_add_file(archive, name, 0644, lines[i], strlen(lines[i]));
		else
			strake_newc_add_link(archive, name, lines[i]);
	}
	bytes = strake_newc_finish(archive);
	check(bytes, lines, n);
	return 0;
}
