// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays on tags, and the spec half of those on patches.
#include <string.h>

#include "base/error.h"
#include "base/glob.h"
#include "base/nearest.h"
#include "overlay/spec_op.h"

static const StrakeSpecTag *tag_at(const GArray *tags, guint i)
{
	return &g_array_index(tags, StrakeSpecTag, i);
}

static const char *package_section(const char *package)
{
	return *package != '\0' ? "%package" : "";
}

static bool in_package(const StrakeSpecOp *op, const StrakeSpecTag *tag, const char *package)
{
	return strake_spec_op_is(op, (guint)tag->section, NULL, package);
}

/* "BuildRequires:  " as wide as the tag line above @line has it, or "BuildRequires: ". */
static char *aligned(const StrakeSpecOp *op, const GArray *tags, size_t line, const char *name)
{
	const StrakeSpecTag *above = NULL;
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	size_t colon, column, gap;

	for (guint i = 0; i < tags->len && tag_at(tags, i)->line < line; i++)
		if (tag_at(tags, i)->value.size > 0)
			above = tag_at(tags, i);
	if (above == NULL)
		return g_strdup_printf("%s: ", name);
	colon = (size_t)(above->name.at - lines[above->line].text) + above->name.size + 1;
	column = (size_t)(above->value.at - lines[above->line].text);
	gap = column - colon;
	if (gap == 0)
		return g_strdup_printf("%s:", name);
	if (memchr(lines[above->line].text + colon, '\t', gap) != NULL)
		return g_strdup_printf("%s:%.*s", name, (int)gap, lines[above->line].text + colon);
	if (gap == 1 || strlen(name) + 2 > column)
		return g_strdup_printf("%s: ", name);
	return g_strdup_printf("%s:%*s", name, (int)(column - strlen(name) - 1), "");
}

/* One new tag line, for a place before line @at. */
static char *tag_line(const StrakeSpecOp *op, size_t at, const char *tag, const char *value)
{
	g_autoptr(GArray) tags = NULL;
	g_autofree char *head = NULL;

	if (!op->structural)
		return g_strdup_printf("%s: %s", tag, value);
	tags = strake_spec_tags(op->spec, op->sections, true);
	head = aligned(op, tags, at, tag);
	return g_strconcat(head, value, NULL);
}

bool strake_spec_op_add_tag(
	StrakeSpecOp *op, const char *package, const char *tag, const char *value, GError **error)
{
	const char *name = package_section(package);
	bool found = false;

	for (guint i = 0; i < op->sections->len; i++) {
		size_t at;
		if (!strake_spec_op_is(op, i, name, package))
			continue;
		at = op->structural ? strake_spec_op_own_end(op, i)
				    : strake_spec_op_section(op, i)->end;
		strake_spec_op_edit(op, at, 0, tag_line(op, at, tag, value));
		found = true;
	}
	return found || strake_spec_op_no_section(op, name, package, error);
}

/* Both without the digits at their end, but for a name that is all digits. */
static bool same_family(StrakeSpecSpan a, const char *b)
{
	size_t n = strlen(b);
	size_t size = a.size;

	while (size > 0 && g_ascii_isdigit(a.at[size - 1]))
		size--;
	if (size == 0)
		size = a.size;
	while (n > 0 && g_ascii_isdigit(b[n - 1]))
		n--;
	if (n == 0)
		n = strlen(b);
	return size == n && g_ascii_strncasecmp(a.at, b, n) == 0;
}

/* azldev's way out of a conditional: counted from the start of the file, looked for to @end. */
static size_t past_conditional_flat(const StrakeSpecOp *op, size_t line, size_t end)
{
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	long depth = 0;

	for (size_t i = 0; i <= line; i++)
		depth += (lines[i].kind == STRAKE_SPEC_IF) - (lines[i].kind == STRAKE_SPEC_ENDIF);
	if (depth <= 0)
		return line;
	for (size_t i = line + 1; i < end; i++) {
		depth += (lines[i].kind == STRAKE_SPEC_IF) - (lines[i].kind == STRAKE_SPEC_ENDIF);
		if (depth <= 0)
			return i;
	}
	return line;
}

