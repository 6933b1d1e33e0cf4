// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Stanzas of Sources files: the newest version, the tarball of it, what is refused.
#include <string.h>

#include "base/error.h"
#include "format/deb_source.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD(name, version)                                                                        \
	"Package: " name "\nVersion: " version "\nDirectory: pool/x\nChecksums-Sha256:\n"
#define FILE_LINE(name) " " SHA "  7 " name "\n"

static StrakeDebIndex *make(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	StrakeDebIndex *index = strake_deb_index_new();
	bool added = strake_deb_index_add(index, bytes, "Sources", &error);

	g_assert_no_error(error);
	g_assert_true(added);
	return index;
}

static void test_newest(void)
{
	g_autoptr(StrakeDebIndex) index =
		make(HEAD("a", "1.10-1") FILE_LINE("f") "\n" HEAD("a", "1.9-1") FILE_LINE(
			"f") "\n"
			     "Extra-Source-Only: yes\n" HEAD("a", "2.0-1") FILE_LINE("f"));
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebSource) newest = NULL;
	g_autoptr(StrakeDebSource) none = NULL;

	g_assert_true(strake_deb_source_newest(index, "a", &newest, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(newest->version, ==, "1.10-1");
	g_assert_cmpstr(newest->directory, ==, "pool/x");
	g_assert_true(strake_deb_source_newest(index, "b", &none, &error));
	g_assert_null(none);
}

static void test_pick(void)
{
	static const struct {
		const char *text, *glob, *want; // want NULL: an error
	} rows[] = {
		{HEAD("a", "2:1.0+x-3") FILE_LINE("a_1.0+x.orig.tar.xz.asc")
				FILE_LINE("a_1.0+x.orig.tar.xz") FILE_LINE("a.dsc"),
			NULL, "a_1.0+x.orig.tar.xz"},
		{HEAD("a", "1") FILE_LINE("a_1.dsc") FILE_LINE("a_1.tar.xz"), NULL, "a_1.tar.xz"},
		{HEAD("a", "1-2") FILE_LINE("a_1-2.debian.tar.xz") FILE_LINE("a_1-2.tar.gz"), NULL,
			"a_1-2.tar.gz"},
		{HEAD("a", "1-2") FILE_LINE("b_1.orig.tar.xz"), NULL, NULL},
		{HEAD("a", "1-2") FILE_LINE("a_1.orig-b.tar.xz") FILE_LINE("a_1.orig.tar.xz"),
			"*.orig-b.*", "a_1.orig-b.tar.xz"},
		{HEAD("a", "1-2") FILE_LINE("x.tar") FILE_LINE("y.tar"), "*.tar", NULL},
		{HEAD("a", "1-2") FILE_LINE("x.tar"), "[", NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeDebIndex) index = make(rows[i].text);
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeDebSource) source = strake_deb_source_at(index, 0, &error);
		const StrakeDebSourceFile *file;

		g_test_message("row %zu", i);
		g_assert_no_error(error);
		file = strake_deb_source_pick(source, rows[i].glob, &error);
		g_assert_cmpstr(file != NULL ? file->name : NULL, ==, rows[i].want);
		g_assert_true((file == NULL) == (error != NULL));
		if (file != NULL)
			g_assert_cmpuint(file->size, ==, 7);
	}
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"Package: a\nDirectory: x\nChecksums-Sha256:\n" FILE_LINE("f"),
		"Package: a\nVersion: 1\nDirectory: ../x\nChecksums-Sha256:\n" FILE_LINE("f"),
		"Package: a\nVersion: 1\nDirectory: /x\nChecksums-Sha256:\n" FILE_LINE("f"),
		"Package: a\nVersion: 1\nDirectory: x\n",
		HEAD("a", "1") FILE_LINE("x/y"),
		HEAD("a", "1") FILE_LINE(".."),
		HEAD("a", "1") " abc 7 f\n",
		HEAD("a", "1") " " SHA " -7 f\n",
		HEAD("a", "1") " " SHA " 0 f\n",
		HEAD("a", "1") " " SHA " 7 f g\n",
		HEAD("a", "1_:") FILE_LINE("f"),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(StrakeDebIndex) index = make(texts[i]);
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeDebSource) source = strake_deb_source_at(index, 0, &error);

		g_test_message("row %zu: %s", i, error != NULL ? error->message : "taken");
		g_assert_null(source);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_true(g_str_has_prefix(error->message, "Sources:"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-source/newest", test_newest);
	g_test_add_func("/deb-source/pick", test_pick);
	g_test_add_func("/deb-source/refused", test_refused);
	return g_test_run();
}
