// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// "Nearest is line N": the line that shares most three-letter pieces with what was looked for.
#include <string.h>

#include "overlay/spec_op.h"

enum { SET_BITS = 4096, SHOWN_MAX = 100, LINE_MAX_BYTES = 4096 };

static unsigned piece(const char *p)
{
	unsigned hash = 0;

	for (int i = 0; i < 3; i++)
		hash = hash * 131u + (unsigned char)g_ascii_tolower(p[i]);
	return (hash ^ hash >> 12) % SET_BITS;
}

/* The text of a pattern without its operators, so that "^BuildRequires:\s*foo" finds its line. */
static char *letters(const char *wanted)
{
	GString *out = g_string_new(NULL);

	for (const char *p = wanted; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			if (g_ascii_isalnum(*p))
				continue;
			g_string_append_c(out, *p);
		} else if (strchr("^$*+?()[]|", *p) == NULL) {
			g_string_append_c(out, *p);
		}
	}
	return g_string_free(out, FALSE);
}

char *strake_spec_hint_quote(const StrakeSpec *spec, size_t line)
{
	const StrakeSpecLine *l = &strake_spec_lines(spec)[line];
	StrakeSpecSpan text = strake_spec_trim(l->text, l->size);
	size_t size = MIN(text.size, (size_t)SHOWN_MAX);
	g_autofree char *valid = g_utf8_make_valid(text.at, (gssize)size);

	return g_strdup_printf(
		"; nearest is line %zu: '%s%s'", line + 1, valid, size < text.size ? "..." : "");
}

char *strake_spec_hint_line(const StrakeSpec *spec, const char *wanted)
{
	g_autofree char *plain = letters(wanted);
	size_t n_plain = strlen(plain);
	guint8 set[SET_BITS / 8] = {0};
	size_t best = 0;
	size_t best_line = 0;
	unsigned total = 0;

	for (size_t i = 0; i + 3 <= n_plain; i++) {
		unsigned bit = piece(plain + i);
		total += (set[bit / 8] >> (bit % 8) & 1) == 0;
		set[bit / 8] |= (guint8)(1u << (bit % 8));
	}
	for (size_t i = 0; total > 0 && i < strake_spec_n_lines(spec); i++) {
		const StrakeSpecLine *line = &strake_spec_lines(spec)[i];
		size_t size = MIN(line->size, (uint32_t)LINE_MAX_BYTES);
		guint8 seen[SET_BITS / 8] = {0};
		size_t score = 0;
		for (size_t j = 0; j + 3 <= size; j++) {
			unsigned bit = piece(line->text + j);
			guint8 mask = (guint8)(1u << (bit % 8));
			score += (set[bit / 8] & mask) != 0 && (seen[bit / 8] & mask) == 0;
			seen[bit / 8] |= mask;
		}
		if (score > best) {
			best = score;
			best_line = i;
		}
	}
	// A third of it must be there for the line to help anyone.
	if (best * 3 < total || best < 2)
		return g_strdup("");
	return strake_spec_hint_quote(spec, best_line);
}
