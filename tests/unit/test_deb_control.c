// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Control stanzas and relations: what is read, and the exact words for what is refused.
#include <string.h>

#include "format/deb_control.h"

static void test_stanzas(void)
{
	static const char text[] = "\n# remark\nPackage: a\nDepends: b,\n c (>= 1),\n\td\nEmpty:\n"
				   "\r\n\nPackage: z\nDescription: one\n two\n .\n three";
	g_autoptr(StrakeDebControl) control =
		strake_deb_control_new(text, sizeof(text) - 1, "Packages");
	const StrakeDebStanza *stanza;
	g_autoptr(GError) error = NULL;
	g_autofree char *depends = NULL;
	g_autofree char *description = NULL;

	g_assert_true(strake_deb_control_next(control, &stanza, &error));
	g_assert_cmpuint(stanza->n_fields, ==, 3);
	g_assert_cmpuint(stanza->line, ==, 3);
	depends = strake_deb_stanza_dup(stanza, "DEPENDS");
	g_assert_cmpstr(depends, ==, "b,\n c (>= 1),\n\td");
	g_assert_cmpuint(strake_deb_stanza_origin(stanza, "Empty").line, ==, 7);
	g_assert_null(strake_deb_stanza_need(stanza, "Empty", &error));
	g_assert_cmpstr(error->message, ==, "Packages:7: field 'Empty' is empty");
	g_clear_error(&error);
	g_assert_null(strake_deb_stanza_need(stanza, "Version", &error));
	g_assert_cmpstr(error->message, ==, "Packages:3: the stanza has no field 'Version'");
	g_clear_error(&error);
	g_assert_true(strake_deb_control_next(control, &stanza, &error));
	g_assert_cmpuint(stanza->line, ==, 10);
	description = strake_deb_stanza_dup(stanza, "Description");
	g_assert_cmpstr(description, ==, "one\n two\n .\n three");
	g_assert_true(strake_deb_control_next(control, &stanza, &error));
	g_assert_null(stanza);
}

static void test_refused_stanzas(void)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
	} rows[] = {
#define ROW(text, want) {text, sizeof(text) - 1, want}
		ROW("A: 1\nrubbish\n", "control:2: found no 'Field: value' on this line"),
		ROW(": 1\n", "control:1: found no 'Field: value' on this line"),
		ROW(" more\n", "control:1: a continuation line has no field above it"),
		ROW("A b: 1\n", "control:1: a field name has a blank or control character in it"),
		ROW("A: 1\na: 2\n", "control:2: field 'a' is given twice in one stanza"),
		ROW("A: 1\0\nB: 2\n", "control:3: the stanza above has a NUL byte"),
#undef ROW
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeDebControl) control =
			strake_deb_control_new(rows[i].text, rows[i].size, "control");
		const StrakeDebStanza *stanza;
		g_autoptr(GError) error = NULL;

		g_assert_false(strake_deb_control_next(control, &stanza, &error));
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, rows[i].want);
	}
}

static void test_relations(void)
{
	static const struct {
		const char *text, *want; // groups joined by ", "
	} rows[] = {
		{NULL,				      ""				   },
		{"",					""				   },
		{" \n ",				    ""				   },
		{"a",				       "a"				  },
		{"a,b ,",				   "a, b"                               },
		{"a|b | c",				 "a | b | c"                          },
		{"a:any(>=1)",                              "a:any (>= 1)"                       },
		{"a (<< 2:1.0-1~), b ( = 3 )",              "a (<< 2:1.0-1~), b (= 3)"           },
		{"a (< 1), b (> 1)",                        "a (<= 1), b (>= 1)"                 },
		{"a [amd64 !arm64] <!nocheck> <cross  !x>",
                 "a [amd64 !arm64] <!nocheck> <cross  !x>"                                       },
		{"libstdc++6 (>= 4.1.1),\n libfoo-1.0_x",   "libstdc++6 (>= 4.1.1), libfoo-1.0_x"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) groups = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) got = g_string_new(NULL);

		g_assert_true(strake_deb_relations_parse(
			rows[i].text, (StrakeOrigin){0}, &groups, &error));
		for (guint j = 0; j < groups->len; j++) {
			g_autofree char *text =
				strake_deb_relation_group_text(g_ptr_array_index(groups, j));
			g_string_append_printf(got, "%s%s", j > 0 ? ", " : "", text);
		}
		g_assert_cmpstr(got->str, ==, rows[i].want);
	}
}

static void test_refused_relations(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a b",         "f:7: found 'b' where ',' or '|' is expected, near 'a b'"                                 },
		{"a,,b",        "f:7: found ',' where a package name is expected, near 'a,,b'"                            },
		{"a |",         "f:7: relation ends where a package name is expected, after 'a |'"                        },
		{"a (1)",       "f:7: found '1' where one of << <= = >= >> is expected, near 'a (1)'"                     },
		{"a,\nb (>= )", "f:8: found ')' where a version is expected, near 'a, b (>= )'"                           },
		{"a (>= 1",     "f:7: relation ends where ')' is expected, after 'a (>= 1'"                               },
		{"a (>= 1-)",   "relation on 'a': '1-' is not a Debian version: the revision (after "
			      "the last '-') is empty (expected [epoch:]upstream[-revision])"},
		{"a []",        "f:7: relation ends where an architecture before ']' is expected, after "
			 "'a []'"								 },
		{"a <>",        "f:7: found '>' where a build profile is expected, near 'a <>'"                           },
		{"a:",          "f:7: relation ends where an architecture after ':' is expected, after "
		       "'a:'"								       },
		{"$x",          "f:7: found '$' where a package name is expected, near '$x'"                              },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) groups = NULL;
		g_autoptr(GError) error = NULL;
		const StrakeOrigin at = {.file = "f", .line = 7};

		g_assert_false(strake_deb_relations_parse(rows[i].text, at, &groups, &error));
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, rows[i].want);
		g_assert_null(groups);
	}
}

static void test_applies(void)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{"a",                    true },
		{"a [amd64]",            true },
		{"a [arm64]",            false},
		{"a [!amd64]",           false},
		{"a [!arm64]",           true },
		{"a [linux-any]",        true },
		{"a <!nocheck>",         true },
		{"a <cross>",            false},
		{"a <cross> <!nocheck>", true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) groups = NULL;
		const StrakeDebRelationGroup *group;

		g_assert_true(
			strake_deb_relations_parse(rows[i].text, (StrakeOrigin){0}, &groups, NULL));
		group = g_ptr_array_index(groups, 0);
		g_test_message("%s", rows[i].text);
		g_assert_cmpint(strake_deb_relation_applies(
					g_ptr_array_index(group->alternatives, 0), "amd64"),
			==, rows[i].want);
	}
}

static void test_names(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_deb_name_check("libstdc++6", &error));
	g_assert_false(strake_deb_name_check("../x", &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_assert_false(strake_deb_name_check("", NULL));
	g_assert_false(strake_deb_name_check("a/b", NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-control/stanzas", test_stanzas);
	g_test_add_func("/deb-control/refused", test_refused_stanzas);
	g_test_add_func("/deb-control/relations", test_relations);
	g_test_add_func("/deb-control/refused-relations", test_refused_relations);
	g_test_add_func("/deb-control/applies", test_applies);
	g_test_add_func("/deb-control/names", test_names);
	return g_test_run();
}
