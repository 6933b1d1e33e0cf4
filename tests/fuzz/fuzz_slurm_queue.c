// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as squeue's output.
#include <stdint.h>

#include "build/slurm_queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) lines = strake_slurm_parse(text, &error);

	g_assert_true((lines != NULL) == (error == NULL));
	for (guint i = 0; lines != NULL && i < lines->len; i++) {
		const StrakeSlurmLine *line = &g_array_index(lines, StrakeSlurmLine, i);

		g_assert_cmpint(line->id, >, 0);
		g_assert_nonnull(line->machine);
		g_assert_nonnull(line->reason);
	}
	return 0;
}
