// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The spec model: printing gives the input back, views stay inside the text, and marks kept up to
// date by edits equal those of a fresh parse unless a bracket never closes.
#include <stdint.h>
#include <string.h>

#include "format/specfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const StrakeSpec *spec, bool structural)
{
	g_autoptr(GArray) sections = strake_spec_sections(spec, structural);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, structural);
	g_autoptr(GArray) conditionals = strake_spec_conditionals(spec, structural, NULL);
	size_t next = 0;

	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *s = &g_array_index(sections, StrakeSpecSection, i);
		g_assert_cmpuint(s->start, ==, next);
		g_assert_cmpuint(s->body, <=, s->end);
		next = s->end;
	}
	g_assert_cmpuint(next, ==, strake_spec_n_lines(spec));
	for (guint i = 0; i < tags->len; i++)
		g_assert_cmpuint(g_array_index(tags, StrakeSpecTag, i).name.size, >, 0);
	for (guint i = 0; i < conditionals->len; i++) {
		const StrakeSpecConditional *c =
			&g_array_index(conditionals, StrakeSpecConditional, i);
		g_assert_cmpuint(c->open, <, c->close);
		g_assert_cmpint(c->parent, <, (gssize)i);
	}
	for (size_t i = 0; i < strake_spec_n_lines(spec); i++) {
		const StrakeSpecLine *line = &strake_spec_lines(spec)[i];
		StrakeSpecMacro macro;
		if (strake_spec_macro(line->text, line->size, &macro))
			g_assert_cmpuint(macro.name.size + macro.body.size, <=, line->size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) in = g_bytes_new(data, size);
	g_autoptr(StrakeSpec) spec = strake_spec_parse(in, NULL);
	g_autoptr(GBytes) out = strake_spec_print(spec);
	size_t n = strake_spec_n_lines(spec);

	g_assert_true(g_bytes_equal(in, out));
	look(spec, false);
	look(spec, true);
	if (n == 0)
		return 0;

	size_t at = size % n;
	StrakeSpecEdit edit = {at, MIN(data[0] % 3u, n - at), (const char *)data, size % 40};
	if (data[0] & 0x80)
		edit.text = NULL;
	strake_spec_edit(spec, &edit, 1);
	look(spec, true);
	g_autoptr(GBytes) edited = strake_spec_print(spec);
	g_autoptr(StrakeSpec) again = strake_spec_parse(edited, NULL);
	g_autoptr(GBytes) printed = strake_spec_print(again);
	g_assert_true(g_bytes_equal(edited, printed));
	strake_spec_normalise(again);
	look(again, false);
	return 0;
}
