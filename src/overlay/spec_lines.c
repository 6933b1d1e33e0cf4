// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays on lines: prepend, append, search and replace.
#include <string.h>

#include "base/error.h"
#include "format/regex.h"
#include "overlay/spec_op.h"

enum { RESULT_MAX = 1 << 30 };

/* An expression for text lines, and the same for lines that are not UTF-8. */
typedef struct {
	const char *pattern;
	StrakeRegex *text;
	StrakeRegex *bytes;
} Pattern;

static bool pattern_init(Pattern *p, const char *pattern, GError **error)
{
	p->pattern = pattern;
	p->text = strake_regex_new(pattern, STRAKE_REGEX_DEFAULT, error);
	return p->text != NULL;
}

static void pattern_clear(Pattern *p)
{
	g_clear_pointer(&p->text, strake_regex_free);
	g_clear_pointer(&p->bytes, strake_regex_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pattern, pattern_clear)

static const StrakeRegex *pattern_for(Pattern *p, const StrakeSpecLine *line)
{
	if (g_utf8_validate_len(line->text, line->size, NULL))
		return p->text;
	if (p->bytes == NULL)
		p->bytes = strake_regex_new(p->pattern, STRAKE_REGEX_BYTES, NULL);
	return p->bytes != NULL ? p->bytes : p->text;
}

static bool pattern_matches(Pattern *p, const StrakeSpecLine *line)
{
	return strake_regex_find(pattern_for(p, line), line->text, line->size, 0, NULL, 0);
}

static char *joined(const StrakeOverlay *overlay)
{
	return g_strjoinv("\n", overlay->lines);
}

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

// -- prepend and append

/* Plans the lines before or behind the first (@last: last) line of [from, to) that matches. */
static bool at_anchor(StrakeSpecOp *op, Pattern *anchor, size_t from, size_t to, bool last)
{
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	size_t n = strake_spec_n_lines(op->spec);

	for (size_t k = from; k < to; k++) {
		size_t i = last ? to - 1 - (k - from) : k;
		if (lines[i].kind == STRAKE_SPEC_HEADER || !pattern_matches(anchor, &lines[i]))
			continue;
		// Never into the middle of a continued line.
		while (is_set(op->overlay->before) && i > 0 && lines[i].continued)
			i--;
		if (is_set(op->overlay->after))
			for (i++; i < n && lines[i].continued;)
				i++;
		strake_spec_op_edit(op, i, 0, joined(op->overlay));
		return true;
	}
	return false;
}

static bool anchored(StrakeSpecOp *op, bool last, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *pattern = is_set(o->before) ? o->before : o->after;
	const char *package = o->package != NULL ? o->package : "";
	g_auto(Pattern) anchor = {0};
	bool found_section = !is_set(o->section);

	if (is_set(o->before) && is_set(o->after))
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "'before' and 'after' exclude each other");
	if (!pattern_init(&anchor, pattern, error))
		return false;
	if (found_section) {
		at_anchor(op, &anchor, 0, strake_spec_n_lines(op->spec), last);
	} else {
		for (guint i = 0; i < op->sections->len; i++) {
			const StrakeSpecSection *s = strake_spec_op_section(op, i);
			if (!strake_spec_op_is(op, i, o->section, package))
				continue;
			found_section = true;
			at_anchor(op, &anchor, s->body, s->end, last);
		}
	}
	if (!found_section)
		return strake_spec_op_no_section(op, o->section, package, error);
	if (op->edits->len > 0)
		return true;
	g_autofree char *hint = strake_spec_hint_line(op->spec, pattern);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "no line%s%s matches '%s'%s",
		is_set(o->section) ? " of " : "", is_set(o->section) ? o->section : "", pattern,
		hint);
}

bool strake_spec_op_prepend_lines(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *package = o->package != NULL ? o->package : "";

	if (is_set(o->before) || is_set(o->after))
		return anchored(op, false, error);
	if (!is_set(o->section)) {
		strake_spec_op_edit(op, 0, 0, joined(o));
		return true;
	}
	for (guint i = 0; i < op->sections->len; i++)
		if (strake_spec_op_is(op, i, o->section, package))
			strake_spec_op_edit(op, strake_spec_op_section(op, i)->body, 0, joined(o));
	return op->edits->len > 0 || strake_spec_op_no_section(op, o->section, package, error);
}

