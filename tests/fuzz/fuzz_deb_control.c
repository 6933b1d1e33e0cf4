// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Any text as a control file, each of its values as relations and as a version. What parses must
// print to a text that parses to the same again.
#include <stdint.h>
#include <string.h>

#include "format/deb_control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const GPtrArray *groups)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < groups->len; i++) {
		g_autofree char *text =
			strake_deb_relation_group_text(g_ptr_array_index(groups, i));

		g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", text);
	}
	return g_string_free(out, FALSE);
}

static void try_value(StrakeDebSlice value)
{
	g_autofree char *text = strake_deb_slice_dup(value);
	g_autoptr(GPtrArray) groups = NULL;
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebVersion) version = strake_deb_version_parse(text, NULL);
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	g_assert_cmpint(strake_deb_version_compare(text, text), ==, 0);
	g_assert_cmpint(version != NULL, ==, strake_deb_version_check(text, NULL));
	if (!strake_deb_relations_parse_n(
		    value.data, value.size, (StrakeOrigin){0}, &groups, &error)) {
		g_assert_nonnull(error);
		return;
	}
	first = print(groups);
	g_assert_true(strake_deb_relations_parse(first, (StrakeOrigin){0}, &again, &error));
	second = print(again);
	g_assert_cmpstr(first, ==, second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_memdup2(data, size);
	g_autoptr(StrakeDebControl) control =
		strake_deb_control_new(text != NULL ? text : "", size, "fuzz");
	const StrakeDebStanza *stanza = NULL;
	g_autoptr(GError) error = NULL;

	while (strake_deb_control_next(control, &stanza, &error) && stanza != NULL)
		for (size_t i = 0; i < stanza->n_fields; i++)
			try_value(stanza->fields[i].value);
	g_assert_true(error == NULL || error->message != NULL);
	return 0;
}
