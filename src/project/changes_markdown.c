// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// All changes as one Markdown document.
#include <string.h>

#include "project/changes.h"

// Nothing in a text is markup; a newline would end the item that it is in.
static void append_text(GString *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			g_string_append_c(out, ' ');
			continue;
		}
		if (strchr("\\`*_{}[]<>#|!&~", *text) != NULL)
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}
}

// A fence that is longer than any run of backquotes in what it holds.
static void append_diff(GString *out, const char *diff)
{
	g_autofree char *fence = NULL;
	size_t longest = 2;
	size_t run = 0;

	for (const char *at = diff; *at != '\0'; at++) {
		run = *at == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	fence = g_strnfill(longest + 1, '`');
	g_string_append_printf(out, "\n%sdiff\n%s%s%s\n", fence, diff,
		g_str_has_suffix(diff, "\n") ? "" : "\n", fence);
}

static void append_change(GString *out, const StrakeChange *change)
{
	g_string_append_printf(out, "* `%s`: ", change->type);
	append_text(out, change->what);
	if (change->description != NULL) {
		g_string_append(out, ". ");
		append_text(out, change->description);
	}
	if (change->category != NULL) {
		g_string_append(out, " (");
		append_text(out, change->category);
		g_string_append(out, ", ");
		append_text(out, change->upstream_status != NULL ? change->upstream_status : "-");
		g_string_append_c(out, ')');
	}
	for (char **link = change->links; link != NULL && *link != NULL; link++)
		g_string_append_printf(out, " <%s>", *link);
	if (change->file != NULL) {
		g_string_append(out, " [");
		append_text(out, change->file);
		g_string_append_printf(out, ":%u]", change->line);
	}
	g_string_append_c(out, '\n');
	if (change->diff != NULL)
		append_diff(out, change->diff);
}

char *strake_changes_markdown(const GPtrArray *changes, const char *title)
{
	g_autoptr(GString) out = g_string_new("# ");
	const char *before = "";

	append_text(out, title);
	g_string_append_c(out, '\n');
	for (guint i = 0; i < changes->len; i++) {
		const StrakeChange *change = changes->pdata[i];
		if (strcmp(before, change->component) != 0) {
			g_string_append(out, "\n## ");
			append_text(out, strcmp(change->component, "*") == 0 ? "Every package"
									     : change->component);
			g_string_append(out, "\n\n");
		}
		before = change->component;
		append_change(out, change);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
