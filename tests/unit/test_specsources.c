// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Macro expansion, %if and the list of a spec's files.
#include <string.h>

#include "format/specsources.h"

static StrakeMacros *standard(void)
{
	StrakeMacros *m = strake_macros_new();

	strake_macros_define(m, "name", "demo");
	strake_macros_define(m, "version", "1.2~rc1");
	strake_macros_define(m, "lazy", "%{name}-%{later}");
	strake_macros_define(m, "later", "now");
	strake_macros_define(m, "with_x", "1");
	strake_macros_define(m, "loop", "%{loop}");
	strake_macros_define(m, "a", "%{b}%{b}%{b}%{b}%{b}%{b}%{b}%{b}%{b}%{b}");
	strake_macros_define(m, "b", "%{c}%{c}%{c}%{c}%{c}%{c}%{c}%{c}%{c}%{c}");
	strake_macros_define(m, "c", "%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}");
	strake_macros_define(m, "d", "%{e}%{e}%{e}%{e}%{e}%{e}%{e}%{e}%{e}%{e}");
	strake_macros_define(m, "e", "%{nil}%{nil}%{nil}%{nil}%{nil}%{nil}%{nil}%{nil}%{nil}");
	strake_macros_define_unknown(m, "dark");
	return m;
}

static void test_expand(void)
{
	static const struct {
		const char *text, *want;
		bool complete;
	} rows[] = {
		{"plain", "plain", true},
		{"%name-%{name}", "demo-demo", true},
		{"%%{name} 100%", "%{name} 100%", true},
		{"%{lazy}", "demo-now", true},
		{"%{?name}%{?none}%{!?name:x}%{!?none:y}", "demoy", true},
		{"%{?name:<%{name}>}", "<demo>", true},
		{"%{?name:a{b}c}", "a{b}c", true},
		{"%?name %?none|", "demo |", true},
		{"%{none}", "%{none}", false},
		{"%none-", "%none-", false},
		{"%{dark}%{?dark}", "%{dark}%{?dark}", false},
		{"%(echo x)", "%(echo x)", false},
		{"%{lua: print(1)}", "%{lua: print(1)}", false},
		{"%{never", "%{never", false},
		{"%{lower:ABC}%{upper:%{name}}", "abcDEMO", true},
		{"%{basename:a/b.c}%{suffix:a/b.c}", "b.cc", true},
		{"%{version_no_tilde}", "1.2-rc1", true},
		{"%{with x}%{with y}%{without x}%{with:x}", "1001", true},
		{"%with x", "1", true},
		{"%{defined name}%{undefined name}", "10", true},
		{"%[1 + 2 * 3]", "7", true},
		{"%[\"%{name}\" == \"demo\" ? \"y\" : \"n\"]", "y", true},
		{"%[%{none}]", "%[%{none}]", false},
		{"%{nil}x", "x", true},
	};
	g_autoptr(StrakeMacros) m = standard();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool complete;
		g_autofree char *got =
			strake_macros_expand(m, rows[i].text, strlen(rows[i].text), &complete);
		g_test_message("%s", rows[i].text);
		g_assert_cmpstr(got, ==, rows[i].want);
		g_assert_cmpint(complete, ==, rows[i].complete);
	}
}

static void test_hostile(void)
{
	static const char *const rows[] = {"%{loop}", "%{a}%{a}%{a}%{a}"};
	g_autoptr(StrakeMacros) m = standard();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		bool complete;
		g_autofree char *got = strake_macros_expand(m, rows[i], strlen(rows[i]), &complete);
		g_assert_nonnull(got);
		g_assert_false(complete);
	}
}

