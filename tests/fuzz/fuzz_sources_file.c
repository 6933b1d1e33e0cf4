// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes: parse or a proper error; what parses prints to something that parses to the same.
#include "format/sources_file.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeSourcesFile) file = strake_sources_file_parse(in, "sources", &error);

	g_assert_true((file != NULL) == (error == NULL));
	if (file != NULL) {
		g_autofree char *once = strake_sources_file_format(file);
		g_autoptr(GBytes) text = g_bytes_new(once, strlen(once));
		g_autoptr(StrakeSourcesFile) again =
			strake_sources_file_parse(text, "sources", &error);
		g_autofree char *twice = NULL;

		g_assert_no_error(error);
		twice = strake_sources_file_format(again);
		g_assert_cmpstr(once, ==, twice);
	}
	return 0;
}
