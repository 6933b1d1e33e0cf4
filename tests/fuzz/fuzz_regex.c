// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Expressions: first line the pattern, second the replacement, then the text. Finding, counting and
// replacing agree with one another.
#include <stdint.h>
#include <string.h>

#include "format/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) parts = g_strsplit(text, "\n", 3);
	const StrakeRegexFlags flags = size % 2 != 0 ? STRAKE_REGEX_BYTES : STRAKE_REGEX_DEFAULT;
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeRegex) regex = NULL;
	StrakeRegexSpan spans[STRAKE_REGEX_GROUPS_MAX + 1];
	size_t found = 0, length;

	if (g_strv_length(parts) < 3)
		return 0;
	regex = strake_regex_new(parts[0], flags, &error);
	g_assert_true((regex != NULL) == (error == NULL));
	if (regex == NULL)
		return 0;
	length = strlen(parts[2]);
	if (strake_regex_find(regex, parts[2], length, 0, spans, strake_regex_groups(regex) + 1)) {
		g_assert_cmpuint(spans[0].start, <=, spans[0].end);
		g_assert_cmpuint(spans[0].end, <=, length);
		g_assert_cmpuint(strake_regex_count(regex, parts[2], length), >, 0);
	}
	bool expand = strake_regex_check_expand(regex, parts[1], &error);
	g_assert_true(expand == (error == NULL));
	g_clear_error(&error);
	GString *made = strake_regex_replace(
		regex, parts[2], length, parts[1], expand, 1 << 20, &found, &error);
	g_assert_true((made != NULL) == (error == NULL));
	if (made != NULL) {
		g_assert_cmpuint(found, ==, strake_regex_count(regex, parts[2], length));
		g_string_free(made, TRUE);
	}
	return 0;
}
