// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The spec model: bytes in, the same bytes out; headers, tags, macros, nesting; edits.
#include <string.h>

#include "base/error.h"
#include "format/specfile.h"

static StrakeSpec *parse_size(const char *text, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, size);
	g_autoptr(GError) error = NULL;
	StrakeSpec *spec = strake_spec_parse(bytes, &error);

	g_assert_no_error(error);
	return spec;
}

static StrakeSpec *parse(const char *text)
{
	return parse_size(text, strlen(text));
}

static void assert_prints_size(StrakeSpec *spec, const char *want, size_t size)
{
	g_autoptr(GBytes) got = strake_spec_print(spec);

	g_assert_cmpmem(g_bytes_get_data(got, NULL), g_bytes_get_size(got), want, size);
}

static void assert_prints(StrakeSpec *spec, const char *want)
{
	g_autoptr(GBytes) got = strake_spec_print(spec);
	g_autofree char *text =
		g_strndup(g_bytes_get_data(got, NULL) != NULL ? g_bytes_get_data(got, NULL) : "",
			g_bytes_get_size(got));

	g_assert_cmpstr(text, ==, want);
}

static void test_lossless(void)
{
	static const struct {
		const char *text;
		size_t size;
		size_t lines;
	} rows[] = {
#define ROW(text, lines) {text, sizeof(text) - 1, lines}
		ROW("", 0),
		ROW("\n", 1),
		ROW("a", 1),
		ROW("a\r\nb\n", 2),
		ROW("a\r\r\nb\r", 2),
		ROW("Name: x\0y\n%build\n\0\0\n", 3),
		ROW("\xff\xfe%if\n\xc2\xa0%files\n%endif", 3),
		ROW("%if 1\n%files\n%else\n", 3),
		ROW("%endif\n%endif\n%if", 3),
		ROW("%global a \\\n b \\\n%files\n%{lua: x(", 4),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("row %zu", i);
		g_autoptr(StrakeSpec) spec = parse_size(rows[i].text, rows[i].size);
		g_assert_cmpuint(strake_spec_n_lines(spec), ==, rows[i].lines);
		assert_prints_size(spec, rows[i].text, rows[i].size);
		g_autoptr(StrakeSpec) copy = strake_spec_copy(spec);
		assert_prints_size(copy, rows[i].text, rows[i].size);
	}
}

static void test_headers(void)
{
	static const struct {
		const char *line, *name, *package; // name NULL: no header
	} rows[] = {
		{"%build",			    "%build",                  ""            },
		{"  %Build",                          "%Build",                  ""            },
		{"\xc2\xa0%build",                    "%build",                  ""            },
		{"#%build",                           NULL,                      NULL          },
		{"%buildx",                           NULL,                      NULL          },
		{"%package devel",                    "%package",                "devel"       },
		{"%package -n foo",                   "%package",                "foo"         },
		{"%package devel -n foo",             "%package",                "foo"         },
		{"%package -n",                       "%package",                ""            },
		{"%files -n %{name}-libs",            "%files",                  "%{name}-libs"},
		{"%files -f x.lang devel",            "%files",                  "devel"       },
		{"%description -l fr foo",            "%description",            "foo"         },
		{"%triggerin -- devel",               "%triggerin",              ""            },
		{"%triggerin devel -p /bin/sh -- x",  "%triggerin",              "devel"       },
		{"%filetriggerin -P 100 -- /usr/lib", "%filetriggerin",          ""            },
		{"%package -q",                       "%package",                ""            },
		{"%package -p tok",                   "%package",                ""            },
		{"%package -f tok",                   "%package",                ""            },
		{"%post -p /sbin/ldconfig",           "%post",                   ""            },
		{"%post libs -p /sbin/ldconfig",      "%post",                   "libs"        },
		{"%changelog devel",                  "%changelog",              ""            },
		{"%patchlist devel",                  "%patchlist",              ""            },
		{"%transfiletriggerpostun -n x -- y", "%transfiletriggerpostun", "x"           },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint8_t section;
		size_t size = strlen(rows[i].line);
		bool is = strake_spec_classify(rows[i].line, size, &section) == STRAKE_SPEC_HEADER;
		g_test_message("%s", rows[i].line);
		g_assert_cmpint(is, ==, rows[i].name != NULL);
		if (!is)
			continue;
		StrakeSpecSection header;
		strake_spec_header(rows[i].line, size, section, &header);
		g_autofree char *name = strake_spec_span_dup(header.name);
		g_autofree char *package = strake_spec_span_dup(header.package);
		g_assert_cmpstr(name, ==, rows[i].name);
		g_assert_cmpstr(package != NULL ? package : "", ==, rows[i].package);
	}
}

