// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the bridge reads besides scripts: versions, copyright files, pkg-config files, its memos.
#include <stdint.h>
#include <string.h>

#include "bridge/conversion.h"
#include "bridge/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_pkgconfig(GBytes *bytes)
{
	StrakeConversion c = {
		.rpm = strake_rpm_package_new("fuzz", "1", "1", "noarch"),
		.overlays = g_ptr_array_new(),
		.content = g_hash_table_new(g_str_hash, g_str_equal),
	};

	g_hash_table_insert(c.content, (char *)"/usr/lib/pkgconfig/x.pc", bytes);
	strake_conversion_pkgconfig(&c);
	g_hash_table_unref(c.content);
	g_ptr_array_unref(c.overlays);
	strake_rpm_package_free(c.rpm);
}

static void read_memo(GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeBridgeResult) result = strake_bridge_result_from_json(bytes, &error);

	g_assert_true((result != NULL) == (error == NULL));
	if (result == NULL)
		return;
	g_autofree char *first = strake_bridge_result_to_json(result);
	g_assert_nonnull(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeBridgeVersion) version = strake_bridge_version(text, &error);

	g_assert_true((version != NULL) == (error == NULL));
	g_clear_error(&error);
	g_free(strake_bridge_bound(text, NULL));
	g_free(strake_bridge_license(bytes));
	g_free(strake_bridge_file_lang(text));
	read_pkgconfig(bytes);
	read_memo(bytes);
	return 0;
}