/* Past the outermost conditional that begins and ends inside of the section. */
static size_t past_conditional(const StrakeSpecOp *op, size_t line, guint section)
{
	const StrakeSpecSection *s = strake_spec_op_section(op, section);
	g_autoptr(GArray) all = strake_spec_conditionals(op->spec, true, NULL);
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);

	for (guint i = 0; i < all->len; i++) {
		const StrakeSpecConditional *c = &g_array_index(all, StrakeSpecConditional, i);
		if (c->open >= s->body && c->open < line && c->close > line && c->close < s->end)
			return c->close;
	}
	while (line + 1 < s->end && lines[line + 1].continued)
		line++;
	return line;
}

bool strake_spec_op_insert_tag(
	StrakeSpecOp *op, const char *package, const char *tag, const char *value, GError **error)
{
	const char *name = package_section(package);
	g_autoptr(GArray) tags = strake_spec_tags(op->spec, op->sections, op->structural);
	const StrakeSpecTag *last = NULL;
	const StrakeSpecTag *last_of_family = NULL;
	size_t end = 0;
	size_t line;

	for (guint i = 0; i < op->sections->len; i++)
		if (strake_spec_op_is(op, i, name, package))
			end = strake_spec_op_section(op, i)->end;
	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *t = tag_at(tags, i);
		if (!strake_spec_op_is(op, (guint)t->section, name, package))
			continue;
		last = t;
		if (same_family(t->name, tag))
			last_of_family = t;
	}
	if (last_of_family != NULL)
		last = last_of_family;
	if (last == NULL)
		return strake_spec_op_add_tag(op, package, tag, value, error);
	line = op->structural ? past_conditional(op, last->line, (guint)last->section)
			      : past_conditional_flat(op, last->line, end);
	strake_spec_op_edit(op, line + 1, 0, tag_line(op, line + 1, tag, value));
	return true;
}

/* "; nearest is line 4: ...", or where else the tag is. */
static char *tag_hint(const StrakeSpecOp *op, const GArray *tags, const char *package)
{
	const char *wanted = op->overlay->tag;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *nearest;

	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *tag = tag_at(tags, i);
		if (!in_package(op, tag, package) &&
			strake_spec_span_is_nocase(tag->name, wanted)) {
			const StrakeSpecSection *s =
				strake_spec_op_section(op, (guint)tag->section);
			g_autofree char *other = g_utf8_make_valid(
				s->package.size > 0 ? s->package.at : "the main one",
				s->package.size > 0 ? (gssize)s->package.size : -1);
			return g_strdup_printf("; line %zu has one, of package %s%s%s",
				tag->line + 1, s->package.size > 0 ? "'" : "", other,
				s->package.size > 0 ? "'" : "");
		}
		g_ptr_array_add(names, in_package(op, tag, package)
					       ? strake_spec_span_dup(tag->name)
					       : g_strdup(""));
	}
	g_ptr_array_add(names, NULL);
	nearest = strake_nearest(wanted, (const char *const *)names->pdata);
	for (guint i = 0; nearest != NULL && i < tags->len; i++)
		if (names->pdata[i] == nearest)
			return strake_spec_hint_quote(op->spec, tag_at(tags, i)->line);
	return g_strdup("");
}

static bool no_tag(StrakeSpecOp *op, const GArray *tags, const char *package, GError **error)
{
	g_autofree char *hint = tag_hint(op, tags, package);

	for (guint i = 0; i < op->sections->len; i++)
		if (strake_spec_op_is(op, i, NULL, package) &&
			strake_spec_op_section(op, i)->type == STRAKE_SPEC_SECTION_PACKAGE)
			return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"there is no tag '%s' in %s%s%s%s", op->overlay->tag,
				*package != '\0' ? "package '" : "the main package", package,
				*package != '\0' ? "'" : "", hint);
	return strake_spec_op_no_section(op, "%package", package, error);
}

