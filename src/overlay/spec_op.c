// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the spec overlays share: finding sections and where a section really ends.
#include "overlay/spec_op.h"

#include <string.h>

#include "base/error.h"

bool strake_overlay_style_parse(const char *word, StrakeOverlayStyle *out, GError **error)
{
	if (word == NULL || strcmp(word, "azldev") == 0)
		*out = STRAKE_OVERLAY_STYLE_AZLDEV;
	else if (strcmp(word, "preserving") == 0)
		*out = STRAKE_OVERLAY_STYLE_PRESERVING;
	else
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"'%s' is no overlay style: use azldev or preserving", word);
	return true;
}

void strake_spec_op_edit(StrakeSpecOp *op, size_t at, size_t n_remove, char *text)
{
	StrakeSpecEdit edit = {at, n_remove, text, text != NULL ? strlen(text) : 0};

	if (text != NULL)
		g_ptr_array_add(op->texts, text);
	g_array_append_val(op->edits, edit);
}

void strake_spec_op_edit_bytes(StrakeSpecOp *op, size_t at, size_t n_remove, GString *text)
{
	StrakeSpecEdit edit = {at, n_remove, text->str, text->len};

	g_ptr_array_add(op->texts, g_string_free(text, FALSE));
	g_array_append_val(op->edits, edit);
}

bool strake_spec_op_is(const StrakeSpecOp *op, guint i, const char *name, const char *package)
{
	const StrakeSpecSection *section = strake_spec_op_section(op, i);

	return (name == NULL || strake_spec_span_is(section->name, name)) &&
	       (package == NULL || strake_spec_span_is(section->package, package));
}

/* Whether the directive at @line has its partner, or a part of it, outside of the section. */
static bool reaches_out(const GArray *conditionals, const StrakeSpecSection *section, size_t line)
{
	for (guint i = 0; i < conditionals->len; i++) {
		const StrakeSpecConditional *c =
			&g_array_index(conditionals, StrakeSpecConditional, i);
		bool mine = c->open == line || c->close == line;
		for (guint b = 0; !mine && c->branches != NULL && b < c->branches->len; b++)
			mine = g_array_index(c->branches, size_t, b) == line;
		if (mine)
			return c->open < section->body || c->close >= section->end;
	}
	return true; // without a partner
}

size_t strake_spec_op_own_end(const StrakeSpecOp *op, guint i)
{
	const StrakeSpecSection *section = strake_spec_op_section(op, i);
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	g_autoptr(GArray) conditionals = NULL;
	bool has_comments = section->type != STRAKE_SPEC_SECTION_RAW &&
			    section->type != STRAKE_SPEC_SECTION_CHANGELOG;
	size_t end = section->end;

	for (; end > section->body; end--) {
		const StrakeSpecLine *line = &lines[end - 1];
		if (line->continued)
			break;
		if (line->kind == STRAKE_SPEC_BLANK ||
			(line->kind == STRAKE_SPEC_COMMENT && has_comments &&
				section->end < strake_spec_n_lines(op->spec)))
			continue;
		if (line->kind != STRAKE_SPEC_IF && line->kind != STRAKE_SPEC_ENDIF &&
			line->kind != STRAKE_SPEC_BRANCH)
			break;
		if (conditionals == NULL)
			conditionals = strake_spec_conditionals(op->spec, true, NULL);
		if (!reaches_out(conditionals, section, end - 1))
			break;
	}
	return end;
}

unsigned strake_spec_op_append(
	StrakeSpecOp *op, const char *name, const char *package, const char *text)
{
	unsigned n = 0;

	for (guint i = 0; i < op->sections->len; i++) {
		if (!strake_spec_op_is(op, i, name, package))
			continue;
		strake_spec_op_edit(op,
			op->structural ? strake_spec_op_own_end(op, i)
				       : strake_spec_op_section(op, i)->end,
			0, g_strdup(text));
		n++;
	}
	return n;
}

