// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes as a .deb: ar, control.tar, control stanza and one pass over data.tar.
#include "format/deb_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool pass(const StrakeDebFile *file, GError **error)
{
	g_autoptr(StrakeDebData) data = strake_deb_data_open(file, error);
	const StrakeDebEntry *entry = NULL;

	if (data == NULL)
		return false;
	do {
		const void *part;
		size_t size = 0;

		if (!strake_deb_data_next(data, &entry, error))
			return false;
		if (entry != NULL && entry->path[0] == '/')
			g_error("an absolute path came through");
		while (entry != NULL) {
			if (!strake_deb_data_read(data, &part, &size, error))
				return false;
			if (size == 0)
				break;
		}
	} while (entry != NULL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebFile) file = strake_deb_file_open(bytes, "fuzz.deb", &error);
	g_autoptr(GError) data_error = NULL;

	g_assert_true((file != NULL) == (error == NULL));
	if (file != NULL)
		g_assert_true(pass(file, &data_error) == (data_error == NULL));
	return 0;
}
