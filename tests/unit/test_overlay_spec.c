// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Spec overlays one by one: azldev's output byte for byte, the preserving style, and failures.
#include <string.h>

#include "base/error.h"
#include "overlay/apply.h"

// Overlays own their strings; those of the tables are literals.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
#endif

#define ADD .type = STRAKE_OVERLAY_SPEC_ADD_TAG
#define INSERT .type = STRAKE_OVERLAY_SPEC_INSERT_TAG
#define UPDATE .type = STRAKE_OVERLAY_SPEC_UPDATE_TAG
#define SET .type = STRAKE_OVERLAY_SPEC_SET_TAG
#define REMOVE .type = STRAKE_OVERLAY_SPEC_REMOVE_TAG
#define PREPEND .type = STRAKE_OVERLAY_SPEC_PREPEND_LINES
#define APPEND .type = STRAKE_OVERLAY_SPEC_APPEND_LINES
#define REPLACE .type = STRAKE_OVERLAY_SPEC_SEARCH_REPLACE
#define DROP .type = STRAKE_OVERLAY_SPEC_REMOVE_SECTION
#define DROP_PKG .type = STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE
#define SET_MACRO .type = STRAKE_OVERLAY_SPEC_SET_MACRO
#define REMOVE_MACRO .type = STRAKE_OVERLAY_SPEC_REMOVE_MACRO
#define PATCH_ADD .type = STRAKE_OVERLAY_PATCH_ADD
#define PATCH_REMOVE .type = STRAKE_OVERLAY_PATCH_REMOVE
#define LINES(...)                                                                                 \
	.lines = (char *[])                                                                        \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define SOURCE9999 INSERT, .tag = "Source9999", .value = "m"

typedef struct {
	const char *name;
	StrakeOverlay overlay;
	const char *before;
	const char *want; // the spec after, or a part of the error's message
} Row;

static StrakeSpec *parse(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return strake_spec_parse(bytes, NULL);
}

