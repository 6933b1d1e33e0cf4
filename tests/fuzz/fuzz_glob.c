// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Globs: the first line is a pattern, the rest a path. A literal pattern matches itself alone.
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GError) error = NULL;
	char *path = strchr(text, '\n');

	if (path == NULL || size > 4096)
		return 0;
	*path++ = '\0';
	g_autoptr(StrakeGlob) glob = strake_glob_new(text, &error);
	g_assert_true((glob != NULL) == (error == NULL));
	if (glob == NULL)
		return 0;
	bool matches = strake_glob_match(glob, path);
	if (strake_glob_is_literal(text) && strpbrk(text, "}]") == NULL)
		g_assert_cmpint(matches, ==, strcmp(text, path) == 0);
	return 0;
}
