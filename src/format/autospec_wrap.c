// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Lines broken as Python's textwrap breaks them: at blanks, behind hyphens between letters, around
// dashes; too long words are cut. Width counts characters, not bytes.
#include <string.h>

#include "format/autospec.h"

enum { WIDTH = 75 };

// Characters of a text, decoded once; invalid bytes were made valid before.
typedef struct {
	const gunichar *at;
	glong length;
} Text;

static gunichar char_at(const Text *t, glong i)
{
	return i >= 0 && i < t->length ? t->at[i] : 0;
}

static bool is_word(gunichar c)
{
	return c == '_' || g_unichar_isalnum(c);
}

// A letter in textwrap's sense: a word character that is no digit.
static bool is_letter(gunichar c)
{
	return is_word(c) && !g_unichar_isdigit(c);
}

static bool is_word_or_punctuation(gunichar c)
{
	return is_word(c) || (c != 0 && c < 0x80 && strchr("!\"'&.,?", (int)c) != NULL);
}

// Whether the hyphen at @i ends a chunk: two letters (or a letter in "x-y-") before, two behind.
static bool breaks_behind_hyphen(const Text *t, glong i)
{
	bool before = is_letter(char_at(t, i - 1)) &&
		      (is_letter(char_at(t, i - 2)) ||
			      (char_at(t, i - 2) == '-' && is_letter(char_at(t, i - 3))));
	bool behind = is_letter(char_at(t, i + 1)) &&
		      (is_letter(char_at(t, i + 2)) ||
			      (char_at(t, i + 2) == '-' && is_letter(char_at(t, i + 3))));

	return before && behind;
}

// Length of a run of two or more dashes at @i with a word behind it, else 0.
static glong dash_run(const Text *t, glong i)
{
	glong n = 0;

	while (char_at(t, i + n) == '-')
		n++;
	return n >= 2 && is_word(char_at(t, i + n)) ? n : 0;
}

// End of the chunk that begins at @start: blanks, a dash, or a word up to where it may break.
static glong chunk_end(const Text *t, glong start)
{
	glong i = start;

	if (char_at(t, i) == ' ') {
		while (char_at(t, i) == ' ')
			i++;
		return i;
	}
	if (is_word_or_punctuation(char_at(t, i - 1)) && dash_run(t, i) > 0)
		return i + dash_run(t, i);
	for (; i < t->length && t->at[i] != ' '; i++) {
		if (t->at[i] == '-' && i > start && breaks_behind_hyphen(t, i))
			return i + 1;
		if (i > start && is_word_or_punctuation(char_at(t, i - 1)) && dash_run(t, i) > 0)
			return i;
	}
	return i;
}

static void append_chars(GString *out, const Text *t, glong from, glong to)
{
	for (; from < to; from++)
		g_string_append_unichar(out, t->at[from]);
}

// One line from *@at on: writes it without blanks at its ends and moves *@at behind it.
static void wrap_line(GString *out, const Text *t, glong *at, glong room, bool first)
{
	glong start = *at, end;

	if (!first)
		while (char_at(t, start) == ' ')
			start++;
	end = start;
	while (end < t->length && chunk_end(t, end) - start <= room)
		end = chunk_end(t, end);
	// A word that no line could hold fills up this one.
	if (end < t->length && chunk_end(t, end) - end > room)
		end = start + room;
	*at = end;
	while (end > start && t->at[end - 1] == ' ')
		end--;
	append_chars(out, t, start, end);
}

char *strake_autospec_wrap(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *marked = g_strconcat("- ", valid, NULL);
	glong length = 0;
	g_autofree gunichar *chars = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	glong at = 0;
	Text t;

	for (char *c = marked; *c != '\0'; c++)
		if (g_ascii_isspace(*c))
			*c = ' ';
	chars = g_utf8_to_ucs4_fast(marked, -1, &length);
	t = (Text){chars, length};
	wrap_line(out, &t, &at, WIDTH, true);
	while (at < length) {
		gsize before;

		while (char_at(&t, at) == ' ')
			at++;
		if (at == length)
			break;
		g_string_append(out, "\n  ");
		before = out->len;
		wrap_line(out, &t, &at, WIDTH - 2, false);
		g_return_val_if_fail(out->len > before, NULL);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