static char *print(const StrakeSpec *spec)
{
	g_autoptr(GBytes) bytes = strake_spec_print(spec);

	return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static void run_good(const Row *rows, size_t n, StrakeOverlayStyle style)
{
	for (size_t i = 0; i < n; i++) {
		g_autoptr(StrakeSpec) spec = parse(rows[i].before);
		g_autoptr(GError) error = NULL;
		bool ok;
		g_test_message("%s", rows[i].name);
		ok = strake_overlay_apply_spec(spec, &rows[i].overlay, style, &error);
		g_assert_no_error(error);
		g_assert_true(ok);
		g_autofree char *got = print(spec);
		g_assert_cmpstr(got, ==, rows[i].want);
	}
}

static void run_bad(const Row *rows, size_t n, StrakeOverlayStyle style)
{
	for (size_t i = 0; i < n; i++) {
		g_autoptr(StrakeSpec) spec = parse(rows[i].before);
		g_autoptr(GError) error = NULL;
		g_test_message("%s", rows[i].name);
		g_assert_false(strake_overlay_apply_spec(spec, &rows[i].overlay, style, &error));
		g_assert_nonnull(error);
		g_test_message("%s", error->message);
		g_assert_nonnull(strstr(error->message, rows[i].want));
		g_autofree char *got = print(spec);
		g_assert_cmpstr(got, ==, rows[i].before);
	}
}

// clang-format off
static const Row azldev_tags[] = {
	{"add goes directly before the next header", {ADD, .tag = "BuildRequires", .value = "gcc"},
		"Name:    a\n\n%description\nx\n",
		"Name:    a\n\nBuildRequires: gcc\n%description\nx\n"},
	{"add lands inside an %if that opens before the header",
		{ADD, .tag = "Patch0", .value = "p"}, "Name: a\n\n%if 1\n%description\n%endif\n",
		"Name: a\n\n%if 1\nPatch0: p\n%description\n%endif\n"},
	{"add does not look whether the tag exists", {ADD, .tag = "Name", .value = "b"},
		"Name: a\n", "Name: a\nName: b\n"},
	{"add to an empty spec", {ADD, .tag = "Name", .value = "b"}, "", "Name: b\n"},
	{"add to a sub-package", {ADD, .tag = "Requires", .value = "x", .package = "devel"},
		"Name: a\n%package devel\nSummary: s\n\n%files devel\n",
		"Name: a\n%package devel\nSummary: s\n\nRequires: x\n%files devel\n"},
	{"add to both of two equal sub-packages", {ADD, .tag = "R", .value = "x", .package = "d"},
		"%if 1\n%package d\na: b\n%else\n%package d\n%endif\n",
		"%if 1\n%package d\na: b\n%else\nR: x\n%package d\n%endif\nR: x\n"},
	{"add makes LF and a final newline", {ADD, .tag = "A", .value = "b"},
		"Name: a\r\n%prep\r\nx", "Name: a\nA: b\n%prep\nx\n"},
	{"add with an empty value", {ADD, .tag = "A", .value = ""}, "%prep\n", "A: \n%prep\n"},

	{"insert after the last of the family", {SOURCE9999},
		"Name: a\nSource0: x\nBuildRequires: y\n%prep\n",
		"Name: a\nSource0: x\nSource9999: m\nBuildRequires: y\n%prep\n"},
	{"insert after a bare Source", {SOURCE9999}, "Source: x\nBuildRequires: y\n",
		"Source: x\nSource9999: m\nBuildRequires: y\n"},
	{"insert before a later macro line", {SOURCE9999},
		"Name: a\nSource0: x\n\n%fontpkg -a\n\n%prep\n",
		"Name: a\nSource0: x\nSource9999: m\n\n%fontpkg -a\n\n%prep\n"},
	{"insert not into a later %if", {SOURCE9999},
		"Source0: x\n%if 1\nBuildRequires: y\n%endif\n%prep\n",
		"Source0: x\nSource9999: m\n%if 1\nBuildRequires: y\n%endif\n%prep\n"},
	{"insert after the %endif when the last is inside", {SOURCE9999},
		"Source0: x\n%if 1\nSource1: y\n%endif\nA: b\n%prep\n",
		"Source0: x\n%if 1\nSource1: y\n%endif\nSource9999: m\nA: b\n%prep\n"},
	{"insert after the outer %endif when nested", {SOURCE9999},
		"%if 1\n%ifarch z\nSource1: y\n%endif\nC: d\n%endif\nA: b\n",
		"%if 1\n%ifarch z\nSource1: y\n%endif\nC: d\n%endif\nSource9999: m\nA: b\n"},
	{"insert stays when the %endif is beyond the section", {SOURCE9999},
		"%if 1\nSource1: y\nA: b\n%prep\n%endif\n",
		"%if 1\nSource1: y\nSource9999: m\nA: b\n%prep\n%endif\n"},
	{"insert after the last tag of any kind", {SOURCE9999},
		"Name: a\nBuildRequires: y\n\n%prep\n",
		"Name: a\nBuildRequires: y\nSource9999: m\n\n%prep\n"},
	{"insert into an empty spec", {SOURCE9999}, "", "Source9999: m\n"},
	{"insert where there is no tag at all", {SOURCE9999}, "# c\n%prep\n",
		"# c\nSource9999: m\n%prep\n"},
	{"insert into a sub-package by -n",
		{INSERT, .tag = "Requires", .value = "r", .package = "x"},
		"Name: a\nRequires: q\n%package -n x\nSummary: s\nRequires: p\nGroup: g\n%prep\n",
		"Name: a\nRequires: q\n%package -n x\nSummary: s\nRequires: p\nRequires: r\nGroup: "
		"g\n%prep\n"},
	{"insert counts depth from the start of the file",
		{INSERT, .tag = "R", .value = "r", .package = "x"},
		"%if 1\n%package x\nR: p\n%endif\n%prep\n",
		"%if 1\n%package x\nR: p\n%endif\nR: r\n%prep\n"},

	{"update takes the caller's spelling", {SET, .tag = "Name", .value = "value"},
		"nAmE:   old\n", "Name: value\n"},
	{"update changes all, in all branches", {UPDATE, .tag = "V", .value = "2"},
		"%if 1\nV:  1\n%else\n  v: 3 \n%endif\n%package x\nV: 9\n",
		"%if 1\nV: 2\n%else\nV: 2\n%endif\n%package x\nV: 9\n"},
	{"update in a sub-package only", {UPDATE, .tag = "V", .value = "2", .package = "x"},
		"V: 1\n%package x\nV: 9\n", "V: 1\n%package x\nV: 2\n"},
	{"a comment is not a tag", {SET, .tag = "Name", .value = "n"}, "# Name: old\n",
		"# Name: old\nName: n\n"},
	{"a tag-like line of a script is no tag", {SET, .tag = "a", .value = "n"}, "%build\na: b\n",
		"a: n\n%build\na: b\n"},
	{"qualified tags are tags of their own", {UPDATE, .tag = "requires(post)", .value = "n"},
		"Requires: a\nRequires(post): b\n", "Requires: a\nrequires(post): n\n"},

	{"remove all of that name", {REMOVE, .tag = "a"}, "A: 1\nB: 2\na: 3\n", "B: 2\n"},
	{"remove by value in any case", {REMOVE, .tag = "A", .value = "gcc-C++"},
		"A: GCC-c++ \nA: make\n", "A: make\n"},
	{"remove by value beyond ASCII", {REMOVE, .tag = "A", .value = "\xc3\x84"}, "A: \xc3\xa4\n",
		""},
	{"remove the last", {REMOVE, .tag = "A"}, "A: 1", ""},
};

static const Row azldev_lines[] = {
	{"prepend without a section: top of the file", {PREPEND, LINES("x", "y")}, "a\n",
		"x\ny\na\n"},
	{"prepend to an empty spec", {PREPEND, LINES("x")}, "", "x\n"},
	{"prepend to a spec that begins with a header", {PREPEND, LINES("x")}, "%prep\n",
		"x\n%prep\n"},
	{"prepend right after the header of each", {PREPEND, .section = "%prep", LINES("x")},
		"%prep\na\n%prep\n", "%prep\nx\na\n%prep\nx\n"},
	{"prepend to a package's section",
		{PREPEND, .section = "%files", .package = "%{name}-libs", LINES("x")},
		"%files\na\n%files -n %{name}-libs\nb\n",
		"%files\na\n%files -n %{name}-libs\nx\nb\n"},
	{"append without a section: end of the file", {APPEND, LINES("x")}, "a\n%prep",
		"a\n%prep\nx\n"},
	{"append before the next header", {APPEND, .section = "%build", LINES("x", "y")},
		"%build\na\n\n%install\nb\n", "%build\na\n\nx\ny\n%install\nb\n"},
	{"append lands in the neighbour's %if", {APPEND, .section = "%build", LINES("x")},
		"%build\na\n\n%if 1\n%check\nb\n%endif\n",
		"%build\na\n\n%if 1\nx\n%check\nb\n%endif\n"},
	{"append to the last section", {APPEND, .section = "%build", LINES("x")}, "%build\na",
		"%build\na\nx\n"},
	{"append to each of two", {APPEND, .section = "%files", LINES("x")},
		"%files\n%files\na\n%prep\n", "%files\nx\n%files\na\nx\n%prep\n"},
	{"several lines in one string", {APPEND, .section = "%build", LINES("x\ny")}, "%build\n",
		"%build\nx\ny\n"},

	{"replace is literal", {REPLACE, .regex = "a(b)", .replacement = "\\1$1"}, "xabab\n",
		"x\\1$1\\1$1\n"},
	{"replace with groups", {REPLACE, .regex = "a(b)", .replacement = "\\1", .expand = true},
		"xabab\n", "xbb\n"},
	{"replace is line by line", {REPLACE, .regex = "^a$", .replacement = "b"}, "a\na b\na\n",
		"b\na b\nb\n"},
	{"replace can make lines", {REPLACE, .regex = "b", .replacement = "x\ny"}, "abc\n",
		"ax\nyc\n"},
	{"replace touches comments, not headers", {REPLACE, .regex = "build", .replacement = "X"},
		"# build\n%build\nbuild\n", "# X\n%build\nX\n"},
	{"replace in one section", {REPLACE, .section = "%build", .regex = "a", .replacement = "b"},
		"a\n%build\na\n%prep\na\n", "a\n%build\nb\n%prep\na\n"},
	{"replace in one package",
		{REPLACE, .section = "%files", .package = "x", .regex = "a", .replacement = "b"},
		"%files\na\n%files x\na\n%files -n x\na\n",
		"%files\na\n%files x\nb\n%files -n x\nb\n"},
	{"replace in all sections of a package",
		{REPLACE, .package = "x", .regex = "a", .replacement = "b"},
		"a\n%files x\na\n%post x\na\n%post\na\n", "a\n%files x\nb\n%post x\nb\n%post\na\n"},
	{"replace goes on in the section that it made",
		{REPLACE, .section = "%build", .regex = "^(cut|a)$", .replacement = "%files"},
		"%build\ncut\na\n", "%build\n%files\na\n"},
	{"replace takes new lines for one",
		{REPLACE, .section = "%build", .regex = "^a$", .replacement = "x\n%files"},
		"%build\na\na\n", "%build\nx\n%files\nx\n%files\n"},
	{"replace to nothing leaves the line", {REPLACE, .regex = "a", .replacement = ""}, "a\n",
		"\n"},
	{"replace an empty match", {REPLACE, .regex = "^", .replacement = "#"}, "a\nb\n",
		"#a\n#b\n"},
	{"replace bytes that are not UTF-8", {REPLACE, .regex = "^.x$", .replacement = "y"},
		"\xffx\n", "y\n"},
	{"replace with a count", {REPLACE, .regex = "a", .replacement = "b", .count = 3}, "aa\na\n",
		"bb\nb\n"},
	{"anchor: before the first", {PREPEND, .section = "%build", .before = "^make", LINES("x")},
		"%build\nmake 1\nmake 2\n", "%build\nx\nmake 1\nmake 2\n"},
	{"anchor: after the last", {APPEND, .section = "%build", .after = "^make", LINES("x")},
		"%build\nmake 1\nmake 2\nz\n", "%build\nmake 1\nmake 2\nx\nz\n"},
	{"anchor: after a whole continued definition", {APPEND, .after = "%global a", LINES("x")},
		"%global a \\\n b\nc\n", "%global a \\\n b\nx\nc\n"},
};

static const Row azldev_sections[] = {
	{"remove at the end", {DROP, .section = "%files"}, "%build\na\n%files\nb\n", "%build\na\n"},
	{"remove in the middle", {DROP, .section = "%check"}, "%build\n%check\na\n\n%files\n",
		"%build\n%files\n"},
	{"remove both of two", {DROP, .section = "%files"}, "%files\na\n%prep\n%files\nb\n",
		"%prep\n"},
	{"remove by package", {DROP, .section = "%files", .package = "d"},
		"%files\na\n%files d\nb\n", "%files\na\n"},
	{"an empty wrapper is left", {DROP, .section = "%check"},
		"%build\n%if 1\n%check\na\n%endif\n%files\n", "%build\n%if 1\n%endif\n%files\n"},
	{"the neighbour's %if is kept", {DROP, .section = "%check"},
		"%check\na\n\n%if 0\n%files\n%endif\n", "%if 0\n%files\n%endif\n"},
	{"nested wrappers", {DROP, .section = "%check"},
		"%if 1\n%if 2\n%check\na\n%endif\n%endif\n%files\n",
		"%if 1\n%if 2\n%endif\n%endif\n%files\n"},
	{"%endif, then %if of the neighbour", {DROP, .section = "%check"},
		"%if 1\n%check\na\n%endif\n\n# c\n%if 2\n%files\n%endif\n",
		"%if 1\n%endif\n\n# c\n%if 2\n%files\n%endif\n"},
	{"what is wholly inside goes too", {DROP, .section = "%check"},
		"%check\n%if 1\na\n%else\nb\n%endif\n%files\n", "%files\n"},
	{"sub-package: all its sections, not the main %files", {DROP_PKG, .package = "d"},
		"Name: a\n%package d\nx\n%description d\ny\n%files\nm\n%files d\nz\n%post d\nw\n"
		"%triggerin d -- q\n",
		"Name: a\n%files\nm\n"},
	{"sub-package by -n is another identity", {DROP_PKG, .package = "d"},
		"%package d\nx\n%package -n a-d\ny\n", "%package -n a-d\ny\n"},
};

static const Row azldev_patches[] = {
	{"next number", {PATCH_ADD, .source = "/x/p.patch"},
		"Patch0: a\nPatch5: b\nPatch1: c\n%prep\n",
		"Patch0: a\nPatch5: b\nPatch1: c\nPatch6: p.patch\n%prep\n"},
	{"first number", {PATCH_ADD, .source = "/x/p", .file = "q"}, "A: b\n", "A: b\nPatch0: q\n"},
	{"bare ones count", {PATCH_ADD, .file = "q"}, "Patch: a\npatch: b\n",
		"Patch: a\npatch: b\nPatch2: q\n"},
	{"bare and numbered", {PATCH_ADD, .file = "q"}, "Patch: a\nPatch0: b\n",
		"Patch: a\nPatch0: b\nPatch1: q\n"},
	{"any case", {PATCH_ADD, .file = "q"}, "PATCH3: a\n", "PATCH3: a\nPatch4: q\n"},
	{"sub-packages count", {PATCH_ADD, .file = "q"}, "A: b\n%package x\nPatch7: a\n",
		"A: b\nPatch8: q\n%package x\nPatch7: a\n"},
	{"macros in numbers do not", {PATCH_ADD, .file = "q"}, "Patch%{n}: a\n",
		"Patch%{n}: a\nPatch0: q\n"},
	{"a patch list is used", {PATCH_ADD, .file = "q"}, "Patch3: a\n%patchlist\nb\n\n%prep\n",
		"Patch3: a\n%patchlist\nb\n\nq\n%prep\n"},
	{"remove by glob", {PATCH_REMOVE, .file = "CVE-*"},
		"Patch0: CVE-1.patch\nPatch1: x\nSource0: CVE-2\n%package y\npatch9: CVE-3\n",
		"Patch1: x\nSource0: CVE-2\n%package y\n"},
	{"remove from both", {PATCH_REMOVE, .file = "*"},
		"Patch0: a\nPatch: b\n%patchlist\n  c \n\nsub/d\n%prep\ne\n",
		"Patch: b\n%patchlist\n\nsub/d\n%prep\ne\n"},
};

static const Row macros[] = {
	{"global", {SET_MACRO, .name = "a", .value = "2"}, "%global  a   1 \n%global ab 1\n",
		"%global  a   2 \n%global ab 1\n"},
	{"define with options", {SET_MACRO, .name = "a", .value = "2"}, "%define a() 1\n",
		"%define a() 2\n"},
	{"a body over lines", {SET_MACRO, .name = "a", .value = "2"},
		"%global a x \\\n y \\\n z\nb\n", "%global a 2\nb\n"},
	{"a new body over lines", {SET_MACRO, .name = "a", .value = "x \\\ny"}, "%global a 1\n",
		"%global a x \\\ny\n"},
	{"guarded", {SET_MACRO, .name = "a", .value = "2"}, "%{!?a: %global a 1}\n",
		"%{!?a: %global a 2}\n"},
	{"bcond", {SET_MACRO, .name = "t", .value = "0"}, "%bcond t 1\n", "%bcond t 0\n"},
	{"bcond_with on", {SET_MACRO, .name = "t", .value = "1"}, "%bcond_with t # c\n",
		"%bcond_without t # c\n"},
	{"bcond_without off", {SET_MACRO, .name = "t", .value = "off"}, "%bcond_without t\n",
		"%bcond_with t\n"},
	{"in all branches", {SET_MACRO, .name = "a", .value = "2"},
		"%if 1\n%global a 1\n%else\n%define a 3\n%endif\n",
		"%if 1\n%global a 2\n%else\n%define a 2\n%endif\n"},
	{"remove", {REMOVE_MACRO, .name = "a"}, "x\n%global a x \\\n y\nb\n%undefine a\n",
		"x\nb\n%undefine a\n"},
};

static const Row preserving[] = {
	{"update keeps the columns", {UPDATE, .tag = "name", .value = "b"},
		"Name:           a  \nV: 1\n", "Name:           b  \nV: 1\n"},
	{"update keeps CRLF and a missing newline", {UPDATE, .tag = "V", .value = "2"},
		"N: a\r\nV:\t1", "N: a\r\nV:\t2"},
	{"update of an empty value", {UPDATE, .tag = "V", .value = "2"}, "N:   a\nV:\n",
		"N:   a\nV:   2\n"},
	{"update of a value over lines", {UPDATE, .tag = "V", .value = "2"},
		"V: %{lua:\nprint(1)\n}\nN: a\n", "V: 2\nN: a\n"},
	{"add aligns and stays before the blank line", {ADD, .tag = "BuildRequires", .value = "g"},
		"Name:           a\nVersion:        1\n\n%description\n",
		"Name:           a\nVersion:        1\nBuildRequires:  g\n\n%description\n"},
	{"add stays out of the neighbour's %if", {ADD, .tag = "P", .value = "p"},
		"N: a\n\n# sub\n%if 1\n%description\n%endif\n",
		"N: a\nP: p\n\n# sub\n%if 1\n%description\n%endif\n"},
	{"add copies tabs", {ADD, .tag = "P", .value = "p"}, "N:\t\ta\n%prep\n",
		"N:\t\ta\nP:\t\tp\n%prep\n"},
	{"add inside of its own wrapper", {ADD, .tag = "R", .value = "x", .package = "d"},
		"%if 1\n%package d\nS: b\n%endif\n\n%package e\n",
		"%if 1\n%package d\nS: b\nR: x\n%endif\n\n%package e\n"},
	{"insert after the %endif of its section",
		{INSERT, .tag = "R", .value = "r", .package = "x"},
		"%if 1\n%package x\n%if 2\nR: p\n%endif\nZ: z\n%endif\n%prep\n",
		"%if 1\n%package x\n%if 2\nR: p\n%endif\nR: r\nZ: z\n%endif\n%prep\n"},
	{"append before blank lines and the neighbour's %if",
		{APPEND, .section = "%build", LINES("x")},
		"%build\na\n\n%if 1\n%check\nb\n%endif\n",
		"%build\na\nx\n\n%if 1\n%check\nb\n%endif\n"},
	{"append behind its own conditional", {APPEND, .section = "%build", LINES("x")},
		"%build\n%if 1\na\n%endif\n\n%check\n", "%build\n%if 1\na\n%endif\nx\n\n%check\n"},
	{"append before %else of a wrapper", {APPEND, .section = "%files", LINES("x")},
		"%if 1\n%files\na\n%else\n%files\nb\n%endif\n",
		"%if 1\n%files\na\nx\n%else\n%files\nb\nx\n%endif\n"},
	{"append keeps CRLF", {APPEND, .section = "%build", LINES("x", "y")}, "%build\r\na\r\n",
		"%build\r\na\r\nx\r\ny\r\n"},
	{"append keeps a missing final newline", {APPEND, LINES("x")}, "a\nb", "a\nb\nx"},
	{"replace keeps other lines' ends", {REPLACE, .regex = "b", .replacement = "x\ny"},
		"a\r\nb\r\nc", "a\r\nx\r\ny\r\nc"},
	{"a header in a macro body is none", {APPEND, .section = "%files", LINES("x")},
		"%global b \\\n%files \\\nend\n%files\na\n",
		"%global b \\\n%files \\\nend\n%files\na\nx\n"},
	{"directives in a macro body do not stop removal", {DROP, .section = "%check"},
		"%global b \\\n%if 1 \\\nend\n%check\na\n%files\n",
		"%global b \\\n%if 1 \\\nend\n%files\n"},
	{"a patch goes to its family", {PATCH_ADD, .file = "q"},
		"Source0:  s\nPatch0:   p\n\nR:        r\n\n%prep\n",
		"Source0:  s\nPatch0:   p\nPatch1:   q\n\nR:        r\n\n%prep\n"},
	{"remove a tag over lines", {REMOVE, .tag = "V"}, "A: b\r\nV: %{lua:\nprint(1)\n}\nN: a",
		"A: b\r\nN: a"},
	{"remove by value keeps the rest", {REMOVE, .tag = "A", .value = "X"},
		"A:\tx\r\nA:\ty\r\n", "A:\ty\r\n"},
	{"set adds in the file's manner", {SET, .tag = "URL", .value = "u"},
		"Name:     a\r\n\r\n%prep\r\n", "Name:     a\r\nURL:      u\r\n\r\n%prep\r\n"},
	{"add to a section of comments only", {ADD, .tag = "A", .value = "b"}, "# c\n%prep\n",
		"A: b\n# c\n%prep\n"},
	{"add to an empty spec", {ADD, .tag = "A", .value = "b"}, "", "A: b\n"},
	{"prepend below the header", {PREPEND, .section = "%prep", LINES("x")},
		"%prep\r\na", "%prep\r\nx\r\na"},
	{"prepend without a section", {PREPEND, LINES("x")}, "a\r\nb", "x\r\na\r\nb"},
	{"append to text keeps its comment-like end", {APPEND, .section = "%description",
		LINES("x")}, "%description\na\n# b\n\n%prep\n",
		"%description\na\n# b\nx\n\n%prep\n"},
	{"append at the end of the file", {APPEND, .section = "%prep", LINES("x")},
		"%prep\na\n# b\n\n", "%prep\na\n# b\nx\n\n"},
	{"replace inside of bytes", {REPLACE, .regex = "b", .replacement = "c"},
		"\xff" "b\r\nb", "\xff" "c\r\nc"},
	{"remove a wrapped section", {DROP, .section = "%check"},
		"%if 1\r\n%check\r\na\r\n%endif\r\n%files\r\n", "%if 1\r\n%endif\r\n%files\r\n"},
	{"an unpaired directive elsewhere does not matter", {DROP, .section = "%check"},
		"%endif\n%check\na\n%files\n", "%endif\n%files\n"},
	{"remove a sub-package", {DROP_PKG, .package = "d"},
		"%package d\nA: b\n%files\n%files d\nx", "%files\n"},
	{"remove a patch", {PATCH_REMOVE, .file = "a*"}, "Patch0: ab\r\nPatch1: b\r\n",
		"Patch1: b\r\n"},
	{"a patch list", {PATCH_ADD, .file = "q"}, "%patchlist\na\n\n%prep\n",
		"%patchlist\na\nq\n\n%prep\n"},
};

static const Row preserving_failures[] = {
	{"an unpaired directive inside", {DROP, .section = "%check"}, "%check\na\n%if 1\nb\n%files\n",
		"line 3 has an %if without its partner"},
	{"a directive of a macro body is no partner", {DROP, .section = "%check"},
		"%check\n%if 1\nb\n%files\n%global x \\\n%endif \\\n", "line 2 has an %if"},
	{"nothing changes on failure", {UPDATE, .tag = "A", .value = "b"}, "B: c\r\n%prep",
		"no tag 'A'"},
};

static const Row failures[] = {
	{"update", {UPDATE, .tag = "Versoin", .value = "1"}, "Name: a\nVersion: 1\n",
		"no tag 'Versoin' in the main package; nearest is line 2: 'Version: 1'"},
	{"update in a package without it", {UPDATE, .tag = "V", .value = "1", .package = "x"},
		"V: 1\n%package x\nS: t\n", "line 1 has one, of package the main one"},
	{"package absent", {SET, .tag = "V", .value = "1", .package = "devl"},
		"Name: a\n%package devel\n",
		"no section %package of package 'devl'; nearest is line "
		"2: '%package devel'"},
	{"add to an absent package", {ADD, .tag = "V", .value = "1", .package = "x"}, "Name: a\n",
		"no section %package of package 'x'"},
	{"insert into an absent package", {INSERT, .tag = "V", .value = "1", .package = "x"},
		"Name: a\n", "no section %package of package 'x'"},
	{"remove with another value", {REMOVE, .tag = "BuildRequires", .value = "gc"},
		"BuildRequires: gcc\n",
		"has the value 'gc'; nearest is line 1: 'BuildRequires: gcc'"},
	{"remove", {REMOVE, .tag = "A"}, "B: 1\n", "no tag 'A'"},
	{"prepend", {PREPEND, .section = "%Build", LINES("x")}, "%build\n",
		"no section %Build; nearest is line 1: '%build'"},
	{"append", {APPEND, .section = "%files", .package = "x", LINES("x")}, "%files\n",
		"no section %files of package 'x'"},
	{"replace", {REPLACE, .regex = "^Sumary:\\s*foo", .replacement = "x"},
		"Name: a\nSummary: foo\n", "changes no line; nearest is line 2: 'Summary: foo'"},
	{"replace a header", {REPLACE, .regex = "%build", .replacement = "x"}, "%build\n",
		"line 1 matches, but it is a section's header"},
	{"replace elsewhere", {REPLACE, .section = "%prep", .regex = "make", .replacement = "x"},
		"%prep\n%build\nmake\n", "line 3 matches, but is in %build"},
	{"replace by itself", {REPLACE, .regex = "a", .replacement = "a"}, "a\n",
		"line 1 matches, but reads so already"},
	{"replace with another count", {REPLACE, .regex = "a", .replacement = "b", .count = 2},
		"a\na\na\n", "matches 3 times, but count = 2"},
	{"replace with a group that is not",
		{REPLACE, .regex = "a", .replacement = "\\1", .expand = true}, "a\n", "1"},
	{"anchor", {APPEND, .section = "%build", .after = "^mke", LINES("x")}, "%build\nmake\n",
		"no line of %build matches '^mke'"},
	{"two anchors", {APPEND, .after = "a", .before = "b", LINES("x")}, "a\nb\n",
		"exclude each other"},
	{"section absent", {DROP, .section = "%check"}, "%build\n", "no section %check"},
	{"section's conditional spans content", {DROP, .section = "%check"},
		"%check\na\n%if 1\nb\n%files\n%endif\n", "line 3 that reaches beyond it"},
	{"%else straddles", {DROP, .section = "%check"},
		"%if 1\n%check\na\n%else\n%files\n%endif\n", "a branch of a conditional in line 4"},
	{"content after a trimmed %endif", {DROP, .section = "%check"},
		"%if 1\n%check\na\n%endif\n%if 2\nb\n%endif\n%files\n",
		"line 4 that reaches beyond"},
	{"unpaired anywhere", {DROP, .section = "%check"}, "%if 1\n%build\n%check\n%files\n",
		"line 1 has an %if without its partner"},
	{"sub-package absent", {DROP_PKG, .package = "x"}, "%files\n", "package 'x'"},
	{"patch", {PATCH_REMOVE, .file = "CVE-2*"}, "Patch0: CVE-1.patch\nPatch: CVE-2\n",
		"no PatchN tag and no %patchlist line matches 'CVE-2*'"},
	{"macro", {SET_MACRO, .name = "with_foo", .value = "1"}, "%global with_fo 1\n",
		"no macro 'with_foo' is defined; nearest is line 1"},
	{"build condition", {SET_MACRO, .name = "t", .value = "maybe"}, "%bcond_with t\n",
		"is 1 or 0, not 'maybe'"},
	{"remove macro", {REMOVE_MACRO, .name = "a"}, "%undefine a\n", "no macro 'a'"},
};
// clang-format on

/* Every overlay makes azldev read the file anew, and reading drops a "\r" each time. */
static void test_rereading(void)
{
	const StrakeOverlay append = {APPEND, LINES("x\r")};
	g_autoptr(StrakeSpec) spec = parse("a\r\r\n");

	g_assert_true(strake_overlay_apply_spec(spec, &append, 0, NULL));
	g_autofree char *once = print(spec);
	g_assert_cmpstr(once, ==, "a\r\nx\r\n");
	g_assert_true(strake_overlay_apply_spec(spec, &append, 0, NULL));
	g_autofree char *twice = print(spec);
	g_assert_cmpstr(twice, ==, "a\nx\nx\r\n");
}

#define GOOD(name, style)                                                                          \
	static void test_##name(void)                                                              \
	{                                                                                          \
		run_good(name, G_N_ELEMENTS(name), STRAKE_OVERLAY_STYLE_##style);                  \
	}
GOOD(azldev_tags, AZLDEV)
GOOD(azldev_lines, AZLDEV)
GOOD(azldev_sections, AZLDEV)
GOOD(azldev_patches, AZLDEV)
GOOD(macros, AZLDEV)
GOOD(preserving, PRESERVING)

static void test_macros_preserving(void)
{
	run_good(macros, G_N_ELEMENTS(macros), STRAKE_OVERLAY_STYLE_PRESERVING);
}

static void test_failures(void)
{
	run_bad(preserving_failures, G_N_ELEMENTS(preserving_failures),
		STRAKE_OVERLAY_STYLE_PRESERVING);
	run_bad(failures, G_N_ELEMENTS(failures), STRAKE_OVERLAY_STYLE_AZLDEV);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/overlay/azldev/tags", test_azldev_tags);
	g_test_add_func("/overlay/azldev/lines", test_azldev_lines);
	g_test_add_func("/overlay/azldev/sections", test_azldev_sections);
	g_test_add_func("/overlay/azldev/patches", test_azldev_patches);
	g_test_add_func("/overlay/azldev/rereading", test_rereading);
	g_test_add_func("/overlay/macros", test_macros);
	g_test_add_func("/overlay/macros-preserving", test_macros_preserving);
	g_test_add_func("/overlay/preserving", test_preserving);
	g_test_add_func("/overlay/failures", test_failures);
	return g_test_run();
}
