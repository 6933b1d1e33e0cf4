// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Listing a spec's files: any spec, in bounded time and memory.
#include <stdint.h>
#include <string.h>

#include "format/specsources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(StrakeSpec) spec = strake_spec_parse(in, NULL);
	g_autoptr(StrakeMacros) macros = strake_macros_new();

	strake_macros_define(macros, "dist", ".x");
	g_autoptr(GArray) files = strake_spec_files(spec, macros);
	for (guint i = 0; i < files->len; i++) {
		const StrakeSpecFile *file = &g_array_index(files, StrakeSpecFile, i);
		g_assert_nonnull(file->value);
		g_assert_null(strchr(file->file, '/'));
	}
	return 0;
}
