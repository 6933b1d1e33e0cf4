// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release numbers, changelog entries, line breaks as Python's textwrap makes them, and the written
// spec.
#include "format/autospec.h"

#include <string.h>

static void test_wrap(void)
{
	// What textwrap.TextWrapper(width=75, subsequent_indent="  ") makes of "- " and the text.
	static const struct {
		const char *text, *wrapped;
	} rows[] = {{"short", "- short"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaa",
			"- "
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"\n  aaaaaaaaaaaaaaaaaaaaaaaaaaa"},
		{"Fix the automake 1.17 issue for the versions less than f43 and rhel11 and "
		 "something-or-other else",
			"- Fix the automake 1.17 issue for the versions less than f43 and rhel11 "
			"and\n  something-or-other else"},
		{"well-known half-baked x-y-z C-3PO pre-2.0 re-2nd non-free-software-packages are "
		 "long-winded things-to-come",
			"- well-known half-baked x-y-z C-3PO pre-2.0 re-2nd non-free-software-\n  "
			"packages are long-winded things-to-come"},
		{"em--dashes -- and --options=foo "
		 "--very-long-option-name-here=with-value-and-more-words-in-it-until-it-breaks",
			"- em--dashes -- and --options=foo "
			"--very-long-option-name-here=with-value-\n  "
			"and-more-words-in-it-until-it-breaks"},
		{"  double  spaces   inside that are longer than a line so that they wrap around "
		 "somewhere  yes",
			"-   double  spaces   inside that are longer than a line so that they "
			"wrap\n  around somewhere  yes"},
		{"Ünïcödé wörds cöünt äs öne chäräcter eäch, nöt twö, sö thät linés äre full ös "
		 "they shöuld bé",
			"- Ünïcödé wörds cöünt äs öne chäräcter eäch, nöt twö, sö thät linés äre\n "
			" full ös they shöuld bé"},
		{"https://example.org/a/very/long/address-with-hyphens-in-it/that/goes/on/and/on/"
		 "until/it/does-not-fit",
			"- https://example.org/a/very/long/address-with-hyphens-in-\n  "
			"it/that/goes/on/and/on/until/it/does-not-fit"}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = strake_autospec_wrap(rows[i].text);
		g_assert_cmpstr(got, ==, rows[i].wrapped);
	}
}

