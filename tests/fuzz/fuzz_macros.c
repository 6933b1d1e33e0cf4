// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The macro language: any text expanded and asked as a condition, with macros that any text
// defines. Macros that refer to one another end.
#include <stdint.h>
#include <string.h>

#include "format/specmacro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 32);
	g_autoptr(StrakeMacros) macros = strake_macros_new();
	g_autofree char *expanded = NULL;
	bool complete;

	for (char **line = lines; *line != NULL && line[1] != NULL; line++) {
		char *blank = strchr(*line, ' ');
		if (blank == NULL)
			continue;
		*blank = '\0';
		if (blank[1] == '?')
			strake_macros_define_unknown(macros, *line);
		else
			strake_macros_define(macros, *line, blank + 1);
	}
	expanded = strake_macros_expand(macros, text, strlen(text), &complete);
	g_assert_nonnull(expanded);
	g_free(strake_macros_expand(macros, (const char *)data, size, NULL));
	strake_macros_test(macros, (const char *)data, size);
	return 0;
}
