// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The line list of a spec: made once from the bytes, edited in place, printed back.
#include "format/specfile.h"

#include <string.h>

#include "base/error.h"

/* What a logical line still waits for. */
typedef struct {
	bool backslash; // of a macro definition
	unsigned braces, parens, brackets;
} Open;

struct StrakeSpec {
	GBytes *bytes;
	GArray *lines;     // of StrakeSpecLine
	GPtrArray *chunks; // of GBytes, text of edits
	bool brackets;     // brackets that span lines are looked at
	bool normal;       // strake_spec_normalise would change nothing
};

static bool is_open(const Open *open)
{
	return open->backslash || open->braces > 0 || open->parens > 0 || open->brackets > 0;
}

/* Follows "%{", "%(" and "%[" the way rpm does when it looks whether a line goes on. */
static void follow_brackets(Open *open, const char *p, const char *end)
{
	for (; p < end; p++) {
		switch (*p) {
		case '\\':
			p++;
			break;
		case '%':
			if (p + 1 == end)
				break;
			open->braces += p[1] == '{';
			open->parens += p[1] == '(';
			open->brackets += p[1] == '[';
			if (p[1] == '{' || p[1] == '(' || p[1] == '[' || p[1] == '%')
				p++;
			break;
		case '{':
			open->braces += open->braces > 0;
			break;
		case '}':
			open->braces -= open->braces > 0;
			break;
		case '(':
			open->parens += open->parens > 0;
			break;
		case ')':
			open->parens -= open->parens > 0;
			break;
		case '[':
			open->brackets += open->brackets > 0;
			break;
		case ']':
			open->brackets -= open->brackets > 0;
			break;
		default:
			break;
		}
	}
}

static void follow_line(const StrakeSpec *spec, Open *open, const StrakeSpecLine *line)
{
	const char *end = line->text + line->size;
	const char *p = line->text;
	bool inside = is_open(open);

	if (!inside && line->kind != STRAKE_SPEC_MACRO) {
		if (line->kind == STRAKE_SPEC_COMMENT || line->kind == STRAKE_SPEC_BLANK)
			return;
		p = line->size > 0 ? memchr(p, '%', line->size) : NULL;
		if (p == NULL || !spec->brackets)
			return;
	}
	if (spec->brackets)
		follow_brackets(open, p, end);
	if (open->backslash || (!inside && line->kind == STRAKE_SPEC_MACRO))
		open->backslash = line->size > 0 && end[-1] == '\\';
}

/*
 * Marks continued lines from line @from, which is none, on. Stops once all lines before @until
 * are seen and the marks are as they were.
 */
static void mark_continued(StrakeSpec *spec, size_t from, size_t until)
{
	StrakeSpecLine *lines = (StrakeSpecLine *)(void *)spec->lines->data;
	Open open = {0};
	size_t begun = from;

	for (size_t i = from; i < spec->lines->len; i++) {
		bool continued = is_open(&open);
		if (!continued && i >= until && !lines[i].continued)
			return;
		if (!continued)
			begun = i;
		lines[i].continued = continued;
		// What people write there is often no macro.
		if (lines[i].kind == STRAKE_SPEC_HEADER && !continued &&
			strake_spec_section_info(lines[i].section)->type ==
				STRAKE_SPEC_SECTION_CHANGELOG) {
			size_t j = i + 1;
			while (j < spec->lines->len && lines[j].kind != STRAKE_SPEC_HEADER)
				lines[j++].continued = false;
			i = j - 1;
			continue;
		}
		follow_line(spec, &open, &lines[i]);
	}
	if (spec->brackets && (open.braces > 0 || open.parens > 0 || open.brackets > 0)) {
		// A bracket that never closes is no bracket; looking at none of them from here on
		// keeps the work linear.
		spec->brackets = false;
		mark_continued(spec, begun, spec->lines->len);
	}
}

static bool append_line(GArray *lines, const char *text, size_t size, StrakeSpecEol eol)
{
	StrakeSpecLine line = {.text = text, .size = (uint32_t)size, .eol = (uint8_t)eol};

	if (size > UINT32_MAX)
		return false;
	line.kind = (uint8_t)strake_spec_classify(text, size, &line.section);
	g_array_append_val(lines, line);
	return true;
}