static void test_tags(void)
{
	static const struct {
		const char *line, *name, *value; // name NULL: no tag
	} rows[] = {
		{"Name: foo",           "Name",           "foo" },
		{"Name:foo",            "Name",           "foo" },
		{"  nAmE:\t foo \t",    "nAmE",           "foo" },
		{"Name:",               "Name",           ""    },
		{"Name:   ",            "Name",           ""    },
		{"Requires(post): a:b", "Requires(post)", "a:b" },
		{"# Name: old",         NULL,             NULL  },
		{"#Name: old",          NULL,             NULL  },
		{" # Name: old",        NULL,             NULL  },
		{" #Name: old",         "#Name",          "old" },
		{"%global x foo:bar",   NULL,             NULL  },
		{"%{foo:bar}",          "%{foo",          "bar}"},
		{": x",                 NULL,             NULL  },
		{"Name : x",            NULL,             NULL  },
		{"",                    NULL,             NULL  },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		StrakeSpecSpan name, value;
		bool is = strake_spec_tag(rows[i].line, strlen(rows[i].line), &name, &value);
		g_test_message("%s", rows[i].line);
		g_assert_cmpint(is, ==, rows[i].name != NULL);
		if (is) {
			g_assert_true(strake_spec_span_is(name, rows[i].name));
			g_assert_true(strake_spec_span_is(value, rows[i].value));
		}
	}
}

static void test_macros(void)
{
	static const struct {
		const char *line, *directive, *name, *options, *body;
	} rows[] = {
		{"%global foo 1 2 ",          "%global",     "foo",   "",      "1 2" },
		{"  %define foo(x:y) a \\",   "%define",     "foo",   "(x:y)", "a \\"},
		{"%bcond_with tests",         "%bcond_with", "tests", "",      ""    },
		{"%bcond tests %{x}",         "%bcond",      "tests", "",      "%{x}"},
		{"%{!?foo: %global foo bar}", "%global",     "foo",   "",      "bar" },
		{"%{!?foo:%define foo %{x}}", "%define",     "foo",   "",      "%{x}"},
		{"%undefine _x",              "%undefine",   "_x",    "",      ""    },
		{"%globalfoo 1",              NULL,          NULL,    NULL,    NULL  },
		{"%global",                   NULL,          NULL,    NULL,    NULL  },
		{"%{foo:bar}",                NULL,          NULL,    NULL,    NULL  },
		{"%{?foo}",                   NULL,          NULL,    NULL,    NULL  },
		{"#%global foo 1",            NULL,          NULL,    NULL,    NULL  },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		StrakeSpecMacro m;
		bool is = strake_spec_macro(rows[i].line, strlen(rows[i].line), &m);
		g_test_message("%s", rows[i].line);
		g_assert_cmpint(is, ==, rows[i].name != NULL);
		if (!is)
			continue;
		g_assert_true(strake_spec_span_is(m.directive, rows[i].directive));
		g_assert_true(strake_spec_span_is(m.name, rows[i].name));
		g_assert_true(strake_spec_span_is(m.options, rows[i].options));
		g_assert_true(strake_spec_span_is(m.body, rows[i].body));
	}
}

