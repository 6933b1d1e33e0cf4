// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Sections and conditionals, read off the line list.
#include "format/specfile.h"

static bool counts(const StrakeSpecLine *line, bool structural)
{
	return !structural || !line->continued;
}

GArray *strake_spec_sections(const StrakeSpec *spec, bool structural)
{
	GArray *sections = g_array_new(FALSE, TRUE, sizeof(StrakeSpecSection));
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	size_t n = strake_spec_n_lines(spec);
	StrakeSpecSection now = {.type = STRAKE_SPEC_SECTION_PACKAGE};

	for (size_t i = 0; i < n; i++) {
		if (lines[i].kind != STRAKE_SPEC_HEADER || !counts(&lines[i], structural))
			continue;
		now.end = i;
		g_array_append_val(sections, now);
		strake_spec_header(lines[i].text, lines[i].size, lines[i].section, &now);
		now.start = i;
		now.body = i + 1;
		while (structural && now.body < n && lines[now.body].continued)
			now.body++;
	}
	now.end = n;
	g_array_append_val(sections, now);
	return sections;
}

GArray *strake_spec_tags(const StrakeSpec *spec, const GArray *sections, bool structural)
{
	GArray *tags = g_array_new(FALSE, TRUE, sizeof(StrakeSpecTag));
	const StrakeSpecLine *lines = strake_spec_lines(spec);

	for (guint s = 0; s < sections->len; s++) {
		const StrakeSpecSection *section = &g_array_index(sections, StrakeSpecSection, s);
		if (section->type != STRAKE_SPEC_SECTION_PACKAGE)
			continue;
		for (size_t i = section->body; i < section->end; i++) {
			StrakeSpecTag tag = {.line = i, .section = s};
			if (counts(&lines[i], structural) && lines[i].kind != STRAKE_SPEC_BLANK &&
				strake_spec_tag(
					lines[i].text, lines[i].size, &tag.name, &tag.value))
				g_array_append_val(tags, tag);
		}
	}
	return tags;
}

static void clear_conditional(void *data)
{
	StrakeSpecConditional *conditional = data;

	g_clear_pointer(&conditional->branches, g_array_unref);
}

/* Drops what was never closed and renumbers the parents. */
static GArray *only_closed(GArray *all)
{
	GArray *closed = g_array_new(FALSE, TRUE, sizeof(StrakeSpecConditional));
	g_autofree gssize *place = g_new(gssize, all->len + 1);

	g_array_set_clear_func(closed, clear_conditional);
	for (guint i = 0; i < all->len; i++) {
		StrakeSpecConditional one = g_array_index(all, StrakeSpecConditional, i);
		// An opener without its partner is transparent: what it held belongs to its parent.
		gssize parent = one.parent >= 0 ? place[one.parent] : -1;
		if (one.close == SIZE_MAX) {
			place[i] = parent;
			clear_conditional(&one);
			continue;
		}
		place[i] = closed->len;
		one.parent = parent;
		g_array_append_val(closed, one);
	}
	g_array_unref(all);
	return closed;
}

GArray *strake_spec_conditionals(const StrakeSpec *spec, bool structural, gssize *out_unpaired)
{
	GArray *all = g_array_new(FALSE, TRUE, sizeof(StrakeSpecConditional));
	g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(gssize));
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	gssize unpaired = -1;

	for (size_t i = 0; i < strake_spec_n_lines(spec); i++) {
		gssize top = stack->len > 0 ? g_array_index(stack, gssize, stack->len - 1) : -1;
		StrakeSpecConditional *open =
			top >= 0 ? &g_array_index(all, StrakeSpecConditional, top) : NULL;
		if (!counts(&lines[i], structural))
			continue;
		if (lines[i].kind == STRAKE_SPEC_IF) {
			StrakeSpecConditional one = {.open = i, .close = SIZE_MAX, .parent = top};
			gssize index = all->len;
			g_array_append_val(all, one);
			g_array_append_val(stack, index);
		} else if (lines[i].kind == STRAKE_SPEC_BRANCH && open != NULL) {
			if (open->branches == NULL)
				open->branches = g_array_new(FALSE, FALSE, sizeof(size_t));
			g_array_append_val(open->branches, i);
		} else if (lines[i].kind == STRAKE_SPEC_ENDIF) {
			if (open != NULL) {
				open->close = i;
				g_array_set_size(stack, stack->len - 1);
			} else if (unpaired < 0) {
				unpaired = (gssize)i;
			}
		}
	}
	if (stack->len > 0) {
		gssize first = (gssize)g_array_index(
			all, StrakeSpecConditional, g_array_index(stack, gssize, 0))
				       .open;
		unpaired = unpaired < 0 ? first : MIN(unpaired, first);
	}
	if (out_unpaired != NULL)
		*out_unpaired = unpaired;
	return only_closed(all);
}