StrakeSpec *strake_spec_parse(GBytes *bytes, GError **error)
{
	g_autoptr(StrakeSpec) spec = g_new0(StrakeSpec, 1);
	size_t size;
	const char *at = g_bytes_get_data(bytes, &size);
	const char *end = at != NULL ? at + size : NULL;

	spec->bytes = g_bytes_ref(bytes);
	spec->brackets = true;
	spec->chunks = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	spec->lines = g_array_sized_new(
		FALSE, FALSE, sizeof(StrakeSpecLine), (guint)MIN(size / 32 + 8, 1u << 24));
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;
		StrakeSpecEol eol = newline != NULL ? STRAKE_SPEC_EOL_LF : STRAKE_SPEC_EOL_NONE;
		if (newline != NULL && stop > at && stop[-1] == '\r') {
			stop--;
			eol = STRAKE_SPEC_EOL_CRLF;
		}
		if (!append_line(spec->lines, at, (size_t)(stop - at), eol)) {
			strake_error_set(error, STRAKE_ERROR_LIMIT,
				"line %u of the spec has 4 GiB or more", spec->lines->len + 1);
			return NULL;
		}
		at = newline != NULL ? newline + 1 : end;
	}
	mark_continued(spec, 0, spec->lines->len);
	return g_steal_pointer(&spec);
}

void strake_spec_free(StrakeSpec *spec)
{
	if (spec == NULL)
		return;
	g_clear_pointer(&spec->lines, g_array_unref);
	g_clear_pointer(&spec->chunks, g_ptr_array_unref);
	g_clear_pointer(&spec->bytes, g_bytes_unref);
	g_free(spec);
}

StrakeSpec *strake_spec_copy(const StrakeSpec *spec)
{
	StrakeSpec *copy = g_new0(StrakeSpec, 1);

	copy->bytes = g_bytes_ref(spec->bytes);
	copy->brackets = spec->brackets;
	copy->normal = spec->normal;
	copy->lines = g_array_copy(spec->lines);
	copy->chunks = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (guint i = 0; i < spec->chunks->len; i++)
		g_ptr_array_add(copy->chunks, g_bytes_ref(spec->chunks->pdata[i]));
	return copy;
}

size_t strake_spec_n_lines(const StrakeSpec *spec)
{
	return spec->lines->len;
}

const StrakeSpecLine *strake_spec_lines(const StrakeSpec *spec)
{
	return (const StrakeSpecLine *)(const void *)spec->lines->data;
}

GBytes *strake_spec_print(const StrakeSpec *spec)
{
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	size_t size = 0;
	char *out, *at;

	for (guint i = 0; i < spec->lines->len; i++)
		size += (size_t)lines[i].size + lines[i].eol;
	out = g_malloc(size + 1);
	at = out;
	for (guint i = 0; i < spec->lines->len; i++) {
		memcpy(at, lines[i].text, lines[i].size);
		at += lines[i].size;
		if (lines[i].eol == STRAKE_SPEC_EOL_CRLF)
			*at++ = '\r';
		if (lines[i].eol != STRAKE_SPEC_EOL_NONE)
			*at++ = '\n';
	}
	return g_bytes_new_take(out, size);
}

// -- edits

static void append_edit(StrakeSpec *spec, GArray *lines, const StrakeSpecEdit *edit)
{
	const StrakeSpecLine *old = strake_spec_lines(spec);
	size_t n_old = spec->lines->len;
	bool to_end = edit->at + edit->n_remove == n_old;
	StrakeSpecEol eol = STRAKE_SPEC_EOL_LF;
	GBytes *chunk = g_bytes_new(edit->text, edit->size);
	const char *at = g_bytes_get_data(chunk, NULL);
	const char *end = at != NULL ? at + edit->size : NULL;
	bool unended = to_end && n_old > 0 && old[n_old - 1].eol == STRAKE_SPEC_EOL_NONE;
	const char *newline;
	guint first = lines->len;

	g_ptr_array_add(spec->chunks, chunk);
	// The line replaced, else the one above, else the one below tells how lines end here.
	if (edit->n_remove > 0 && old[edit->at].eol != STRAKE_SPEC_EOL_NONE)
		eol = (StrakeSpecEol)old[edit->at].eol;
	else if (edit->at > 0 && old[edit->at - 1].eol != STRAKE_SPEC_EOL_NONE)
		eol = (StrakeSpecEol)old[edit->at - 1].eol;
	else if (n_old > 0 && old[0].eol != STRAKE_SPEC_EOL_NONE)
		eol = (StrakeSpecEol)old[0].eol;
	if (first > 0 &&
		g_array_index(lines, StrakeSpecLine, first - 1).eol == STRAKE_SPEC_EOL_NONE)
		g_array_index(lines, StrakeSpecLine, first - 1).eol = (uint8_t)eol;
	do {
		newline = at != NULL ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		const char *stop = newline != NULL ? newline : end;
		if (!append_line(lines, at != NULL ? at : "", (size_t)(stop - at), eol))
			g_error("an edit of 4 GiB"); // callers cap what they insert
		at = newline != NULL ? newline + 1 : NULL;
	} while (newline != NULL);
	if (unended)
		g_array_index(lines, StrakeSpecLine, lines->len - 1).eol = STRAKE_SPEC_EOL_NONE;
	spec->normal = spec->normal && memchr(edit->text, '\r', edit->size) == NULL;
}

