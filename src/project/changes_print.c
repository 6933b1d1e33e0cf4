// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Changes as text, JSON and one self-contained HTML page.
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/words.h"
#include "project/changes.h"

extern const char strake_changes_page[]; // changes.html

static const char *component_title(const StrakeChange *change)
{
	return strcmp(change->component, "*") == 0 ? "every package" : change->component;
}

static unsigned count_components(const GPtrArray *changes)
{
	unsigned n = 0;
	const char *before = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const StrakeChange *change = changes->pdata[i];

		if (before == NULL || strcmp(before, change->component) != 0)
			n++;
		before = change->component;
	}
	return n;
}

static void append_count(GString *out, const GPtrArray *changes)
{
	unsigned components = count_components(changes);

	g_string_append_printf(out, "%u change%s in %u component%s", changes->len,
		strake_s(changes->len), components, strake_s(components));
}

static void append_indented(GString *out, const char *diff)
{
	g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);

	for (char **line = lines; *line != NULL && (**line != '\0' || line[1] != NULL); line++)
		g_string_append_printf(out, "    %s\n", *line);
}

char *strake_changes_text(const GPtrArray *changes)
{
	g_autoptr(GString) out = g_string_new(NULL);
	const char *before = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const StrakeChange *change = changes->pdata[i];

		if (before == NULL || strcmp(before, change->component) != 0)
			g_string_append_printf(
				out, "%s%s\n", before != NULL ? "\n" : "", component_title(change));
		before = change->component;
		g_string_append_printf(out, "  %-26s %s\n", change->type, change->what);
		if (change->description != NULL)
			g_string_append_printf(out, "  %-26s   %s\n", "", change->description);
		if (change->category != NULL)
			g_string_append_printf(out, "  %-26s   [%s, %s]\n", "", change->category,
				change->upstream_status != NULL ? change->upstream_status : "-");
		for (char **link = change->links; link != NULL && *link != NULL; link++)
			g_string_append_printf(out, "  %-26s   %s\n", "", *link);
		if (change->file != NULL)
			g_string_append_printf(
				out, "  %-26s   %s:%u\n", "", change->file, change->line);
		if (change->diff != NULL)
			append_indented(out, change->diff);
	}
	if (changes->len > 0)
		g_string_append_c(out, '\n');
	append_count(out, changes);
	g_string_append_c(out, '\n');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void add_member(JsonBuilder *json, const char *name, const char *value)
{
	if (value == NULL)
		return;
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, value);
}

static void add_list(JsonBuilder *json, const char *name, char **values)
{
	if (values == NULL)
		return;
	json_builder_set_member_name(json, name);
	json_builder_begin_array(json);
	for (; *values != NULL; values++)
		json_builder_add_string_value(json, *values);
	json_builder_end_array(json);
}

static void add_change(JsonBuilder *json, const StrakeChange *change)
{
	json_builder_begin_object(json);
	add_member(json, "component", change->component);
	add_member(json, "type", change->type);
	add_member(json, "what", change->what);
	add_member(json, "description", change->description);
	add_member(json, "file", change->file);
	if (change->file != NULL) {
		json_builder_set_member_name(json, "line");
		json_builder_add_int_value(json, change->line);
	}
	add_member(json, "category", change->category);
	add_member(json, "upstream-status", change->upstream_status);
	add_list(json, "links", change->links);
	add_list(json, "details", change->details);
	add_member(json, "diff", change->diff);
	json_builder_end_object(json);
}

char *strake_changes_json(const GPtrArray *changes)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *body = NULL;

	json_builder_begin_array(json);
	for (guint i = 0; i < changes->len; i++)
		add_change(json, changes->pdata[i]);
	json_builder_end_array(json);
	root = json_builder_get_root(json);
	body = json_to_string(root, TRUE);
	return g_strconcat(body, "\n", NULL);
}

static void append_escaped(GString *out, const char *value)
{
	g_autofree char *escaped = g_markup_escape_text(value, -1);

	g_string_append(out, escaped);
}

static bool is_web_link(const char *link)
{
	return g_str_has_prefix(link, "https://") || g_str_has_prefix(link, "http://");
}

static void append_details(GString *out, char **details)
{
	if (details == NULL)
		return;
	g_string_append(out, "<details><summary>each</summary><ul>");
	for (; *details != NULL; details++) {
		g_string_append(out, "<li><code>");
		append_escaped(out, *details);
		g_string_append(out, "</code></li>");
	}
	g_string_append(out, "</ul></details>");
}

static void append_row(GString *out, const StrakeChange *change)
{
	g_string_append(out, "<tr><td>");
	append_escaped(out, change->type);
	g_string_append(out, "<td><code>");
	append_escaped(out, change->what);
	g_string_append(out, "</code><td>");
	if (change->description != NULL)
		append_escaped(out, change->description);
	append_details(out, change->details);
	if (change->category != NULL) {
		g_string_append(out, " <i>");
		append_escaped(out, change->category);
		if (change->upstream_status != NULL) {
			g_string_append(out, ", ");
			append_escaped(out, change->upstream_status);
		}
		g_string_append(out, "</i>");
	}
	for (char **link = change->links; link != NULL && *link != NULL; link++) {
		g_string_append(out, " ");
		if (is_web_link(*link)) {
			g_string_append(out, "<a href=\"");
			append_escaped(out, *link);
			g_string_append(out, "\">");
		}
		append_escaped(out, *link);
		if (is_web_link(*link))
			g_string_append(out, "</a>");
	}
	if (change->diff != NULL) {
		g_string_append(out, "<details><summary>diff</summary><pre>");
		append_escaped(out, change->diff);
		g_string_append(out, "</pre></details>");
	}
	g_string_append(out, "<td class=\"at\">");
	if (change->file != NULL) {
		append_escaped(out, change->file);
		g_string_append_printf(out, ":%u", change->line);
	}
	g_string_append(out, "</tr>\n");
}

static void append_rows(GString *out, const GPtrArray *changes)
{
	const char *before = NULL;

	for (guint i = 0; i < changes->len; i++) {
		const StrakeChange *change = changes->pdata[i];

		if (before == NULL || strcmp(before, change->component) != 0) {
			if (before != NULL)
				g_string_append(out, "</tbody>\n");
			g_string_append(out, "<tbody><tr class=\"head\"><th colspan=\"4\">");
			append_escaped(out, component_title(change));
			g_string_append(out, "</tr>\n");
		}
		before = change->component;
		append_row(out, change);
	}
	if (before != NULL)
		g_string_append(out, "</tbody>\n");
}

char *strake_changes_html(const GPtrArray *changes, const char *title)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *at = strake_changes_page; *at != '\0';) {
		const char *mark = strchr(at, '@');

		if (mark == NULL) {
			g_string_append(out, at);
			break;
		}
		g_string_append_len(out, at, mark - at);
		if (g_str_has_prefix(mark, "@TITLE@")) {
			append_escaped(out, title);
			at = mark + strlen("@TITLE@");
		} else if (g_str_has_prefix(mark, "@COUNT@")) {
			append_count(out, changes);
			at = mark + strlen("@COUNT@");
		} else if (g_str_has_prefix(mark, "@ROWS@")) {
			append_rows(out, changes);
			at = mark + strlen("@ROWS@");
		} else {
			g_string_append_c(out, '@');
			at = mark + 1;
		}
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