bool strake_spec_op_append_lines(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *package = o->package != NULL ? o->package : "";
	g_autofree char *text = joined(o);

	if (is_set(o->before) || is_set(o->after))
		return anchored(op, true, error);
	if (!is_set(o->section)) {
		strake_spec_op_edit(op, strake_spec_n_lines(op->spec), 0, g_steal_pointer(&text));
		return true;
	}
	return strake_spec_op_append(op, o->section, package, text) > 0 ||
	       strake_spec_op_no_section(op, o->section, package, error);
}

// -- search and replace

/* Why nothing was replaced: where else the pattern matches, else what comes near. */
static char *no_match_hint(StrakeSpecOp *op, Pattern *pattern)
{
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	bool narrowed = is_set(op->overlay->section) || is_set(op->overlay->package);

	for (guint s = 0; s < op->sections->len; s++) {
		const StrakeSpecSection *section = strake_spec_op_section(op, s);
		bool selected = strake_spec_op_is(op, s,
			is_set(op->overlay->section) ? op->overlay->section : NULL,
			is_set(op->overlay->package) ? op->overlay->package : NULL);
		for (size_t i = section->start; i < section->end; i++) {
			if (!pattern_matches(pattern, &lines[i]))
				continue;
			if (lines[i].kind == STRAKE_SPEC_HEADER)
				return g_strdup_printf("; line %zu matches, but it is a section's "
						       "header, which is never searched",
					i + 1);
			if (selected)
				return g_strdup_printf(
					"; line %zu matches, but reads so already", i + 1);
			if (narrowed) {
				g_autofree char *name = strake_spec_span_dup(section->name);
				return g_strdup_printf("; line %zu matches, but is in %s%s", i + 1,
					name != NULL && *name != '\0' ? name : "the preamble",
					section->package.size > 0 ? " of another package" : "");
			}
		}
	}
	return strake_spec_hint_line(op->spec, pattern->pattern);
}

static bool check_count(const StrakeOverlay *o, size_t n, GError **error)
{
	return o->count <= 0 || n == (size_t)o->count ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "'%s' matches %zu times, but count = %d", o->regex, n, o->count);
}

bool strake_spec_op_search_replace(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *replacement = o->replacement != NULL ? o->replacement : "";
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	const StrakeSpecSpan none = {"", 0};
	StrakeSpecSection section = {.name = none, .package = none};
	g_auto(Pattern) pattern = {0};
	g_autoptr(GPtrArray) replaced = g_ptr_array_new_with_free_func(g_free);
	size_t n_replaced = 0;

	if (!pattern_init(&pattern, o->regex, error) ||
		(o->expand && !strake_regex_check_expand(pattern.text, replacement, error)))
		return false;
	for (size_t i = 0; i < strake_spec_n_lines(op->spec); i++) {
		const StrakeSpecLine *line = &lines[i];
		size_t n;
		uint8_t header;
		if (line->kind == STRAKE_SPEC_HEADER && (!op->structural || !line->continued)) {
			strake_spec_header(line->text, line->size, line->section, &section);
			continue;
		}
		if ((is_set(o->section) && !strake_spec_span_is(section.name, o->section)) ||
			(is_set(o->package) && !strake_spec_span_is(section.package, o->package)))
			continue;
		if (!pattern_matches(&pattern, line))
			continue;
		GString *text = strake_regex_replace(pattern_for(&pattern, line), line->text,
			line->size, replacement, o->expand, RESULT_MAX, &n, error);
		if (text == NULL)
			return false;
		if (text->len == line->size && memcmp(text->str, line->text, text->len) == 0) {
			g_string_free(text, TRUE);
			continue;
		}
		n_replaced += n;
		// azldev goes on in the section that the new text begins, and takes the text
		// for one line even when it has several.
		if (strake_spec_classify(text->str, text->len, &header) == STRAKE_SPEC_HEADER) {
			char *copy = g_strndup(text->str, text->len);
			g_ptr_array_add(replaced, copy);
			strake_spec_header(copy, text->len, header, &section);
		}
		strake_spec_op_edit_bytes(op, i, 1, text);
	}
	if (n_replaced > 0)
		return check_count(o, n_replaced, error);
	g_autofree char *hint = no_match_hint(op, &pattern);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "'%s' changes no line%s%s%s",
		o->regex, is_set(o->section) ? " of " : "", is_set(o->section) ? o->section : "",
		hint);
}
