// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian version order: rows from policy, and thousands of pairs judged by dpkg itself.
#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "base/run.h"
#include "format/deb_version.h"

static void test_order(void)
{
	static const struct {
		const char *a, *b;
		int want;
	} rows[] = {
		{"1.0-1",                   "1.0-1",                   0 },
		{"1.0",                     "1.0-0",                   0 },
		{"1.0",                     "1.0-",                    0 },
		{"1.0~rc1-1",               "1.0-1",                   -1},
		{"1:0.9-1",                 "2.0-1",                   1 },
		{"0:1.0",                   "1.0",                     0 },
		{"~~",                      "~~a",                     -1},
		{"~~a",                     "~",                       -1},
		{"~",		       "",                        -1},
		{"",			"a",                       -1},
		{"1.2.3",                   "1.2.10",                  -1},
		{"007",                     "7",                       0 },
		{"1.0+b1",                  "1.0",                     1 },
		{"1.0a",                    "1.0+",                    -1},
		{"1.0-1+b2",                "1.0-1",                   1 },
		{"2.0.0+~2.0.1",            "2.0.0",                   1 },
		{"1-2-3",                   "1-2-4",                   -1},
		{"99999999999999999999999", "99999999999999999999998", 1 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		int got = strake_deb_version_compare(rows[i].a, rows[i].b);
		int back = strake_deb_version_compare(rows[i].b, rows[i].a);

		g_test_message("%s vs %s", rows[i].a, rows[i].b);
		g_assert_cmpint((got > 0) - (got < 0), ==, rows[i].want);
		g_assert_cmpint((back > 0) - (back < 0), ==, -rows[i].want);
	}
}

static void test_check(void)
{
	static const struct {
		const char *version, *want; // NULL: good
	} rows[] = {
		{"1.0",                NULL				    },
		{"2:1.0-1~deb13u1+b2", NULL                                    },
		{"1.0-rc1-2",          NULL				    },
		{"1:2:3-4",            NULL				    },
		{"",                   "it is empty"                           },
		{":1",                 "epoch (before ':') is empty"           },
		{"a:1",                "epoch (before ':') is not a number"    },
		{"12345678901:1",      "epoch (before ':') is too large"       },
		{"1-",                 "revision (after the last '-') is empty"},
		{"-1",                 "upstream part is empty"                },
		{"1_0",                "upstream part has a character"         },
		{"1.0-1_2",            "revision has a character"              },
		{"1.0 ",               "upstream part has a character"         },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		bool good = strake_deb_version_check(rows[i].version, &error);

		g_test_message("'%s'", rows[i].version);
		g_assert_cmpint(good, ==, rows[i].want == NULL);
		if (!good) {
			g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
			g_assert_nonnull(strstr(error->message, rows[i].want));
		}
	}
}

static void test_parse(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebVersion) full = strake_deb_version_parse("01:2.0-rc1-3+b1", &error);
	g_autoptr(StrakeDebVersion) bare = strake_deb_version_parse("0:7", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(full->epoch, ==, "1");
	g_assert_cmpstr(full->upstream, ==, "2.0-rc1");
	g_assert_cmpstr(full->revision, ==, "3+b1");
	g_assert_null(bare->epoch);
	g_assert_cmpstr(bare->upstream, ==, "7");
	g_assert_null(bare->revision);
}

static void test_satisfies(void)
{
	static const struct {
		const char *version;
		StrakeDebOp op;
		const char *bound;
		bool want;
	} rows[] = {
		{"1.0",   STRAKE_DEB_OP_NONE, NULL,    true },
		{"1.0",   STRAKE_DEB_OP_LT,   "1.0",   false},
		{"1.0",   STRAKE_DEB_OP_LE,   "1.0-0", true },
		{"1.0-1", STRAKE_DEB_OP_EQ,   "1.0",   false},
		{"1.0-1", STRAKE_DEB_OP_GE,   "1.0",   true },
		{"1.0-1", STRAKE_DEB_OP_GT,   "1.0",   true },
		{"1.0~a", STRAKE_DEB_OP_LT,   "1.0",   true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(
			strake_deb_version_satisfies(rows[i].version, rows[i].op, rows[i].bound),
			==, rows[i].want);
}

// A version that dpkg accepts, dense in the characters on which orders differ.
static char *random_version(GRand *rand)
{
	static const char upstream[] = "0123019aAbz~~..++-";
	GString *out = g_string_new(NULL);
	int size = g_rand_int_range(rand, 0, 8);

	if (g_rand_int_range(rand, 0, 6) == 0)
		g_string_append_printf(out, "%d:", g_rand_int_range(rand, 0, 3));
	g_string_append_printf(out, "%d", g_rand_int_range(rand, 0, 12));
	for (int i = 0; i < size; i++)
		g_string_append_c(out, upstream[g_rand_int_range(rand, 0, sizeof(upstream) - 1)]);
	g_string_append_c(out, '0');
	if (g_rand_int_range(rand, 0, 3) == 0)
		g_string_append_printf(out, "-%d%s", g_rand_int_range(rand, 0, 3),
			g_rand_int_range(rand, 0, 2) ? "~a" : "+b1");
	return g_string_free(out, FALSE);
}

// dpkg takes one pair a process, so a Perl loop over Dpkg::Version (dpkg's own library) judges in
// bulk, and the dpkg program itself a few hundred.
static void test_against_dpkg(void)
{
	enum { PAIRS = 300 };
	g_autofree char *dpkg = g_find_program_in_path("dpkg");
	g_autoptr(GRand) rand = g_rand_new_with_seed(20261121);

	if (dpkg == NULL) {
		g_test_skip("no dpkg here");
		return;
	}
	for (int i = 0; i < PAIRS; i++) {
		g_autofree char *a = random_version(rand);
		g_autofree char *b = random_version(rand);
		int got = strake_deb_version_compare(a, b);
		const char *op = got < 0 ? "lt" : got > 0 ? "gt" : "eq";
		const char *argv[] = {dpkg, "--compare-versions", a, op, b, NULL};
		g_autoptr(GError) error = NULL;

		g_test_message("%s %s %s", a, op, b);
		g_assert_true(strake_run_argv(argv, &error));
	}
}

static void test_against_dpkg_library(void)
{
	enum { PAIRS = 20000 };
	static const char program[] =
		"use Dpkg::Version; while (<STDIN>) { chomp; my ($a, $b) = split / /;"
		" print version_compare($a, $b), \"\\n\"; }";
	const char *argv[] = {"perl", "-e", program, NULL};
	const char *probe[] = {"perl", "-MDpkg::Version", "-e", "1", NULL};
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	g_autoptr(GString) pairs = g_string_new(NULL);
	g_autoptr(GBytes) input = NULL;
	g_autoptr(GBytes) output = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;
	g_auto(GStrv) answers = NULL;

	if (!strake_run_argv(probe, NULL)) {
		g_test_skip("no Dpkg::Version here");
		return;
	}
	for (int i = 0; i < PAIRS; i++) {
		g_autofree char *a = random_version(rand);
		g_autofree char *b = random_version(rand);

		g_string_append_printf(pairs, "%s %s\n", a, b);
	}
	lines = g_strsplit(pairs->str, "\n", -1);
	input = g_bytes_new(pairs->str, pairs->len);
	g_assert_true(strake_run(&(StrakeRun){.argv = argv, .input = input}, &output, &error));
	answers = g_strsplit(g_bytes_get_data(output, NULL), "\n", PAIRS + 1);
	for (int i = 0; i < PAIRS; i++) {
		g_auto(GStrv) pair = g_strsplit(lines[i], " ", 2);
		int got = strake_deb_version_compare(pair[0], pair[1]);

		if ((got > 0) - (got < 0) != atoi(answers[i]))
			g_test_message("%s", lines[i]);
		g_assert_cmpint((got > 0) - (got < 0), ==, atoi(answers[i]));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-version/order", test_order);
	g_test_add_func("/deb-version/check", test_check);
	g_test_add_func("/deb-version/parse", test_parse);
	g_test_add_func("/deb-version/satisfies", test_satisfies);
	g_test_add_func("/deb-version/dpkg", test_against_dpkg);
	g_test_add_func("/deb-version/dpkg-library", test_against_dpkg_library);
	return g_test_run();
}