static void test_items(void)
{
	static const struct {
		const char *message, *items;
	} rows[] = {
		{"Update to 1.1\n", "Update to 1.1"},
		{"- Update to 1.1", "Update to 1.1"},
		{"One subject\nin two lines\n\nAn explanation.\n", "One subject in two lines"},
		{"Update\n\n- one\n- two\n  goes on\n\n- not this\n", "Update|one|two goes on"},
		{"A long...\n\n... subject\ngoes on\n- item\n\nno\n",
			"A long... subject goes on|item"},
		{"A long…\n\n…subject\n", "A long… subject"},
		{"100% sure", "100%% sure"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(GStrv) items = strake_autospec_items(rows[i].message);
		g_autofree char *joined = g_strjoinv("|", items);
		g_assert_cmpstr(joined, ==, rows[i].items);
	}
}

#define DAY 86400
#define AUTHOR "A. Uthor <a@example.org>"
static const StrakeAutospecCommit history[] = {
	{.message = "Fix tests",
		.author = AUTHOR,
		.time_s = 5 * DAY,
		.epoch_version = "1:2.0",
		.has_spec = true},
	{.message = "Only sources",
		.author = AUTHOR,
		.time_s = 4 * DAY,
		.epoch_version = "1:2.0",
		.has_spec = true,
		.unimportant = true},
	{.message = "Quiet\n\n[skip changelog]",
		.author = AUTHOR,
		.time_s = 3 * DAY,
		.epoch_version = NULL,
		.has_spec = true},
	{.message = "Update to 2.0",
		.author = AUTHOR,
		.time_s = 2 * DAY,
		.epoch_version = "1:2.0",
		.has_spec = true},
	{.message = "Start",
		.author = AUTHOR,
		.time_s = DAY,
		.epoch_version = "1.0",
		.has_spec = true},
};

static void test_compute(void)
{
	g_auto(StrakeAutospec) out = {0};

	strake_autospec_compute(history, G_N_ELEMENTS(history), &out);
	g_assert_cmpuint(out.release_number, ==, 4);
	g_assert_cmpstr(out.changelog, ==,
		"* Tue Jan 06 1970 " AUTHOR " - 1:2.0-4\n- Fix tests\n\n"
		"* Sat Jan 03 1970 " AUTHOR " - 1:2.0-1\n- Update to 2.0\n\n"
		"* Fri Jan 02 1970 " AUTHOR " - 1.0-1\n- Start\n");
}

static void test_bump_base_and_file(void)
{
	const StrakeAutospecCommit commits[] = {
		{.message = "Rebuild",
			.author = AUTHOR,
			.epoch_version = "1",
			.has_spec = true,
			.base = 3,
			.prerelease = true,
			.extra = ".rc1"},
		{.message = "Split\n\n[bump release: 5]",
			.author = AUTHOR,
			.epoch_version = "1",
			.has_spec = true,
			.changelog = "* old entry\n- kept\n"},
		{.message = "Never shown",
			.author = AUTHOR,
			.epoch_version = "1",
			.has_spec = true},
	};
	g_auto(StrakeAutospec) out = {0};

	strake_autospec_compute(commits, G_N_ELEMENTS(commits), &out);
	g_assert_cmpuint(out.release_number, ==, 6);
	g_assert_cmpstr(out.changelog, ==,
		"* Thu Jan 01 1970 " AUTHOR " - 1-0.8.rc1\n- Rebuild\n\n* old entry\n- kept\n\n");
}

static void test_features(void)
{
	static const struct {
		const char *spec;
		bool release, log;
	} rows[] = {
		{"Release: %autorelease\n%changelog\n%autochangelog\n", true, true},
		{"Release:        %{autorelease}\n%changelog\n", true, false},
		{"Release: %{?autorelease}\n", true, false},
		{"Release: %autorelease -b 3\n", true, false},
		{"Release: %{?autorelease:1}\n", false, false},
		{"Release: %{!?autorelease:1}\n", false, false},
		{"Release: %{autorelease_suffix}\n", false, false},
		{"Release: 1%{?dist}\n# %autorelease\n", false, false},
		{"%changelog\n%{?autochangelog}\n", false, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		StrakeAutospecFeatures f =
			strake_autospec_features(rows[i].spec, strlen(rows[i].spec));

		g_test_message("%s", rows[i].spec);
		g_assert_cmpint(f.autorelease, ==, rows[i].release);
		g_assert_cmpint(f.autochangelog, ==, rows[i].log);
	}
}

#define BLOCK_HEAD "## START: Set by rpmautospec\n## (rpmautospec version 0.8.4)\n## RPMAUTOSPEC: "
#define BLOCK_MACRO                                                                                \
	"\n%define autorelease(e:s:pb:n) %{?-p:0.}%{lua:\n    release_number = 7;\n"               \
	"    base_release_number = tonumber(rpm.expand(\"%{?-b*}%{!?-b:1}\"));\n"                  \
	"    print(release_number + base_release_number - 1);\n"                                   \
	"}%{?-e:.%{-e*}}%{?-s:.%{-s*}}%{!?-n:%{?dist}}"
#define BLOCK_END "\n## END: Set by rpmautospec\n\n"
#define LOG "## START: Generated by rpmautospec\nENTRY\n## END: Generated by rpmautospec\n"

static void test_write(void)
{
	static const struct {
		const char *spec, *written;
	} rows[] = {
		{"Release: %autorelease\n%changelog\n%autochangelog\nrest\n",
			BLOCK_HEAD "autorelease, autochangelog" BLOCK_MACRO BLOCK_END
				   "Release: %autorelease\n%changelog\n" LOG},
		{"Release: %autorelease\n%changelog\n- by hand\n",
			BLOCK_HEAD "autorelease" BLOCK_MACRO BLOCK_END
				   "Release: %autorelease\n%changelog\n- by hand\n"},
		{"Release: 1\n%autochangelog\n",
			BLOCK_HEAD "autochangelog" BLOCK_END "Release: 1\n%changelog\n" LOG},
		{"Release: 1\n",
			BLOCK_HEAD "autochangelog" BLOCK_END "Release: 1\n\n%changelog\n" LOG},
		{"Release: 1\n%changelog\n", "Release: 1\n%changelog\n"},
		{BLOCK_HEAD "x\nRelease: %autorelease\n", BLOCK_HEAD "x\nRelease: %autorelease\n"},
	};
	StrakeAutospec autospec = {.release_number = 7, .changelog = (char *)"ENTRY\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *got = strake_autospec_write(
			rows[i].spec, strlen(rows[i].spec), &autospec, "0.8.4");
		g_assert_cmpstr(got, ==, rows[i].written);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/autospec/wrap", test_wrap);
	g_test_add_func("/format/autospec/items", test_items);
	g_test_add_func("/format/autospec/compute", test_compute);
	g_test_add_func("/format/autospec/bump", test_bump_base_and_file);
	g_test_add_func("/format/autospec/features", test_features);
	g_test_add_func("/format/autospec/write", test_write);
	return g_test_run();
}
