// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any bytes as a package: a layout within the file or an error; a re-signed signature header can
// be read back, and signing it again changes nothing.
#include "format/rpm_layout.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sign_twice(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) value = g_bytes_new_static("signature", 9);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) once =
		strake_rpm_signature_set(data, size, STRAKE_RPM_SIGTAG_RSA, value, "fuzz", &error);
	g_autoptr(GBytes) twice = NULL;
	gsize once_size;
	const uint8_t *once_data;

	g_assert_true((once != NULL) == (error == NULL));
	if (once == NULL)
		return;
	once_data = g_bytes_get_data(once, &once_size);
	g_assert_cmpuint(once_size % 8, ==, 0);
	g_assert_true(strake_rpm_header_has(once_data, once_size, STRAKE_RPM_SIGTAG_RSA));
	twice = strake_rpm_signature_set(
		once_data, once_size, STRAKE_RPM_SIGTAG_RSA, value, "fuzz", &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	StrakeRpmLayout layout;
	uint32_t number;
	const char *text;

	if (!strake_rpm_layout(data, size, "fuzz", &layout, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	g_assert_cmpuint(layout.signature, <, layout.header);
	g_assert_cmpuint(layout.header, <, layout.payload);
	g_assert_cmpuint(layout.payload, <=, size);
	sign_twice(data + layout.signature, layout.header - layout.signature);
	(void)strake_rpm_header_u32(data + layout.header, layout.payload - layout.header,
		STRAKE_RPM_TAG_BUILDTIME, &number);
	text = strake_rpm_header_string(
		data + layout.header, layout.payload - layout.header, STRAKE_RPM_TAG_PAYLOADDIGEST);
	if (text != NULL)
		g_assert_cmpuint(strlen(text), <, size);
	return 0;
}