/* The line with another value: in preserving style only the value's bytes change. */
static GString *with_value(const StrakeSpecOp *op, const GArray *tags, const StrakeSpecTag *tag)
{
	const StrakeSpecLine *line = &strake_spec_lines(op->spec)[tag->line];
	const char *value = op->overlay->value != NULL ? op->overlay->value : "";
	size_t head = (size_t)(tag->value.at - line->text);
	size_t tail = head + tag->value.size;
	GString *out = g_string_new(NULL);

	if (!op->structural) {
		g_string_printf(out, "%s: %s", op->overlay->tag, value);
		return out;
	}
	if (tag->value.size == 0) {
		g_autofree char *name = strake_spec_span_dup(tag->name);
		g_autofree char *start = aligned(op, tags, tag->line, name);
		g_string_append_len(out, line->text, tag->name.at - line->text);
		g_string_append(out, start);
		g_string_append(out, value);
		return out;
	}
	g_string_append_len(out, line->text, (gssize)head);
	g_string_append(out, value);
	g_string_append_len(out, line->text + tail, (gssize)(line->size - tail));
	return out;
}

/* How many lines the tag at @line takes. */
static size_t extent(const StrakeSpecOp *op, size_t line)
{
	size_t n = 1;

	while (op->structural && line + n < strake_spec_n_lines(op->spec) &&
		strake_spec_lines(op->spec)[line + n].continued)
		n++;
	return n;
}

static unsigned update(StrakeSpecOp *op, const GArray *tags, const char *package)
{
	unsigned n = 0;

	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *tag = tag_at(tags, i);
		if (!in_package(op, tag, package) ||
			!strake_spec_span_is_nocase(tag->name, op->overlay->tag))
			continue;
		strake_spec_op_edit_bytes(
			op, tag->line, extent(op, tag->line), with_value(op, tags, tag));
		n++;
	}
	return n;
}

bool strake_spec_op_update_tag(StrakeSpecOp *op, GError **error)
{
	const char *package = op->overlay->package != NULL ? op->overlay->package : "";
	g_autoptr(GArray) tags = strake_spec_tags(op->spec, op->sections, op->structural);

	return update(op, tags, package) > 0 || no_tag(op, tags, package, error);
}

bool strake_spec_op_set_tag(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *package = o->package != NULL ? o->package : "";
	g_autoptr(GArray) tags = strake_spec_tags(op->spec, op->sections, op->structural);

	return update(op, tags, package) > 0 ||
	       strake_spec_op_add_tag(op, package, o->tag, o->value != NULL ? o->value : "", error);
}

/* Letter case apart, character by character. */
static bool equal_fold(StrakeSpecSpan a, const char *b)
{
	size_t n = strlen(b);
	const char *end = a.at + a.size;

	if (a.size == n && g_ascii_strncasecmp(a.at, b, n) == 0)
		return true;
	if (!g_utf8_validate_len(a.at, a.size, NULL) || !g_utf8_validate_len(b, n, NULL))
		return false;
	for (; a.at < end && *b != '\0'; a.at = g_utf8_next_char(a.at), b = g_utf8_next_char(b)) {
		gunichar x = g_utf8_get_char(a.at);
		gunichar y = g_utf8_get_char(b);
		if (x != y && g_unichar_tolower(x) != g_unichar_tolower(y) &&
			g_unichar_toupper(x) != g_unichar_toupper(y))
			return false;
	}
	return a.at == end && *b == '\0';
}

bool strake_spec_op_remove_tag(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *package = o->package != NULL ? o->package : "";
	bool any_value = o->value == NULL || *o->value == '\0';
	g_autoptr(GArray) tags = strake_spec_tags(op->spec, op->sections, op->structural);
	const StrakeSpecTag *other = NULL;

	for (guint i = 0; i < tags->len; i++) {
		const StrakeSpecTag *tag = tag_at(tags, i);
		if (!in_package(op, tag, package) || !strake_spec_span_is_nocase(tag->name, o->tag))
			continue;
		if (any_value || equal_fold(tag->value, o->value))
			strake_spec_op_edit(op, tag->line, extent(op, tag->line), NULL);
		else
			other = tag;
	}
	if (op->edits->len > 0)
		return true;
	if (other == NULL)
		return no_tag(op, tags, package, error);
	g_autofree char *wanted = g_strdup_printf("%s: %s", o->tag, o->value);
	g_autofree char *near = strake_spec_hint_line(op->spec, wanted);
	if (*near == '\0') {
		g_free(near);
		near = strake_spec_hint_quote(op->spec, other->line);
	}
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "no tag '%s' has the value '%s'%s",
		o->tag, o->value, near);
}