/* Marks again around line @at, from where its logical line begins up to line @until. */
static void mark_around(StrakeSpec *spec, size_t at, size_t until)
{
	size_t from = MIN(at, spec->lines->len);

	while (from > 0 && (from == spec->lines->len || from == at ||
				   g_array_index(spec->lines, StrakeSpecLine, from).continued))
		from--;
	if (spec->lines->len > 0)
		mark_continued(spec, from, until);
}

/* Edits that put one line in the place of one need no new list. */
static bool edit_in_place(StrakeSpec *spec, const StrakeSpecEdit *edits, size_t n_edits)
{
	for (size_t i = 0; i < n_edits; i++)
		if (edits[i].n_remove != 1 || edits[i].text == NULL || edits[i].size == 0 ||
			edits[i].size > UINT32_MAX ||
			memchr(edits[i].text, '\n', edits[i].size) != NULL)
			return false;
	for (size_t i = 0; i < n_edits; i++) {
		StrakeSpecLine *line = &g_array_index(spec->lines, StrakeSpecLine, edits[i].at);
		GBytes *chunk = g_bytes_new(edits[i].text, edits[i].size);
		g_ptr_array_add(spec->chunks, chunk);
		line->text = g_bytes_get_data(chunk, NULL);
		line->size = (uint32_t)edits[i].size;
		line->kind = (uint8_t)strake_spec_classify(line->text, line->size, &line->section);
		spec->normal = spec->normal && line->text[line->size - 1] != '\r';
		mark_around(spec, edits[i].at, edits[i].at + 1);
	}
	return true;
}

void strake_spec_edit(StrakeSpec *spec, const StrakeSpecEdit *edits, size_t n_edits)
{
	size_t next = 0;
	size_t touched;

	if (n_edits == 0 || edit_in_place(spec, edits, n_edits))
		return;
	GArray *lines = g_array_sized_new(FALSE, FALSE, sizeof(StrakeSpecLine),
		spec->lines->len + (guint)MIN(n_edits, 1u << 20) + 8);
	for (size_t i = 0; i < n_edits; i++) {
		g_return_if_fail(
			edits[i].at >= next && edits[i].at + edits[i].n_remove <= spec->lines->len);
		g_array_append_vals(
			lines, strake_spec_lines(spec) + next, (guint)(edits[i].at - next));
		if (edits[i].text != NULL)
			append_edit(spec, lines, &edits[i]);
		next = edits[i].at + edits[i].n_remove;
	}
	touched = lines->len;
	g_array_append_vals(
		lines, strake_spec_lines(spec) + next, (guint)(spec->lines->len - next));
	g_array_unref(spec->lines);
	spec->lines = lines;
	mark_around(spec, edits[0].at, touched + 1);
}

void strake_spec_normalise(StrakeSpec *spec)
{
	StrakeSpecLine *lines = (StrakeSpecLine *)(void *)spec->lines->data;

	if (spec->normal)
		return;
	spec->normal = true;
	for (guint i = 0; i < spec->lines->len; i++) {
		StrakeSpecLine *line = &lines[i];
		if (line->eol != STRAKE_SPEC_EOL_CRLF && line->size > 0 &&
			line->text[line->size - 1] == '\r') {
			line->size--;
			line->kind = (uint8_t)strake_spec_classify(
				line->text, line->size, &line->section);
		}
		if (line->size > 0 && line->text[line->size - 1] == '\r')
			spec->normal = false; // the next time takes another
		line->eol = STRAKE_SPEC_EOL_LF;
	}
}