bool strake_spec_op_no_section(
	StrakeSpecOp *op, const char *name, const char *package, GError **error)
{
	g_autofree char *wanted = g_strdup_printf("%s %s", name, package != NULL ? package : "");
	g_autofree char *hint = NULL;
	size_t best = 0;

	for (guint i = 1; i < op->sections->len; i++) {
		const StrakeSpecSection *section = strake_spec_op_section(op, i);
		bool same_package =
			package != NULL && strake_spec_span_is(section->package, package);
		size_t score = (strake_spec_span_is_nocase(section->name, name) ? 4u : 0u) +
			       (same_package ? (section->package.size > 0 ? 3u : 1u) : 0u);
		if (score > best && score >= 3) {
			best = score;
			g_free(hint);
			hint = strake_spec_hint_quote(op->spec, section->start);
		}
	}
	if (hint == NULL)
		hint = strake_spec_hint_line(op->spec, wanted);
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "there is no section %s%s%s%s%s",
		*name != '\0' ? name : "(preamble)",
		package != NULL && *package != '\0' ? " of package '" : "",
		package != NULL ? package : "", package != NULL && *package != '\0' ? "'" : "",
		hint);
}

bool strake_overlay_edits_spec(StrakeOverlayType type)
{
	return type >= STRAKE_OVERLAY_SPEC_ADD_TAG && type <= STRAKE_OVERLAY_PATCH_REMOVE;
}

bool strake_overlay_edits_files(StrakeOverlayType type)
{
	return type >= STRAKE_OVERLAY_PATCH_ADD && type <= STRAKE_OVERLAY_FILE_RENAME;
}

static bool plan(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;
	const char *package = o->package != NULL ? o->package : "";
	const char *value = o->value != NULL ? o->value : "";

	switch (o->type) {
	case STRAKE_OVERLAY_SPEC_ADD_TAG:
		return strake_spec_op_add_tag(op, package, o->tag, value, error);
	case STRAKE_OVERLAY_SPEC_INSERT_TAG:
		return strake_spec_op_insert_tag(op, package, o->tag, value, error);
	case STRAKE_OVERLAY_SPEC_UPDATE_TAG:
		return strake_spec_op_update_tag(op, error);
	case STRAKE_OVERLAY_SPEC_SET_TAG:
		return strake_spec_op_set_tag(op, error);
	case STRAKE_OVERLAY_SPEC_REMOVE_TAG:
		return strake_spec_op_remove_tag(op, error);
	case STRAKE_OVERLAY_SPEC_PREPEND_LINES:
		return strake_spec_op_prepend_lines(op, error);
	case STRAKE_OVERLAY_SPEC_APPEND_LINES:
		return strake_spec_op_append_lines(op, error);
	case STRAKE_OVERLAY_SPEC_SEARCH_REPLACE:
		return strake_spec_op_search_replace(op, error);
	case STRAKE_OVERLAY_SPEC_REMOVE_SECTION:
		return strake_spec_op_remove_section(op, error);
	case STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE:
		return strake_spec_op_remove_subpackage(op, error);
	case STRAKE_OVERLAY_SPEC_SET_MACRO:
		return strake_spec_op_set_macro(op, error);
	case STRAKE_OVERLAY_SPEC_REMOVE_MACRO:
		return strake_spec_op_remove_macro(op, error);
	case STRAKE_OVERLAY_PATCH_ADD:
		return strake_spec_op_patch_add(op, error);
	case STRAKE_OVERLAY_PATCH_REMOVE:
		return strake_spec_op_patch_remove(op, error);
	default:
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "this overlay type does not edit a spec");
	}
}

bool strake_overlay_apply_spec(
	StrakeSpec *spec, const StrakeOverlay *overlay, StrakeOverlayStyle style, GError **error)
{
	StrakeSpecOp op = {
		.spec = spec,
		.overlay = overlay,
		.structural = style == STRAKE_OVERLAY_STYLE_PRESERVING,
	};
	bool ok;

	if (!op.structural)
		strake_spec_normalise(spec);
	op.sections = strake_spec_sections(spec, op.structural);
	op.edits = g_array_new(FALSE, TRUE, sizeof(StrakeSpecEdit));
	op.texts = g_ptr_array_new_with_free_func(g_free);
	ok = plan(&op, error);
	if (ok)
		strake_spec_edit(
			spec, (const StrakeSpecEdit *)(void *)op.edits->data, op.edits->len);
	g_array_unref(op.sections);
	g_array_unref(op.edits);
	g_ptr_array_unref(op.texts);
	return ok;
}
