// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Regular expressions: replacement tables, groups, refusals, limits.
#include <string.h>

#include "base/error.h"
#include "format/regex.h"

static void test_replace(void)
{
	static const struct {
		const char *regex, *text, *replacement;
		bool expand;
		const char *want;
		size_t count;
	} rows[] = {
		{"b", "abcb", "X", false, "aXcX", 2},
		{"x", "abc", "y", false, "abc", 0},
		{"b", "abc", "$1\\1", false, "a$1\\1c", 1},
		{"(a)(b)?", "abac", "<\\2\\1\\0>", true, "<baab><aa>c", 2},
		{"(a)", "a", "\\\\1", true, "\\1", 1},
		{"x*", "abc", "-", false, "-a-b-c-", 4},
		{"x*", "axc", "-", false, "-a-c-", 3},
		{"x*", "\xc3\xa9", "-", false, "-\xc3\xa9-", 2},
		{"(?m)^", "a\nb", "> ", false, "> a\n> b", 2},
		{"^a", "aa", "", false, "a", 1},
		{"", "", "x", false, "x", 1},
		{"a$", "a\na", "b", false, "a\nb", 1},
		{"(?i)FOO", "foo", "bar", false, "bar", 1},
		{"\xc3\xa9+", "\xc3\xa9\xc3\xa9", "e", false, "e", 1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeRegex) regex = strake_regex_new(rows[i].regex, 0, &error);
		size_t count = 99;
		g_test_message("'%s' on '%s'", rows[i].regex, rows[i].text);
		g_assert_no_error(error);
		g_autoptr(GString) out =
			strake_regex_replace(regex, rows[i].text, strlen(rows[i].text),
				rows[i].replacement, rows[i].expand, 1000, &count, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(out->str, ==, rows[i].want);
		g_assert_cmpuint(count, ==, rows[i].count);
		g_assert_cmpuint(
			strake_regex_count(regex, rows[i].text, strlen(rows[i].text)), ==, count);
	}
}

static void test_named_groups(void)
{
	static const char *const rows[] = {
		"(?P<x>b)(?P<y>c)", "(?<x>b)(?<y>c)", "(?<x>b)(?P<y>c)", "\\(?(?<x_1>b)(c)"};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeRegex) regex = strake_regex_new(rows[i], 0, &error);
		StrakeRegexSpan spans[3];
		g_assert_no_error(error);
		g_assert_true(strake_regex_find(regex, "abc", 3, 0, spans, 3));
		g_assert_cmpuint(spans[1].start, ==, 1);
		g_assert_cmpuint(spans[2].start, ==, 2);
	}
}

static void test_find(void)
{
	g_autoptr(StrakeRegex) regex = strake_regex_new("(b)|(c)", 0, NULL);
	StrakeRegexSpan spans[4];

	g_assert_cmpuint(strake_regex_groups(regex), ==, 2);
	g_assert_true(strake_regex_find(regex, "abc", 3, 2, spans, 4));
	g_assert_cmpuint(spans[0].start, ==, 2);
	g_assert_cmpuint(spans[0].end, ==, 3);
	g_assert_true(spans[1].start == STRAKE_REGEX_UNSET);
	g_assert_cmpuint(spans[2].start, ==, 2);
	g_assert_true(spans[3].start == STRAKE_REGEX_UNSET);
	g_assert_false(strake_regex_find(regex, "abc", 3, 3, NULL, 0));
	g_assert_false(strake_regex_find(regex, "abc", 3, 4, NULL, 0));
}

static void test_bytes(void)
{
	g_autoptr(StrakeRegex) text = strake_regex_new("a.b", 0, NULL);
	g_autoptr(StrakeRegex) bytes = strake_regex_new("a.b", STRAKE_REGEX_BYTES, NULL);

	g_assert_false(strake_regex_find(text,
		"a\xff"
		"b",
		3, 0, NULL, 0));
	g_assert_true(strake_regex_find(bytes,
		"a\xff"
		"b",
		3, 0, NULL, 0));
	g_assert_true(strake_regex_find(bytes, "a\0b", 3, 0, NULL, 0));
}

static void test_refused(void)
{
	static const char *const rows[] = {"(", "a**", "(?=x)", "(?<!x)", "\\1", "[z-a]",
		"((((a{100}){100}){100}){100})", "x{2000}", "\xff"};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeRegex) regex = strake_regex_new(rows[i], 0, &error);
		g_autofree char *shown = g_strescape(rows[i], NULL);
		g_test_message("'%s'", shown);
		g_assert_null(regex);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	}
}

static void test_limits(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(1 << 20, 'a');
	g_autoptr(StrakeRegex) slow = strake_regex_new("(a*)*b", 0, NULL);
	g_autoptr(StrakeRegex) each = strake_regex_new("a", 0, NULL);

	g_assert_false(strake_regex_find(slow, text, 1 << 20, 0, NULL, 0));
	g_assert_null(strake_regex_replace(
		each, text, 1 << 20, "0123456789", false, 1 << 22, NULL, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_true(strake_regex_check_expand(slow, "\\1\\\\\\0", NULL));
	g_assert_false(strake_regex_check_expand(slow, "\\2", &error));
	g_clear_error(&error);
	g_assert_false(strake_regex_check_expand(slow, "\\", &error));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/regex/replace", test_replace);
	g_test_add_func("/regex/named-groups", test_named_groups);
	g_test_add_func("/regex/find", test_find);
	g_test_add_func("/regex/bytes", test_bytes);
	g_test_add_func("/regex/refused", test_refused);
	g_test_add_func("/regex/limits", test_limits);
	return g_test_run();
}