/* Which lines are continued, as a string of '.' and 'c'. */
static char *marks(StrakeSpec *spec)
{
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < strake_spec_n_lines(spec); i++)
		g_string_append_c(out, strake_spec_lines(spec)[i].continued ? 'c' : '.');
	return g_string_free(out, FALSE);
}

static void test_continued(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"%global a \\\n%if x\\\n%endif\\\nz\nName: x\n",   ".ccc." },
		{"%build\nmake \\\n%if x\n -j \\\n%endif\n",        "....." },
		{"%{lua:\n%files\nx({})\n}\nName: x\n",             ".ccc." },
		{"%{?x:\nName: y\n}\n",                             ".cc"   },
		{"%global x %{lua:\n{\n}\n}\nb\n",                  ".ccc." },
		{"%(echo\n)\n%[1 +\n2]\nx\n",                       ".c.c." },
		{"a %{never\nb\n%global x \\\ny\nz\n",              "...c." },
		{"a %%{x\nb\n",				     ".."    },
		{"# %{x\nb\n}\n",				   "..."   },
		{"%changelog\n- use %{x\n- more\n%files\n%{a\n}\n", ".....c"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeSpec) spec = parse(rows[i].text);
		g_autofree char *got = marks(spec);
		g_test_message("%s", rows[i].text);
		g_assert_cmpstr(got, ==, rows[i].want);
	}
}

static void test_sections(void)
{
	g_autoptr(StrakeSpec) spec = parse("Name: x\n"
					   "%global b \\\n"
					   "%files\\\n"
					   "end\n"
					   "%package devel\n"
					   "Summary: y\n"
					   "%prep\n");
	g_autoptr(GArray) flat = strake_spec_sections(spec, false);
	g_autoptr(GArray) real = strake_spec_sections(spec, true);
	g_autoptr(GArray) tags = strake_spec_tags(spec, real, true);

	g_assert_cmpuint(flat->len, ==, 3); // "%files\" is no header
	g_assert_cmpuint(real->len, ==, 3);
	const StrakeSpecSection *devel = &g_array_index(real, StrakeSpecSection, 1);
	g_assert_cmpuint(devel->start, ==, 4);
	g_assert_cmpuint(devel->end, ==, 6);
	g_assert_cmpuint(tags->len, ==, 2);
	g_assert_true(strake_spec_span_is(g_array_index(tags, StrakeSpecTag, 1).value, "y"));

	g_autoptr(StrakeSpec) body = parse("%global b \\\n%files \\\nend\n%prep\n");
	g_autoptr(GArray) flat2 = strake_spec_sections(body, false);
	g_autoptr(GArray) real2 = strake_spec_sections(body, true);
	g_assert_cmpuint(flat2->len, ==, 3);
	g_assert_cmpuint(real2->len, ==, 2);
}

