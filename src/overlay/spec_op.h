// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Inside of the engine: one overlay at work on one spec.
#pragma once

#include "overlay/apply.h"

typedef struct {
	StrakeSpec *spec;
	const StrakeOverlay *overlay;
	bool structural;  // preserving style: macro bodies are no structure
	GArray *sections; // of StrakeSpecSection
	GArray *edits;    // of StrakeSpecEdit, in rising order
	GPtrArray *texts; // of char *, of the edits
} StrakeSpecOp;

// Each plans edits in @op->edits or fails.
bool strake_spec_op_add_tag(
	StrakeSpecOp *op, const char *package, const char *tag, const char *value, GError **error);
bool strake_spec_op_insert_tag(
	StrakeSpecOp *op, const char *package, const char *tag, const char *value, GError **error);
bool strake_spec_op_update_tag(StrakeSpecOp *op, GError **error);
bool strake_spec_op_set_tag(StrakeSpecOp *op, GError **error);
bool strake_spec_op_remove_tag(StrakeSpecOp *op, GError **error);
bool strake_spec_op_patch_add(StrakeSpecOp *op, GError **error);
bool strake_spec_op_patch_remove(StrakeSpecOp *op, GError **error);
bool strake_spec_op_prepend_lines(StrakeSpecOp *op, GError **error);
bool strake_spec_op_append_lines(StrakeSpecOp *op, GError **error);
bool strake_spec_op_search_replace(StrakeSpecOp *op, GError **error);
bool strake_spec_op_remove_section(StrakeSpecOp *op, GError **error);
bool strake_spec_op_remove_subpackage(StrakeSpecOp *op, GError **error);
bool strake_spec_op_set_macro(StrakeSpecOp *op, GError **error);
bool strake_spec_op_remove_macro(StrakeSpecOp *op, GError **error);

/** strake_spec_op_edit: plans one edit; takes @text (NULL: only remove). */
void strake_spec_op_edit(StrakeSpecOp *op, size_t at, size_t n_remove, char *text);
/** strake_spec_op_edit_bytes: the same for text that may hold NUL bytes. */
void strake_spec_op_edit_bytes(StrakeSpecOp *op, size_t at, size_t n_remove, GString *text);

static inline const StrakeSpecSection *strake_spec_op_section(const StrakeSpecOp *op, guint i)
{
	return &g_array_index(op->sections, StrakeSpecSection, i);
}
/** strake_spec_op_is: whether section @i has this name (NULL: any; "": preamble) and package
 * (NULL: any; "": main), both as spelled. */
bool strake_spec_op_is(const StrakeSpecOp *op, guint i, const char *name, const char *package);

/** strake_spec_op_append: plans @text at the end of every section of that name and package;
 * the number of such sections. */
unsigned strake_spec_op_append(
	StrakeSpecOp *op, const char *name, const char *package, const char *text);

/** strake_spec_op_own_end: the line before which new lines still belong to section @i alone:
 * ahead of blank lines and comments at its end and of directives that reach beyond it. */
size_t strake_spec_op_own_end(const StrakeSpecOp *op, guint i);

/** strake_spec_op_no_section: the NOT_FOUND error with the nearest section; false. */
bool strake_spec_op_no_section(
	StrakeSpecOp *op, const char *name, const char *package, GError **error);

// -- hints (hint.c): "; nearest is line 3: 'text'" or "", free with g_free

char *strake_spec_hint_line(const StrakeSpec *spec, const char *wanted);
char *strake_spec_hint_quote(const StrakeSpec *spec, size_t line);
