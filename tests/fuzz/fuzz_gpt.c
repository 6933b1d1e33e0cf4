// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Partition tables and VHD footers from outside.
#include <stdint.h>

#include "format/gpt.h"
#include "format/vhd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) vhd_error = NULL;
	g_autoptr(GArray) list = strake_gpt_parse(in, &error);
	StrakeVhdFooter footer;
	bool ok;

	g_assert_true((list != NULL) == (error == NULL));
	ok = strake_vhd_footer_parse(data, size, &footer, &vhd_error);
	g_assert_true(ok == (vhd_error == NULL));
	return 0;
}
