// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Overlays that remove sections, with the care that conditionals around them need.
#include "base/error.h"
#include "overlay/spec_op.h"

static const StrakeSpecConditional *conditional_at(const GArray *all, guint i)
{
	return &g_array_index(all, StrakeSpecConditional, i);
}

static bool spans(const StrakeSpecOp *op, const StrakeSpecSection *s, size_t line, const char *what,
	GError **error)
{
	g_autofree char *name = strake_spec_span_dup(s->name);

	return strake_error_set(error, STRAKE_ERROR_INVALID,
		"%s of lines %zu to %zu has %s in line %zu that reaches beyond it; edit the "
		"conditional with spec-search-replace first",
		name, s->start + 1, s->end, what, line + 1);
}

/* Lines that stay behind must not be part of what was to go. */
static bool check_tail(
	const StrakeSpecOp *op, const StrakeSpecSection *s, size_t from, GError **error)
{
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);

	for (size_t i = from; i < s->end; i++)
		if ((op->structural && lines[i].continued) ||
			(lines[i].kind != STRAKE_SPEC_BLANK &&
				lines[i].kind != STRAKE_SPEC_COMMENT &&
				lines[i].kind != STRAKE_SPEC_IF &&
				lines[i].kind != STRAKE_SPEC_ENDIF))
			return spans(op, s, from, "a conditional", error);
	return true;
}

/*
 * Where the removal of @s ends so that every %if keeps its %endif: a directive whose partner is
 * outside stays, with all that follows it.
 */
static bool balanced_end(const StrakeSpecOp *op, const StrakeSpecSection *s,
	const GArray *conditionals, size_t *out_end, GError **error)
{
	size_t end = s->end;

	for (guint i = 0; i < conditionals->len; i++) {
		const StrakeSpecConditional *c = conditional_at(conditionals, i);
		bool open_in = c->open >= s->start && c->open < s->end;
		bool close_in = c->close >= s->start && c->close < s->end;
		if (open_in != close_in)
			end = MIN(end, open_in ? c->open : c->close);
		for (guint b = 0; c->branches != NULL && b < c->branches->len; b++) {
			size_t line = g_array_index(c->branches, size_t, b);
			if (line >= s->start && line < s->end && !(open_in && close_in))
				return spans(op, s, line, "a branch of a conditional", error);
		}
	}
	if (!check_tail(op, s, end, error))
		return false;
	*out_end = end;
	return true;
}

/* In preserving style a directive without its partner matters only where something is removed. */
static bool check_unpaired(const StrakeSpecOp *op, gssize unpaired, const GArray *conditionals,
	const StrakeSpecSection *s, GError **error)
{
	const StrakeSpecLine *lines = strake_spec_lines(op->spec);
	gssize at = -1;

	if (unpaired < 0)
		return true;
	if (!op->structural)
		at = unpaired;
	for (size_t i = s->start; at < 0 && i < s->end; i++) {
		bool paired = lines[i].continued || (lines[i].kind != STRAKE_SPEC_IF &&
							    lines[i].kind != STRAKE_SPEC_ENDIF);
		for (guint c = 0; !paired && c < conditionals->len; c++)
			paired = conditional_at(conditionals, c)->open == i ||
				 conditional_at(conditionals, c)->close == i;
		if (!paired)
			at = (gssize)i;
	}
	return at < 0 ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "line %zd has %s without its partner, so removing a section is not safe",
		       at + 1, lines[at].kind == STRAKE_SPEC_IF ? "an %if" : "an %endif");
}

static bool remove_sections(StrakeSpecOp *op, const char *name, const char *package, GError **error)
{
	gssize unpaired;
	g_autoptr(GArray) conditionals = NULL;

	for (guint i = 1; i < op->sections->len; i++) {
		const StrakeSpecSection *s = strake_spec_op_section(op, i);
		size_t end = s->end;
		if (!strake_spec_op_is(op, i, name, package))
			continue;
		if (conditionals == NULL)
			conditionals =
				strake_spec_conditionals(op->spec, op->structural, &unpaired);
		if (!check_unpaired(op, unpaired, conditionals, s, error) ||
			!balanced_end(op, s, conditionals, &end, error))
			return false;
		strake_spec_op_edit(op, s->start, end - s->start, NULL);
	}
	return op->edits->len > 0 ||
	       strake_spec_op_no_section(op, name != NULL ? name : "%package", package, error);
}

bool strake_spec_op_remove_section(StrakeSpecOp *op, GError **error)
{
	const StrakeOverlay *o = op->overlay;

	if (o->section == NULL || *o->section == '\0')
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "the preamble cannot be removed");
	return remove_sections(op, o->section, o->package != NULL ? o->package : "", error);
}

bool strake_spec_op_remove_subpackage(StrakeSpecOp *op, GError **error)
{
	const char *package = op->overlay->package;

	if (package == NULL || *package == '\0')
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"a sub-package must be named; the main package cannot be removed");
	return remove_sections(op, NULL, package, error);
}
