// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes as repomd.xml: an error or a list of clean paths.
#include <stdint.h>

#include "base/path.h"
#include "format/repomd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeRepomd) repomd = strake_repomd_parse(bytes, "repomd.xml", &error);
	g_autofree char *date = NULL;

	g_assert_true((repomd != NULL) == (error == NULL));
	if (repomd == NULL)
		return 0;
	date = strake_repomd_date(repomd);
	g_assert_nonnull(date);
	for (guint i = 0; i < repomd->files->len; i++) {
		const StrakeRepomdFile *file = g_ptr_array_index(repomd->files, i);

		g_assert_true(strake_path_is_clean(file->href));
		g_assert_nonnull(strake_repomd_file(repomd, file->type));
	}
	return 0;
}
