// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays on macro definitions by name: %global, %define, %bcond, %bcond_with, %bcond_without.
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "overlay/spec_op.h"

typedef struct {
	size_t line;
	size_t n_lines;
	StrakeSpecMacro macro;
} Definition;

static GArray *definitions(const StrakeSpecOp *op)
{
	GArray *out = g_array_new(FALSE, TRUE, sizeof(Definition));
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);

	for (size_t i = 0; i < strake_spec_n_lines(op->spec); i++) {
		Definition d = {.line = i, .n_lines = 1};
		if (lines[i].continued ||
			!strake_spec_macro(lines[i].text, lines[i].size, &d.macro) ||
			strake_spec_span_is_nocase(d.macro.directive, "%undefine"))
			continue;
		while (i + d.n_lines < strake_spec_n_lines(op->spec) &&
			lines[i + d.n_lines].continued)
			d.n_lines++;
		g_array_append_val(out, d);
	}
	return out;
}

static bool no_macro(StrakeSpecOp *op, const GArray *all, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *hint = NULL;
	const char *nearest;

	for (guint i = 0; i < all->len; i++)
		g_ptr_array_add(
			names, strake_spec_span_dup(g_array_index(all, Definition, i).macro.name));
	g_ptr_array_add(names, NULL);
	nearest = strake_nearest(op->overlay->name, (const char *const *)names->pdata);
	for (guint i = 0; nearest != NULL && hint == NULL && i < all->len; i++)
		if (names->pdata[i] == nearest)
			hint = strake_spec_hint_quote(
				op->spec, g_array_index(all, Definition, i).line);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "no macro '%s' is defined%s",
		op->overlay->name, hint != NULL ? hint : "");
}

static bool truth(const char *value, bool *out)
{
	static const char *const yes[] = {"1", "on", "true", "yes"};
	static const char *const no[] = {"0", "off", "false", "no"};

	for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*out = strcmp(value, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

/* The first line of @d with another body. */
static GString *with_body(
	const StrakeSpecOp *op, const Definition *d, const char *value, GError **error)
{
	const StrakeSpecLine *line = &strake_spec_lines(op->spec)[d->line];
	const StrakeSpecMacro *m = &d->macro;
	bool with = strake_spec_span_is_nocase(m->directive, "%bcond_with");
	size_t head = (size_t)(m->body.at - line->text);
	size_t tail = head + m->body.size;
	GString *out;
	bool on;

	if (with || strake_spec_span_is_nocase(m->directive, "%bcond_without")) {
		if (!truth(value, &on)) {
			strake_error_set(error, STRAKE_ERROR_INVALID,
				"line %zu: a build condition is 1 or 0, not '%s'", d->line + 1,
				value);
			return NULL;
		}
		// "without" names the switch that turns it off: it is on by default.
		out = g_string_new_len(line->text, m->directive.at - line->text);
		g_string_append(out, on ? "%bcond_without" : "%bcond_with");
		g_string_append_len(out, m->directive.at + m->directive.size,
			line->text + line->size - m->directive.at - (gssize)m->directive.size);
		return out;
	}
	out = g_string_new_len(line->text, (gssize)head);
	if (m->body.size == 0 && head > 0 && !g_ascii_isspace(line->text[head - 1]))
		g_string_append_c(out, ' ');
	g_string_append(out, value);
	// Of a body that goes on below, the rest of the line was its backslash.
	if (d->n_lines == 1)
		g_string_append_len(out, line->text + tail, (gssize)(line->size - tail));
	return out;
}

bool strake_spec_op_set_macro(StrakeSpecOp *op, GError **error)
{
	g_autoptr(GArray) all = definitions(op);

	for (guint i = 0; i < all->len; i++) {
		const Definition *d = &g_array_index(all, Definition, i);
		GString *text;
		if (!strake_spec_span_is(d->macro.name, op->overlay->name))
			continue;
		text = with_body(
			op, d, op->overlay->value != NULL ? op->overlay->value : "", error);
		if (text == NULL)
			return false;
		strake_spec_op_edit_bytes(op, d->line, d->n_lines, text);
	}
	return op->edits->len > 0 || no_macro(op, all, error);
}

bool strake_spec_op_remove_macro(StrakeSpecOp *op, GError **error)
{
	g_autoptr(GArray) all = definitions(op);

	for (guint i = 0; i < all->len; i++) {
		const Definition *d = &g_array_index(all, Definition, i);
		if (strake_spec_span_is(d->macro.name, op->overlay->name))
			strake_spec_op_edit(op, d->line, d->n_lines, NULL);
	}
	return op->edits->len > 0 || no_macro(op, all, error);
}
