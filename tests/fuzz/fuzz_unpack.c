// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Compressed data: the first byte chooses the compression; what comes out is bounded.
#include <stdint.h>

#include "format/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const kinds[] = {"none", "gz", "bz2", "xz", "zst"};
	enum { OUTPUT_MAX = 1 << 20 };
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeUnpack) unpack = NULL;
	const void *block;
	size_t n = 1, total = 0;

	if (size == 0)
		return 0;
	unpack = strake_unpack_new(data + 1, size - 1, kinds[data[0] % G_N_ELEMENTS(kinds)], "fuzz",
		OUTPUT_MAX, &error);
	g_assert_true((unpack != NULL) == (error == NULL));
	while (unpack != NULL && n > 0) {
		if (!strake_unpack_next(unpack, &block, &n, &error)) {
			g_assert_nonnull(error);
			break;
		}
		g_assert_no_error(error);
		total += n;
		g_assert_cmpuint(total, <=, OUTPUT_MAX);
	}
	return 0;
}