static void test_conditionals(void)
{
	g_autoptr(StrakeSpec) spec = parse("%if a\n%ifarch b\n%else\n%endif\n%elif c\n%endif\n");
	gssize unpaired;
	g_autoptr(GArray) all = strake_spec_conditionals(spec, true, &unpaired);

	g_assert_cmpint(unpaired, ==, -1);
	g_assert_cmpuint(all->len, ==, 2);
	const StrakeSpecConditional *outer = &g_array_index(all, StrakeSpecConditional, 0);
	const StrakeSpecConditional *inner = &g_array_index(all, StrakeSpecConditional, 1);
	g_assert_cmpuint(outer->close, ==, 5);
	g_assert_cmpuint(inner->close, ==, 3);
	g_assert_cmpint(inner->parent, ==, 0);
	g_assert_cmpuint(g_array_index(outer->branches, size_t, 0), ==, 4);
	g_assert_cmpuint(g_array_index(inner->branches, size_t, 0), ==, 2);

	g_autoptr(StrakeSpec) open = parse("x\n%if a\n%if b\n%endif\n");
	g_autoptr(GArray) some = strake_spec_conditionals(open, true, &unpaired);
	g_assert_cmpint(unpaired, ==, 1);
	g_assert_cmpuint(some->len, ==, 1);
	g_assert_cmpint(g_array_index(some, StrakeSpecConditional, 0).parent, ==, -1);

	g_autoptr(StrakeSpec) shut = parse("%endif\n%if\n");
	g_autoptr(GArray) none = strake_spec_conditionals(shut, true, &unpaired);
	g_assert_cmpint(unpaired, ==, 0);
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_edits(void)
{
	static const struct {
		const char *before;
		StrakeSpecEdit edit;
		const char *after;
	} rows[] = {
		{"a\nb\n",     {1, 0, "x", 1},    "a\nx\nb\n"      },
		{"a\nb\n",     {2, 0, "x", 1},    "a\nb\nx\n"      },
		{"a\nb",       {2, 0, "x", 1},    "a\nb\nx"        },
		{"a\nb",       {1, 0, "x", 1},    "a\nx\nb"        },
		{"a\nb",       {1, 1, "x\ny", 3}, "a\nx\ny"        },
		{"a\r\nb\r\n", {1, 1, "x\ny", 3}, "a\r\nx\r\ny\r\n"},
		{"a\r\nb",     {2, 0, "x", 1},    "a\r\nb\r\nx"    },
		{"a\nb\n",     {0, 1, NULL, 0},   "b\n"            },
		{"a\nb\n",     {0, 2, NULL, 0},   ""               },
		{"",           {0, 0, "x", 1},    "x\n"            },
		{"a\n",        {0, 0, "", 0},     "\na\n"          },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeSpec) spec = parse(rows[i].before);
		g_test_message("row %zu", i);
		strake_spec_edit(spec, &rows[i].edit, 1);
		assert_prints(spec, rows[i].after);
	}

	g_autoptr(StrakeSpec) spec = parse("a\nb\nc\nd\n");
	const StrakeSpecEdit two[] = {
		{1, 1, "x",  1},
                {3, 1, NULL, 0}
        };
	g_autoptr(StrakeSpec) copy = strake_spec_copy(spec);
	strake_spec_edit(copy, two, 2);
	assert_prints(copy, "a\nx\nc\n");
	assert_prints(spec, "a\nb\nc\nd\n");
}

/* After any edit the marks are those of a fresh parse. */
static void test_edit_marks(void)
{
	g_autoptr(StrakeSpec) spec = parse("%global a \\\nb\nc\n%{x\ny\n}\nz\n");
	static const StrakeSpecEdit edits[] = {
		{1, 1, "b \\",        3 },
                {0, 1, "%global a b", 11},
                {5, 1, "w",           1 },
                {3, 1, NULL,          0 }
        };
	static const char *const want[] = {".cc.cc.", "....cc.", ".......", "......"};

	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		strake_spec_edit(spec, &edits[i], 1);
		g_autofree char *got = marks(spec);
		g_assert_cmpstr(got, ==, want[i]);
	}
}

static void test_normalise(void)
{
	g_autoptr(StrakeSpec) spec = parse("a\r\nb\r\r\nc\r");
	const StrakeSpecEdit edit = {0, 0, "n\r\nm", 4};

	strake_spec_normalise(spec);
	assert_prints(spec, "a\nb\r\nc\n");
	strake_spec_edit(spec, &edit, 1);
	assert_prints(spec, "n\r\nm\na\nb\r\nc\n");
	strake_spec_normalise(spec);
	assert_prints(spec, "n\nm\na\nb\nc\n"); // azldev drops one "\r" each time it reads
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/specfile/lossless", test_lossless);
	g_test_add_func("/specfile/headers", test_headers);
	g_test_add_func("/specfile/tags", test_tags);
	g_test_add_func("/specfile/macros", test_macros);
	g_test_add_func("/specfile/continued", test_continued);
	g_test_add_func("/specfile/sections", test_sections);
	g_test_add_func("/specfile/conditionals", test_conditionals);
	g_test_add_func("/specfile/edits", test_edits);
	g_test_add_func("/specfile/edit-marks", test_edit_marks);
	g_test_add_func("/specfile/normalise", test_normalise);
	return g_test_run();
}
