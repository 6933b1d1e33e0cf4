// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as a Packages file, as a Release file and as a clear-signed message. Every package of
// an index that loads must be found again by its name.
#include "format/deb_index.h"
#include "format/deb_release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_index(GBytes *bytes)
{
	g_autoptr(StrakeDebIndex) index = strake_deb_index_new();
	g_autoptr(GError) error = NULL;

	if (!strake_deb_index_add(index, bytes, "fuzz", &error)) {
		g_assert_nonnull(error);
		return;
	}
	for (StrakeDebId id = 0; id < strake_deb_index_size(index); id++) {
		g_autofree char *name = strake_deb_slice_dup(strake_deb_index_name(index, id));
		g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(StrakeDebId));
		g_autoptr(GError) stanza_error = NULL;
		g_autoptr(StrakeDebPackage) package =
			strake_deb_index_package(index, id, &stanza_error);

		g_assert_cmpuint(strake_deb_index_find(index, name), !=, STRAKE_DEB_ID_NONE);
		g_assert_true((package != NULL) == (stanza_error == NULL));
		strake_deb_index_providers(index, name, ids);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	const char *text = size > 0 ? g_bytes_get_data(bytes, NULL) : "";
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebRelease) release = strake_deb_release_parse(text, size, "fuzz", &error);
	g_autoptr(GError) sign_error = NULL;

	g_assert_true((release != NULL) == (error == NULL));
	g_assert_true(strake_deb_clearsign_check(text, size, "fuzz", &sign_error) ==
		      (sign_error == NULL));
	try_index(bytes);
	return 0;
}
