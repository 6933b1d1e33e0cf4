// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One overlay of any spec type on any spec. The first line of the input chooses the type and its
// fields, separated by "|": type|style|tag|value|section|package|regex|replacement|file|name|text
// Checked: the error contract, that a failure leaves the spec alone (but for line ends in azldev
// style), and that what was written parses back to itself.
#include <stdint.h>
#include <string.h>

#include "overlay/apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *field(char **fields, guint n, guint i)
{
	return i < n ? fields[i] : (char *)"";
}

/* A line without the carriage returns at its end, which azldev style may drop. */
static size_t plain_size(const StrakeSpecLine *line)
{
	size_t size = line->size;

	while (size > 0 && line->text[size - 1] == '\r')
		size--;
	return size;
}

/* What only adds lines leaves all others there, in order. */
static void check_kept(GBytes *in, const StrakeSpec *after)
{
	g_autoptr(StrakeSpec) before = strake_spec_parse(in, NULL);
	const StrakeSpecLine *old = strake_spec_lines(before);
	const StrakeSpecLine *new = strake_spec_lines(after);
	size_t i = 0;

	for (size_t j = 0; j < strake_spec_n_lines(after) && i < strake_spec_n_lines(before); j++)
		i += plain_size(&old[i]) == plain_size(&new[j]) &&
		     (plain_size(&old[i]) == 0 ||
			     memcmp(old[i].text, new[j].text, plain_size(&old[i])) == 0);
	g_assert_cmpuint(i, ==, strake_spec_n_lines(before));
}

static bool only_adds(StrakeOverlayType type)
{
	return type == STRAKE_OVERLAY_SPEC_ADD_TAG || type == STRAKE_OVERLAY_SPEC_INSERT_TAG ||
	       type == STRAKE_OVERLAY_SPEC_PREPEND_LINES ||
	       type == STRAKE_OVERLAY_SPEC_APPEND_LINES || type == STRAKE_OVERLAY_PATCH_ADD;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;

	if (newline == NULL || newline - data > 2000)
		return 0;
	g_autofree char *line = g_strndup((const char *)data, (gsize)(newline - data));
	g_auto(GStrv) fields = g_strsplit(line, "|", 12);
	guint n = g_strv_length(fields);
	char *lines[] = {field(fields, n, 10), field(fields, n, 10), NULL};
	StrakeOverlayType type = strake_overlay_type_from_name(field(fields, n, 0));
	if (type == STRAKE_OVERLAY_INVALID || !strake_overlay_edits_spec(type))
		return 0;
	const StrakeOverlay overlay = {
		.type = type,
		.tag = field(fields, n, 2),
		.value = field(fields, n, 3),
		.section = field(fields, n, 4),
		.package = field(fields, n, 5),
		.regex = field(fields, n, 6),
		.replacement = field(fields, n, 7),
		.expand = strchr(field(fields, n, 1), 'x') != NULL,
		.after = strchr(field(fields, n, 1), 'a') != NULL ? field(fields, n, 6) : NULL,
		.before = strchr(field(fields, n, 1), 'b') != NULL ? field(fields, n, 6) : NULL,
		.file = field(fields, n, 8),
		.source = (char *)"source.patch",
		.name = field(fields, n, 9),
		.lines = lines,
	};
	StrakeOverlayStyle style = strchr(field(fields, n, 1), 'p') != NULL
					   ? STRAKE_OVERLAY_STYLE_PRESERVING
					   : STRAKE_OVERLAY_STYLE_AZLDEV;
	g_autoptr(GBytes) in = g_bytes_new(newline + 1, size - (size_t)(newline + 1 - data));
	g_autoptr(StrakeSpec) spec = strake_spec_parse(in, NULL);
	g_autoptr(GError) error = NULL;
	bool ok = strake_overlay_apply_spec(spec, &overlay, style, &error);
	g_autoptr(GBytes) out = strake_spec_print(spec);

	g_assert_true(ok == (error == NULL));
	if (!ok && style == STRAKE_OVERLAY_STYLE_PRESERVING)
		g_assert_true(g_bytes_equal(in, out));
	if (!ok) {
		g_autoptr(StrakeSpec) untouched = strake_spec_parse(in, NULL);
		strake_spec_normalise(untouched);
		g_autoptr(GBytes) want = strake_spec_print(untouched);
		g_assert_true(style == STRAKE_OVERLAY_STYLE_PRESERVING || g_bytes_equal(want, out));
		return 0;
	}
	if (only_adds(type))
		check_kept(in, spec);
	g_autoptr(StrakeSpec) again = strake_spec_parse(out, NULL);
	g_autoptr(GBytes) printed = strake_spec_print(again);
	g_assert_true(g_bytes_equal(out, printed));
	return 0;
}
