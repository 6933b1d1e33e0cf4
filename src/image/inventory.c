// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads package headers through format/rpm_read; payloads are not touched.
#include "image/inventory.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "format/rpm_read.h"
#include "format/rpm_tags.h"
#include "format/spdx.h"
#include "pkg/solve.h"

enum { LIST_MAX_BYTES = 256 << 20 };

typedef struct {
	GHashTable *owners; // path -> package name
	GArray *packages;   // of StrakeSpdxPackage
	GPtrArray *strings; // keeps what the packages borrow
} Inventory;

static void inventory_clear(Inventory *v)
{
	g_clear_pointer(&v->owners, g_hash_table_unref);
	g_clear_pointer(&v->packages, g_array_unref);
	g_clear_pointer(&v->strings, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Inventory, inventory_clear)

static const char *keep(Inventory *v, const char *text)
{
	char *copy = g_strdup(text);

	if (copy != NULL)
		g_ptr_array_add(v->strings, copy);
	return copy;
}

// The bridge notes where a package came from as "deb(NAME) = VERSION".
static const char *find_upstream(Inventory *v, const StrakeRpmHeader *h)
{
	size_t n = strake_rpm_header_count(h, STRAKE_RPMTAG_PROVIDENAME);

	for (size_t i = 0; i < n; i++) {
		const char *name = strake_rpm_header_string(h, STRAKE_RPMTAG_PROVIDENAME, i);
		const char *version = strake_rpm_header_string(h, STRAKE_RPMTAG_PROVIDEVERSION, i);

		if (name != NULL && g_str_has_prefix(name, "deb(")) {
			g_autofree char *bare = g_strndup(name + 4, strcspn(name + 4, ")"));
			g_autofree char *text =
				g_strdup_printf("deb %s %s", bare, version != NULL ? version : "");
			return keep(v, g_strchomp(text));
		}
	}
	return NULL;
}

static bool add_package(Inventory *v, const StrakePackage *p, GError **error)
{
	g_autoptr(GBytes) bytes = strake_file_map_at(AT_FDCWD, p->path, error);
	g_autoptr(StrakeRpm) rpm = bytes != NULL ? strake_rpm_parse(bytes, error) : NULL;
	StrakeSpdxPackage s = {0};
	const char *name;
	uint64_t epoch;

	if (rpm == NULL) {
		g_prefix_error(error, "package '%s': ", p->nevra);
		return false;
	}
	name = keep(v, p->name);
	epoch = strake_rpm_header_number(rpm->header, STRAKE_RPMTAG_EPOCH, 0, 0);
	s.name = name;
	if (epoch != 0) {
		g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, epoch);
		s.epoch = keep(v, text);
	}
	s.version = keep(v, strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_VERSION, 0));
	s.release = keep(v, strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_RELEASE, 0));
	s.architecture = keep(v, p->arch);
	s.license = keep(v, strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_LICENSE, 0));
	s.summary = keep(v, strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_SUMMARY, 0));
	s.sha256 = keep(v, p->sha256);
	s.upstream = find_upstream(v, rpm->header);
	g_array_append_val(v->packages, s);
	for (size_t i = 0; i < strake_rpm_n_files(rpm); i++)
		g_hash_table_insert(v->owners, strake_rpm_file_path(rpm, i), (gpointer)name);
	return true;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	const StrakeSpdxPackage *x = a;
	const StrakeSpdxPackage *y = b;

	return strcmp(x->name, y->name);
}

static bool write_spdx(const Inventory *v, const char *out, const char *name, const char *seed,
	int64_t time_s, GError **error)
{
	const StrakeSpdxDocument document = {.name = name,
		.version = STRAKE_VERSION,
		.sha256 = seed,
		.created_s = time_s,
		.tool = "strake-" STRAKE_VERSION};
	g_autofree char *path = g_strdup_printf("%s/%s.spdx.json", out, name);
	g_autofree char *text = NULL;

	g_array_sort(v->packages, by_name);
	text = strake_spdx_format(&document,
		(const StrakeSpdxPackage *)(const void *)v->packages->data, v->packages->len);
	return strake_file_write_at(AT_FDCWD, path, text, strlen(text), 0644, error);
}

static char *read_list(const char *out, const char *name, char **out_path, GError **error)
{
	g_autofree char *path = g_strdup_printf("%s/%s.files.txt", out, name);
	g_autoptr(GBytes) bytes = strake_file_read_at(AT_FDCWD, path, LIST_MAX_BYTES, error);
	size_t size = 0;
	const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size) : NULL;

	if (bytes == NULL) {
		g_prefix_error(error,
			"image '%s' is not built here (strake image build %s): ", name, name);
		return NULL;
	}
	if (out_path != NULL)
		*out_path = g_steal_pointer(&path);
	return g_strndup(size > 0 ? data : "", size);
}

// "BYTES<tab>/PATH" becomes "BYTES<tab>PACKAGE<tab>/PATH"; what has an owner already keeps it.
static bool write_owners(const Inventory *v, const char *out, const char *name, GError **error)
{
	g_autofree char *path = NULL;
	g_autofree char *text = read_list(out, name, &path, error);
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
	g_autoptr(GString) list = g_string_new(NULL);

	if (text == NULL)
		return false;
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", 3);
		const char *owner;

		if (g_strv_length(fields) != 2)
			continue;
		owner = g_hash_table_lookup(v->owners, fields[1]);
		g_string_append_printf(
			list, "%s\t%s\t%s\n", fields[0], owner != NULL ? owner : "-", fields[1]);
	}
	return strake_file_write_at(AT_FDCWD, path, list->str, list->len, 0644, error);
}

bool strake_inventory_write(const char *out, const char *name, const GPtrArray *packages,
	const char *seed, int64_t time_s, GError **error)
{
	g_auto(Inventory) v = {
		.owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.packages = g_array_new(FALSE, FALSE, sizeof(StrakeSpdxPackage)),
		.strings = g_ptr_array_new_with_free_func(g_free),
	};

	for (guint i = 0; packages != NULL && i < packages->len; i++)
		if (!add_package(&v, packages->pdata[i], error))
			return false;
	return write_owners(&v, out, name, error) && write_spdx(&v, out, name, seed, time_s, error);
}

StrakeReport *strake_inventory_report(const char *out, const char *name, GError **error)
{
	g_autofree char *text = read_list(out, name, NULL, error);
	g_auto(GStrv) lines = text != NULL ? g_strsplit(text, "\n", -1) : NULL;
	g_autoptr(StrakeReport) report = strake_report_new(name);

	if (text == NULL)
		return NULL;
	for (char **line = lines; *line != NULL; line++) {
		g_auto(GStrv) fields = g_strsplit(*line, "\t", 3);

		if (g_strv_length(fields) == 3)
			strake_report_add(report, fields[2], g_ascii_strtoull(fields[0], NULL, 10),
				strcmp(fields[1], "-") != 0 ? fields[1] : NULL);
	}
	return g_steal_pointer(&report);
}
