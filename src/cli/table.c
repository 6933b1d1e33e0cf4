// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Aligned columns; widths are counted in characters.
#include "cli/table.h"

#include <stdarg.h>
#include <stdbool.h>

struct StrakeTable {
	guint n_columns;
	GPtrArray *cells; // row after row, the titles first
	bool *right;
};

StrakeTable *strake_table_new(const char *title, ...)
{
	StrakeTable *table = g_new0(StrakeTable, 1);
	g_autoptr(GArray) right = g_array_new(FALSE, FALSE, sizeof(bool));
	va_list args;

	table->cells = g_ptr_array_new_with_free_func(g_free);
	va_start(args, title);
	for (; title != NULL; title = va_arg(args, const char *)) {
		bool to_right = *title == '>';
		g_array_append_val(right, to_right);
		g_ptr_array_add(table->cells, g_strdup(title + to_right));
	}
	va_end(args);
	table->n_columns = table->cells->len;
	table->right = (bool *)(void *)g_array_free(g_steal_pointer(&right), FALSE);
	return table;
}

void strake_table_free(StrakeTable *table)
{
	if (table == NULL)
		return;
	g_ptr_array_unref(table->cells);
	g_free(table->right);
	g_free(table);
}

void strake_table_add(StrakeTable *table, const char *const *cells)
{
	for (guint i = 0; i < table->n_columns; i++)
		g_ptr_array_add(table->cells, g_strdup(cells[i] != NULL ? cells[i] : ""));
}

static int width_of(const char *text)
{
	return (int)g_utf8_strlen(text, -1);
}

static void append_cell(GString *line, const char *text, int width, bool right)
{
	int blanks = MAX(0, width - width_of(text));

	g_string_append_printf(
		line, "%*s%s%*s", right ? blanks : 0, "", text, right ? 0 : blanks, "");
}

void strake_table_print(const StrakeTable *table, FILE *out)
{
	g_autofree int *widths = g_new0(int, table->n_columns);
	g_autoptr(GString) line = g_string_new(NULL);

	for (guint i = 0; i < table->cells->len; i++) {
		int *width = &widths[i % table->n_columns];
		*width = MAX(*width, width_of(table->cells->pdata[i]));
	}
	for (guint i = 0; i < table->cells->len; i++) {
		guint column = i % table->n_columns;
		if (column > 0)
			g_string_append(line, "  ");
		append_cell(line, table->cells->pdata[i], widths[column], table->right[column]);
		if (column + 1 < table->n_columns)
			continue;
		fprintf(out, "%s\n", g_strchomp(line->str));
		g_string_truncate(line, 0);
	}
}
