// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as a Sources file: what is picked of a source package is one of its files, and every
// path is safe to put below a mirror.
#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "format/deb_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_source(const StrakeDebSource *source)
{
	static const char *const globs[] = {NULL, "*.orig-*.tar.*", "*"};

	g_assert_true(strake_path_is_clean(source->directory));
	for (size_t i = 0; i < G_N_ELEMENTS(globs); i++) {
		g_autoptr(GError) error = NULL;
		const StrakeDebSourceFile *file = strake_deb_source_pick(source, globs[i], &error);

		g_assert_true((file != NULL) == (error == NULL));
		if (file == NULL)
			continue;
		g_assert_true(strake_path_is_clean(file->name));
		g_assert_null(strchr(file->name, '/'));
		g_assert_true(strake_digest_is_hex(STRAKE_DIGEST_SHA256, file->sha256));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(StrakeDebIndex) index = strake_deb_index_new();
	g_autoptr(GError) error = NULL;

	if (!strake_deb_index_add(index, bytes, "fuzz", &error))
		return 0;
	for (StrakeDebId id = 0; id < strake_deb_index_size(index); id++) {
		g_autofree char *name = strake_deb_slice_dup(strake_deb_index_name(index, id));
		g_autoptr(GError) stanza_error = NULL;
		g_autoptr(GError) newest_error = NULL;
		g_autoptr(StrakeDebSource) source = strake_deb_source_at(index, id, &stanza_error);
		g_autoptr(StrakeDebSource) newest = NULL;

		g_assert_true((source != NULL) == (stanza_error == NULL));
		if (source != NULL)
			try_source(source);
		g_assert_true(strake_deb_source_newest(index, name, &newest, &newest_error) ==
			      (newest_error == NULL));
	}
	return 0;
}
