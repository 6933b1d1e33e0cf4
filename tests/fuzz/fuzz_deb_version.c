// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Three lines as versions: the order must be antisymmetric and transitive.
#include <stdint.h>
#include <string.h>

#include "format/deb_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) v = g_strsplit(text, "\n", 3);
	int ab, bc;

	if (g_strv_length(v) < 3)
		return 0;
	ab = sign(strake_deb_version_compare(v[0], v[1]));
	bc = sign(strake_deb_version_compare(v[1], v[2]));
	g_assert_cmpint(ab, ==, -sign(strake_deb_version_compare(v[1], v[0])));
	if (ab == bc)
		g_assert_cmpint(ab, ==, sign(strake_deb_version_compare(v[0], v[2])));
	if (ab == 0)
		g_assert_cmpint(bc, ==, sign(strake_deb_version_compare(v[0], v[2])));
	return 0;
}
