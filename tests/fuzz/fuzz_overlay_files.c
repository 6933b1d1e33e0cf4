// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One overlay of any type on source files, loose or in an archive. The first line chooses it:
// type|file|regex|replacement|archive|x|section; the rest is the content of a.txt, of a.tar.gz and
// of the spec. Checked: the error contract, that names stay clean and that no file of a type that
// only edits comes or goes.
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "overlay/apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a.txt", "a.tar.gz", "a.tar", "demo.spec", "sub/b.txt"};

static char *field(char **fields, guint n, guint i)
{
	return i < n ? fields[i] : (char *)"";
}

static void check_file(const char *path, GBytes *content, mode_t mode, void *data)
{
	unsigned *n = data;

	g_assert_true(strake_path_is_clean(path));
	g_assert_nonnull(content);
	(*n)++;
}

static bool only_edits(const StrakeOverlay *o)
{
	return o->type == STRAKE_OVERLAY_FILE_SEARCH_REPLACE ||
	       o->type == STRAKE_OVERLAY_FILE_PREPEND_LINES || *o->archive != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	static const StrakeOverlayOptions plain = {.style = STRAKE_OVERLAY_STYLE_AZLDEV};
	StrakeOverlayOptions options = plain;
	g_autoptr(GPtrArray) overlays = g_ptr_array_new();
	g_autoptr(StrakeSources) sources = strake_sources_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeOverlayResult) result = NULL;
	unsigned n_files = 0;

	if (newline == NULL || newline - data > 2000)
		return 0;
	g_autofree char *line = g_strndup((const char *)data, (gsize)(newline - data));
	g_auto(GStrv) fields = g_strsplit(line, "|", 8);
	guint n = g_strv_length(fields);
	char *lines[] = {field(fields, n, 3), NULL};
	StrakeOverlay overlay = {
		.type = strake_overlay_type_from_name(field(fields, n, 0)),
		.file = field(fields, n, 1),
		.regex = field(fields, n, 2),
		.replacement = field(fields, n, 3),
		.archive = field(fields, n, 4),
		.expand = strchr(field(fields, n, 5), 'x') != NULL,
		.section = field(fields, n, 6),
		.source = (char *)"/dev/null",
		.tag = field(fields, n, 2),
		.value = field(fields, n, 3),
		.lines = lines,
	};
	if (overlay.type == STRAKE_OVERLAY_INVALID || !strake_overlay_edits_files(overlay.type))
		return 0;
	g_autoptr(GBytes) body = g_bytes_new(newline + 1, size - (size_t)(newline + 1 - data));
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		strake_sources_put(sources, names[i], body, 0644);
	strake_sources_put(sources, "link", body, S_IFLNK);
	g_ptr_array_add(overlays, &overlay);
	options.memory = sources;
	result = strake_overlay_apply(body, "demo.spec", overlays, &options, &error);
	g_assert_true((result != NULL) == (error == NULL));
	g_assert_true(strake_sources_each(sources, check_file, &n_files, NULL));
	if (only_edits(&overlay))
		g_assert_cmpuint(n_files, ==, G_N_ELEMENTS(names) + 1);
	return 0;
}
