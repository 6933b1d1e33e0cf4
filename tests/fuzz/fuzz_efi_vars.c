// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes: a list of names or a proper error; what enrols lists its new keys.
#include "format/efi_vars.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	const StrakeEfiCertificate certificate = {"x", 1};
	g_autoptr(GBytes) out = NULL;
	g_auto(GStrv) names = strake_efi_vars_names(in, &error);

	g_assert_true((names != NULL) == (error == NULL));
	g_clear_error(&error);
	out = strake_efi_vars_enrol(in, &certificate, &error);
	g_assert_true((out != NULL) == (error == NULL));
	if (out != NULL) {
		g_auto(GStrv) after = strake_efi_vars_names(out, NULL);
		g_assert_true(g_strv_contains((const char *const *)after, "PK"));
	}
	return 0;
}
