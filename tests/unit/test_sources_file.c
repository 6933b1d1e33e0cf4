// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The dist-git sources file: both styles, what is kept, what is refused.
#include "format/sources_file.h"

#include <string.h>

#define SHA                                                                                        \
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2" \
	"877eec2f63b931bd47417a81a538327af927da3e"
#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

static StrakeSourcesFile *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));

	return strake_sources_file_parse(bytes, "sources", error);
}

static void test_kept(void)
{
	static const char text[] = "# why\n\nSHA512 (a-1.tar.gz) = " SHA "\n" MD5 "  old.tgz\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeSourcesFile) file = parse(text, &error);
	g_autofree char *printed = NULL;

	g_assert_no_error(error);
	printed = strake_sources_file_format(file);
	g_assert_cmpstr(printed, ==, text);
	g_assert_cmpstr(strake_sources_file_find(file, "old.tgz")->hash_type, ==, "MD5");
}

static void test_refused(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"what is this\n",              "sources:1: 'what is this' is neither"              },
		{"\nSHA512 (../a) = " SHA "\n", "sources:2: '../a' is not a plain file name"        },
		{"SHA512 (a) = 12\n",           "sources:1: '12' is not a SHA512 hash: expected 128"},
		{"CRC32 (a) = 12345678\n",      "sources:1: hash type 'CRC32' is not known"         },
		{MD5 "  a\n" MD5 "  a\n",       "sources:2: 'a' is listed twice, first in line 1"   },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", rows[i].text);
		g_assert_null(parse(rows[i].text, &error));
		g_assert_true(g_str_has_prefix(error->message, rows[i].message));
	}
}

static void test_set(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeSourcesFile) file = parse("# c\n" MD5 "  a\n" MD5 "  b\n", &error);
	g_autofree char *printed = NULL;

	g_assert_false(strake_sources_file_set(file, "a", "SHA512", SHA, false, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_EXISTS);
	g_clear_error(&error);
	g_assert_false(strake_sources_file_set(file, "z", "SHA512", SHA, true, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(strake_sources_file_set(file, "a", "SHA512", SHA, true, &error));
	g_assert_true(strake_sources_file_set(file, "c", "SHA512", SHA, false, &error));
	printed = strake_sources_file_format(file);
	g_assert_cmpstr(
		printed, ==, "# c\nSHA512 (a) = " SHA "\n" MD5 "  b\nSHA512 (c) = " SHA "\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/sources-file/kept", test_kept);
	g_test_add_func("/format/sources-file/refused", test_refused);
	g_test_add_func("/format/sources-file/set", test_set);
	return g_test_run();
}
