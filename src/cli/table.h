// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A table of text in aligned columns, for people. Programs get --json instead.
#pragma once

#include <glib.h>
#include <stdio.h>

typedef struct StrakeTable StrakeTable;

/** strake_table_new: column titles up to NULL; one that begins with '>' is aligned to the right. */
StrakeTable *strake_table_new(const char *title, ...) G_GNUC_NULL_TERMINATED;
void strake_table_free(StrakeTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeTable, strake_table_free)
/** strake_table_add: @cells: one text a column, copied; NULL: empty. */
void strake_table_add(StrakeTable *table, const char *const *cells);
/** strake_table_print: titles and rows, without blanks at the ends of lines. */
void strake_table_print(const StrakeTable *table, FILE *out);
