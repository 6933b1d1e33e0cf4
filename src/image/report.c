// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Sums file sizes by package and by directory; the same sums feed text, JSON and the page.
#include "image/report.h"

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <string.h>

#define GENERATED "(generated)"
enum { TREE_DEPTH = 4, SMALLEST_BYTES = 16 * 1024 };

extern const char strake_report_page[];

typedef struct {
	char *name;
	uint64_t bytes;
	uint64_t files;
} Sum;

struct StrakeReport {
	char *title;
	uint64_t total;
	uint64_t files;
	GHashTable *packages;    // name -> Sum
	GHashTable *directories; // path of at most TREE_DEPTH components -> Sum
	GHashTable *leaves;      // "package\n directory" -> Sum, the treemap's boxes
};

static void sum_free(gpointer data)
{
	Sum *sum = data;

	g_free(sum->name);
	g_free(sum);
}

static GHashTable *new_sums(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, sum_free);
}

StrakeReport *strake_report_new(const char *title)
{
	StrakeReport *report = g_new0(StrakeReport, 1);

	report->title = g_strdup(title);
	report->packages = new_sums();
	report->directories = new_sums();
	report->leaves = new_sums();
	return report;
}

void strake_report_free(StrakeReport *report)
{
	if (report == NULL)
		return;
	g_free(report->title);
	g_hash_table_unref(report->packages);
	g_hash_table_unref(report->directories);
	g_hash_table_unref(report->leaves);
	g_free(report);
}

static void count(GHashTable *sums, const char *name, uint64_t bytes)
{
	Sum *sum = g_hash_table_lookup(sums, name);

	if (sum == NULL) {
		sum = g_new0(Sum, 1);
		sum->name = g_strdup(name);
		g_hash_table_insert(sums, sum->name, sum);
	}
	sum->bytes += bytes;
	sum->files++;
}

// "/usr/lib/x/y/z/file" -> "/usr/lib/x/y": deep enough to see, shallow enough to draw.
static char *directory_of(const char *path, int depth)
{
	const char *end = path;

	for (int i = 0; i < depth; i++) {
		const char *next = strchr(end + 1, '/');
		if (next == NULL)
			break;
		end = next;
	}
	return end == path ? g_strdup("/") : g_strndup(path, (size_t)(end - path));
}

void strake_report_add(StrakeReport *report, const char *path, uint64_t bytes, const char *package)
{
	g_autofree char *directory = directory_of(path, TREE_DEPTH);
	g_autofree char *top = directory_of(path, 2);
	const char *owner = package != NULL ? package : GENERATED;
	g_autofree char *leaf = g_strconcat(owner, "\n", directory, NULL);

	report->total += bytes;
	report->files++;
	count(report->packages, owner, bytes);
	count(report->directories, top, bytes);
	count(report->leaves, leaf, bytes);
}

uint64_t strake_report_total(const StrakeReport *report)
{
	return report->total;
}

static gint by_size(gconstpointer a, gconstpointer b)
{
	const Sum *x = *(const Sum *const *)a, *y = *(const Sum *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

static GPtrArray *sorted(GHashTable *sums)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, sums);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_ptr_array_add(list, value);
	g_ptr_array_sort(list, by_size);
	return g_steal_pointer(&list);
}

static void append_table(
	GString *text, const char *heading, GHashTable *sums, uint64_t total, unsigned rows)
{
	g_autoptr(GPtrArray) list = sorted(sums);

	g_string_append_printf(text, "\n%-44s %10s %6s %7s\n", heading, "bytes", "share", "files");
	for (guint i = 0; i < MIN(list->len, rows); i++) {
		const Sum *sum = list->pdata[i];
		g_string_append_printf(text,
			"%-44s %10" G_GUINT64_FORMAT " %5.1f%% %7" G_GUINT64_FORMAT "\n", sum->name,
			sum->bytes, total > 0 ? 100.0 * (double)sum->bytes / (double)total : 0,
			sum->files);
	}
	if (list->len > rows)
		g_string_append_printf(text, "... and %u more\n", list->len - rows);
}

