// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// VHD footer: what is read, written again, reads the same.
#include <stdint.h>

#include "format/vhd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	StrakeVhdFooter footer, again;
	uint8_t bytes[STRAKE_VHD_FOOTER_BYTES];

	if (!strake_vhd_footer_parse(data, size, &footer, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	g_assert_no_error(error);
	if (strake_vhd_footer_format(&footer, bytes, NULL)) {
		g_assert_true(strake_vhd_footer_parse(bytes, sizeof(bytes), &again, &error));
		g_assert_cmpuint(again.size_bytes, ==, footer.size_bytes);
		g_assert_cmpint(again.time_s, ==, footer.time_s);
		g_assert_cmpstr(again.uuid, ==, footer.uuid);
	}
	return 0;
}