// -- patches

/* The number of "PatchN" the way Go's Atoi reads it. */
static bool patch_number(StrakeSpecSpan name, gint64 *out)
{
	g_autofree char *digits = NULL;

	if (name.size <= 5 || g_ascii_strncasecmp(name.at, "patch", 5) != 0)
		return false;
	digits = g_strndup(name.at + 5, name.size - 5);
	if (digits[0] == '+' && g_ascii_isdigit(digits[1]))
		digits[0] = '0';
	return g_ascii_string_to_signed(digits, 10, G_MININT64, G_MAXINT64, out, NULL);
}

bool strake_spec_op_patch_add(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	g_autofree char *file = o->file != NULL && *o->file != '\0'
					? g_strdup(o->file)
					: g_path_get_basename(o->source != NULL ? o->source : "");
	const char *package = o->package != NULL ? o->package : "";
	g_autoptr(GArray) tags = NULL;
	g_autofree char *name = NULL;
	gint64 highest = -1;
	gint64 bare = 0;

	if (strake_spec_op_append(op, "%patchlist", "", file) > 0)
		return true;
	tags = strake_spec_tags(op->spec, op->sections, op->structural);
	for (guint i = 0; i < tags->len; i++) {
		gint64 number;
		if (patch_number(tag_at(tags, i)->name, &number))
			highest = MAX(highest, number);
		else
			bare += strake_spec_span_is_nocase(tag_at(tags, i)->name, "patch");
	}
	highest = MAX(highest, bare - 1);
	if (highest == G_MAXINT64)
		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"there is no patch number after %" G_GINT64_FORMAT, highest);
	name = g_strdup_printf("Patch%" G_GINT64_FORMAT, highest + 1);
	return op->structural ? strake_spec_op_insert_tag(op, package, name, file, error)
			      : strake_spec_op_add_tag(op, package, name, file, error);
}

bool strake_spec_op_patch_remove(StrakeSpecOp *op, GError **error)
{
	g_autoptr(StrakeGlob) glob = strake_glob_new(op->overlay->file, error);
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	g_autoptr(GArray) tags = NULL;
	guint next = 0;

	if (glob == NULL)
		return false;
	tags = strake_spec_tags(op->spec, op->sections, op->structural);
	for (guint s = 0; s < op->sections->len; s++) {
		const StrakeSpecSection *section = strake_spec_op_section(op, s);
		for (; next < tags->len && tag_at(tags, next)->section == s; next++) {
			const StrakeSpecTag *tag = tag_at(tags, next);
			g_autofree char *value = strake_spec_span_dup(tag->value);
			gint64 number;
			if (patch_number(tag->name, &number) && strlen(value) == tag->value.size &&
				strake_glob_match(glob, value))
				strake_spec_op_edit(op, tag->line, extent(op, tag->line), NULL);
		}
		for (size_t i = section->body;
			strake_spec_span_is(section->name, "%patchlist") && i < section->end; i++) {
			StrakeSpecSpan entry = strake_spec_trim(lines[i].text, lines[i].size);
			g_autofree char *value = strake_spec_span_dup(entry);
			if (entry.size > 0 && strlen(value) == entry.size &&
				strake_glob_match(glob, value))
				strake_spec_op_edit(op, i, 1, NULL);
		}
	}
	if (op->edits->len > 0)
		return true;
	g_autofree char *hint = strake_spec_hint_line(op->spec, op->overlay->file);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"no PatchN tag and no %%patchlist line matches '%s'%s", op->overlay->file, hint);
}
