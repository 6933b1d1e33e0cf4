// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// PE reader: no crash, the error contract, and edits of what was accepted can be read again.
#include <stdint.h>

#include "format/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(GBytes) text = g_bytes_new_static("text", 4);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) more = NULL;
	const StrakePeNewSection section = {".new", text};
	uint8_t digest[32];
	StrakePe pe;

	if (!strake_pe_parse(in, "fuzz", &pe, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	g_assert_no_error(error);
	if (strake_pe_digest(in, "fuzz", digest, NULL)) {
		g_autoptr(GBytes) signed_one = strake_pe_attach(in, "fuzz", text, NULL);
		g_assert_true(signed_one == NULL || strake_pe_parse(signed_one, "fuzz", &pe, NULL));
	}
	more = strake_pe_add_sections(in, "fuzz", &section, 1, NULL);
	if (more != NULL) {
		g_assert_true(strake_pe_parse(more, "fuzz", &pe, NULL));
		g_assert_nonnull(strake_pe_find(&pe, ".new"));
	}
	return 0;
}
