// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// depmod's indexes: the first "---" line ends modules.dep, the second modules.alias.
#include <stdint.h>
#include <string.h>

#include "image/kmod.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) parts = g_strsplit(text, "---\n", 3);
	guint n = g_strv_length(parts);
	g_autoptr(StrakeKmod) kmod = strake_kmod_parse(
		n > 0 ? parts[0] : "", n > 1 ? parts[1] : "", n > 2 ? parts[2] : "");
	g_auto(GStrv) words = g_strsplit_set(text, " \n:/", 64);

	for (char **word = words; *word != NULL; word++) {
		g_autoptr(GPtrArray) aliases = strake_kmod_aliases(kmod, *word);
		g_assert_true(
			strake_kmod_has(kmod, *word) == (strake_kmod_path(kmod, *word) != NULL));
		g_assert_nonnull(strake_kmod_needs(kmod, *word));
		strake_kmod_is_builtin(kmod, *word);
		g_assert_nonnull(aliases);
	}
	return 0;
}