static void test_if(void)
{
	static const struct {
		const char *text;
		StrakeTruth want;
	} rows[] = {
		{"1", STRAKE_YES},
		{"0", STRAKE_NO},
		{"0%{?none}", STRAKE_NO},
		{"0%{?with_x}", STRAKE_YES},
		{"%{with x} && !%{with y}", STRAKE_YES},
		{"0 || (1 && 0)", STRAKE_NO},
		{"\"a\" != \"b\"", STRAKE_YES},
		{"3 >= 4", STRAKE_NO},
		{"!!5", STRAKE_YES},
		{"-1 < 0", STRAKE_YES},
		{"\"\"", STRAKE_NO},
		{"%{none}", STRAKE_MAYBE},
		{"1 ==", STRAKE_MAYBE},
		{"1 == \"1\"", STRAKE_MAYBE},
		{"1/0", STRAKE_MAYBE},
		{"", STRAKE_MAYBE},
		{"99999999999999999999", STRAKE_MAYBE},
		{"v\"1\" < v\"2\"", STRAKE_MAYBE},
	};
	g_autoptr(StrakeMacros) m = standard();

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].text);
		g_assert_cmpint(strake_macros_test(m, rows[i].text, strlen(rows[i].text)), ==,
			rows[i].want);
	}
}

static void test_files(void)
{
	static const struct {
		const char *spec, *want; // names, "?" where something is left, blanks between
	} rows[] = {
		{"Name: a\nVersion: 1\nSource0: https://x/%{name}-%{version}.tar.gz\nPatch: p\n",
			"a-1.tar.gz p"},
		{"Source: https://x/y#/z.tar\nsource12: q\nSourceDir: no\nSource%{n}: no\n",
			"z.tar q"},
		{"%global commit abc\n%global short %{commit}1\nSource0: x-%{short}.tgz\n",
			"x-abc1.tgz"},
		{"%define v 1\nSource0: %{v}\n%define v 2\nSource1: %{v}\n", "1 2"},
		{"%if 0\nSource0: a\n%else\nSource0: b\n%endif\n", "b"},
		{"%ifarch x86_64\nSource0: a\n%else\nSource0: b\n%endif\n", "a b"},
		{"%if 0%{?fedora}\nSource0: a\n%elif 1\nSource0: b\n%else\nSource0: c\n%endif\n",
			"b"},
		{"%ifarch x\n%global a 1\n%else\n%global a 2\n%endif\nSource0: %{a}\n", "%{a}?"},
		{"%ifarch x\n%global a 1\n%endif\nSource0: %{a}\n", "1"},
		{"%bcond_with t\n%if %{with t}\nSource0: a\n%endif\nSource1: b\n", "b"},
		{"%bcond_without t\n%if %{with t}\nSource0: a\n%endif\n", "a"},
		{"%bcond t 1\n%if %{with t}\nSource0: a\n%endif\n", "a"},
		{"%{!?v: %global v 3}\nSource0: %{v}\n", "3"},
		{"%global v %{lua: print(1)}\nSource0: %{v}\n", "%{lua: print(1)}?"},
		{"%global f() x\nSource0: %{f}\n", "%{f}?"},
		{"%global b \\\nSource9: no\nSource0: a\n", "a"},
		{"Name: a\n%package x\nName: b\nSource1: %{name}\n", "a"},
		{"Name: a\n%sourcelist\n%{name}.tar\n# no\n\n%patchlist\n p1 \nd/p2\n%prep\np3\n",
			"a.tar p1 p2"},
		{"%if 1\nSource0: a\n", "a"},
		{"%endif\n%else\nSource0: a\n", "a"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new(rows[i].spec, strlen(rows[i].spec));
		g_autoptr(StrakeSpec) spec = strake_spec_parse(bytes, NULL);
		g_autoptr(StrakeMacros) macros = strake_macros_new();
		g_autoptr(GArray) files = strake_spec_files(spec, macros);
		g_autoptr(GString) got = g_string_new(NULL);
		for (guint f = 0; f < files->len; f++) {
			const StrakeSpecFile *file = &g_array_index(files, StrakeSpecFile, f);
			g_string_append_printf(got, "%s%s%s", f > 0 ? " " : "", file->file,
				file->complete ? "" : "?");
		}
		g_test_message("%s", rows[i].spec);
		g_assert_cmpstr(got->str, ==, rows[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/specmacro/expand", test_expand);
	g_test_add_func("/specmacro/hostile", test_hostile);
	g_test_add_func("/specmacro/if", test_if);
	g_test_add_func("/specsources/files", test_files);
	return g_test_run();
}