char *strake_report_text(StrakeReport *report, unsigned rows)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text, "%s: %.1f MB in %" G_GUINT64_FORMAT " files of %u packages\n",
		report->title, (double)report->total / 1e6, report->files,
		g_hash_table_size(report->packages));
	append_table(text, "package", report->packages, report->total, rows);
	append_table(text, "directory", report->directories, report->total, rows);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static void add_sums(JsonBuilder *b, const char *name, GHashTable *sums)
{
	g_autoptr(GPtrArray) list = sorted(sums);

	json_builder_set_member_name(b, name);
	json_builder_begin_array(b);
	for (guint i = 0; i < list->len; i++) {
		const Sum *sum = list->pdata[i];

		json_builder_begin_object(b);
		json_builder_set_member_name(b, "name");
		json_builder_add_string_value(b, sum->name);
		json_builder_set_member_name(b, "bytes");
		json_builder_add_int_value(b, (gint64)sum->bytes);
		json_builder_set_member_name(b, "files");
		json_builder_add_int_value(b, (gint64)sum->files);
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
}

static char *to_json(JsonBuilder *b)
{
	g_autoptr(JsonNode) root = json_builder_get_root(b);

	return json_to_string(root, FALSE);
}

char *strake_report_json(StrakeReport *report)
{
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_object(b);
	json_builder_set_member_name(b, "title");
	json_builder_add_string_value(b, report->title);
	json_builder_set_member_name(b, "bytes");
	json_builder_add_int_value(b, (gint64)report->total);
	add_sums(b, "packages", report->packages);
	add_sums(b, "directories", report->directories);
	json_builder_end_object(b);
	return to_json(b);
}

// [["package", "directory", bytes], ...]; tiny boxes are summed up per package, as nobody sees
// them.
static char *boxes_json(StrakeReport *report)
{
	g_autoptr(GPtrArray) list = sorted(report->leaves);
	g_autoptr(GHashTable) rest = new_sums();
	g_autoptr(GPtrArray) rest_list = NULL;
	g_autoptr(JsonBuilder) b = json_builder_new();

	json_builder_begin_array(b);
	for (guint i = 0; i < list->len; i++) {
		const Sum *sum = list->pdata[i];
		g_auto(GStrv) parts = g_strsplit(sum->name, "\n", 2);

		if (sum->bytes < SMALLEST_BYTES) {
			g_autofree char *other = g_strconcat(parts[0], "\n", "(small files)", NULL);
			count(rest, other, sum->bytes);
			continue;
		}
		json_builder_begin_array(b);
		json_builder_add_string_value(b, parts[0]);
		json_builder_add_string_value(b, parts[1]);
		json_builder_add_int_value(b, (gint64)sum->bytes);
		json_builder_end_array(b);
	}
	rest_list = sorted(rest);
	for (guint i = 0; i < rest_list->len; i++) {
		const Sum *sum = rest_list->pdata[i];
		g_auto(GStrv) parts = g_strsplit(sum->name, "\n", 2);

		json_builder_begin_array(b);
		json_builder_add_string_value(b, parts[0]);
		json_builder_add_string_value(b, parts[1]);
		json_builder_add_int_value(b, (gint64)sum->bytes);
		json_builder_end_array(b);
	}
	json_builder_end_array(b);
	return to_json(b);
}

char *strake_report_html(StrakeReport *report)
{
	g_autofree char *boxes = boxes_json(report);
	g_autofree char *title = g_markup_escape_text(report->title, -1);
	g_autoptr(GString) page = g_string_new(strake_report_page);

	// "</script>" inside a string would end the script element.
	g_autoptr(GString) safe = g_string_new(boxes);
	g_string_replace(safe, "</", "<\\/", 0);
	g_string_replace(page, "@TITLE@", title, 0);
	g_string_replace(page, "@BOXES@", safe->str, 1);
	return g_string_free(g_steal_pointer(&page), FALSE);
}
