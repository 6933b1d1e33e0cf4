// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Packages as a table, Release files, clear-signed texts and unpacking.
#include <string.h>

#include "base/error.h"
#include "format/deb_index.h"
#include "format/deb_release.h"
#include "format/unpack.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REST "Architecture: amd64\nFilename: pool/x.deb\nSize: 7\nSHA256: " SHA "\n"

static const char packages[] =
	"Package: a\nVersion: 1\nProvides: v (= 3), w\nPriority: required\n" REST "\n"
	"Package: b\nVersion: 1\nPre-Depends: p\nDepends: a (>= 1) | c, w\n" REST "\n"
	"Package: a\nVersion: 2\nEssential: yes\nProvides: v\n" REST;

static StrakeDebIndex *make(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(StrakeDebIndex) index = strake_deb_index_new();

	return strake_deb_index_add(index, bytes, "Packages", error) ? g_steal_pointer(&index)
								     : NULL;
}

static void test_find(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebIndex) index = make(packages, &error);
	StrakeDebId first = strake_deb_index_find(index, "a");
	StrakeDebId second = strake_deb_index_next(index, first);
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(StrakeDebId));

	g_assert_cmpuint(strake_deb_index_size(index), ==, 3);
	g_assert_cmpuint(first, ==, 0);
	g_assert_cmpuint(second, ==, 2);
	g_assert_cmpuint(strake_deb_index_next(index, second), ==, STRAKE_DEB_ID_NONE);
	g_assert_cmpuint(strake_deb_index_find(index, "v"), ==, STRAKE_DEB_ID_NONE);
	g_assert_cmpuint(strake_deb_index_find(index, ""), ==, STRAKE_DEB_ID_NONE);
	strake_deb_index_providers(index, "v", ids);
	g_assert_cmpuint(ids->len, ==, 2);
	g_assert_cmpuint(g_array_index(ids, StrakeDebId, 0), ==, 0);
	g_assert_cmpuint(g_array_index(ids, StrakeDebId, 1), ==, 2);
}

static void test_package(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebIndex) index = make(packages, &error);
	g_autoptr(StrakeDebPackage) a = strake_deb_index_package(index, 0, &error);
	g_autoptr(StrakeDebPackage) b = strake_deb_index_package(index, 1, &error);
	g_autoptr(StrakeDebPackage) newer = strake_deb_index_package(index, 2, &error);
	g_autofree char *first = NULL;
	g_autofree char *second = NULL;

	g_assert_no_error(error);
	g_assert_cmpint(a->priority, ==, 0);
	g_assert_cmpuint(a->provides->len, ==, 2);
	g_assert_cmpuint(a->size, ==, 7);
	g_assert_cmpuint(b->depends->len, ==, 3);
	first = strake_deb_relation_group_text(g_ptr_array_index(b->depends, 0));
	second = strake_deb_relation_group_text(g_ptr_array_index(b->depends, 1));
	g_assert_cmpstr(first, ==, "p");
	g_assert_cmpstr(second, ==, "a (>= 1) | c");
	g_assert_cmpint(b->priority, ==, 4);
	g_assert_true(newer->essential);
	g_assert_cmpuint(newer->origin.line, ==, 19);
}

static void test_many(void)
{
	enum { COUNT = 5000 };
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebIndex) index = NULL;

	for (int i = 0; i < COUNT; i++)
		g_string_append_printf(
			text, "Package: p%d\nProvides: v%d\nVersion: 1\n\n", i, i / 2);
	index = make(text->str, &error);
	g_assert_cmpuint(strake_deb_index_size(index), ==, COUNT);
	for (int i = 0; i < COUNT; i++) {
		g_autofree char *name = g_strdup_printf("p%d", i);
		g_autofree char *virtual_name = g_strdup_printf("v%d", i / 2);
		g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(StrakeDebId));

		g_assert_cmpuint(strake_deb_index_find(index, name), ==, i);
		strake_deb_index_providers(index, virtual_name, ids);
		g_assert_cmpuint(ids->len, ==, 2);
	}
}

static void test_broken_index(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"Version: 1\n",             "Packages:1: a stanza without a field 'Package'"},
		{"Package: a b\n",           "Packages:1: 'a b' is not a package name"       },
		{"Package: a\nPackage: b\n",
                 "Packages:2: field 'Package' is given twice in one stanza"                  },
	};
	static const struct {
		const char *text, *want;
	} stanzas[] = {
		{"Package: a\n",								     "Packages:1: the stanza has no field 'Version'"},
		{"Package: a\nVersion: 1-\nArchitecture: all\n",
                 "Packages:2: '1-' is not a Debian version: the revision (after the last "
			"'-') is empty (expected [epoch:]upstream[-revision])"                                                                      },
		{"Package: a\nVersion: 1\nArchitecture: all\nFilename: ../x\nSize: 1\nSHA256: " SHA,
                 "Packages:4: '../x' is not a path below the archive"									       },
		{"Package: a\nVersion: 1\nArchitecture: all\nFilename: x\nSize: 1\nSHA256: abc",
                 "Packages:6: 'abc' is not a SHA-256"											       },
		{"Package: a\nVersion: 1\nArchitecture: all\nFilename: x\nSize: 0\nSHA256: " SHA,
                 "Packages:5: '0' is not a size"												    },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(make(rows[i].text, &error));
		g_assert_cmpstr(error->message, ==, rows[i].want);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(stanzas); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeDebIndex) index = make(stanzas[i].text, &error);

		g_assert_no_error(error);
		g_assert_null(strake_deb_index_package(index, 0, &error));
		g_assert_cmpstr(error->message, ==, stanzas[i].want);
	}
}

static void test_nearest(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebIndex) index =
		make("Package: libssl3t64\n\nPackage: libssh\n\nPackage: libssl3t64-dbg\n", &error);
	StrakeDebSlice near = strake_deb_index_nearest(index, "libssl3");

	g_assert_true(strake_deb_slice_equal(near, "libssl3t64"));
	g_assert_null(strake_deb_index_nearest(index, "zzz").data);
}

static void test_release(void)
{
	static const char text[] =
		"Suite: testing\nCodename: forky\n"
		"Date: Fri, 30 Oct 2026 08:08:01 UTC\nAcquire-By-Hash: yes\n"
		"MD5Sum:\n x 1 y\nSHA256:\n " SHA " 12 main/Packages\n " SHA "    0 main/Empty\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeDebRelease) release =
		strake_deb_release_parse(text, sizeof(text) - 1, "Release", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(release->codename, ==, "forky");
	g_assert_cmpint(release->date_s, ==, 1793347681);
	g_assert_null(release->valid_until);
	g_assert_true(release->by_hash);
	g_assert_cmpuint(strake_deb_release_file(release, "main/Packages")->size, ==, 12);
	g_assert_nonnull(strake_deb_release_file(release, "main/Empty"));
	g_assert_null(strake_deb_release_file(release, "y"));
}

static void test_broken_release(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"",                  "Release: it is empty"                        },
		{"Suite: x\n",        "Release:1: the Release has no Date"          },
		{"Date: yesterday\n", "Release:1: 'yesterday' is not a date like 'Fri, 30 Oct 2026 "
                 "08:08:01 UTC'"                                               },
		{"Date: Fri, 30 Oct 2026 08:08:01 UTC\n",
                 "Release:1: the stanza has no field 'SHA256'"},
		{"Date: Fri, 30 Oct 2026 08:08:01 UTC\nSHA256:\n abc 1 x\n",
                 "Release:3: found 'abc 1 x' where a SHA-256, a size and a path are "
                 "expected"                            },
		{"Date: Fri, 30 Oct 2026 08:08:01 UTC\nSHA256:\n " SHA " 1 ../x\n",
                 "Release:3: found '" SHA " 1 ../x' where a SHA-256, a size and a path are "
			"expected"},
		{"Date: Fri, 30 Oct 2026 08:08:01 UTC\nSHA256:\n " SHA " 1 x y\n",
                 "Release:3: more than digest, size and path on one line"                             },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(strake_deb_release_parse(
			rows[i].text, strlen(rows[i].text), "Release", &error));
		g_assert_cmpstr(error->message, ==, rows[i].want);
	}
}

static void test_dates(void)
{
	static const char *const bad[] = {"", "Fri, 30 Oct 2026 08:08:01",
		"30 Oct 2026 08:08:01 UTC", "Fri, 31 Feb 2026 08:08:01 UTC",
		"Fri, 30 Oct 2026 08:08:01 CET", "Fri, 30 Oct 99999 08:08:01 UTC",
		"Fri, 30 Oct 2026 8:-8:01 UTC"};
	int64_t seconds = 0;

	g_assert_true(strake_deb_date_parse("Thu, 01 Jan 1970 00:00:00 GMT", &seconds));
	g_assert_cmpint(seconds, ==, 0);
	g_assert_true(
		strake_deb_date_parse("Sat, 9 Aug 2025  9:31:00 UTC", &seconds) || seconds == 0);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(strake_deb_date_parse(bad[i], &seconds));
}

static void test_clearsign(void)
{
#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define SIGNATURE "-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----\n"
	static const struct {
		const char *text, *want; // NULL: good
	} rows[] = {
		{BEGIN "Hash: SHA256\n\ntext\n" SIGNATURE,    NULL                                   },
		{"\n" BEGIN "t\n" SIGNATURE,                  "it does not begin as a signed message"},
		{BEGIN "t\n" SIGNATURE "more",                "it does not end with a signature"     },
		{BEGIN "t\n" SIGNATURE BEGIN "t\n" SIGNATURE, "it has more than one signed part"     },
		{"",					  "it does not begin as a signed message"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		bool good =
			strake_deb_clearsign_check(rows[i].text, strlen(rows[i].text), "x", &error);

		g_assert_cmpint(good, ==, rows[i].want == NULL);
		g_assert_true(good || g_str_has_suffix(error->message, rows[i].want));
	}
}

static void test_unpack(void)
{
	// "hello\n" by gzip
	static const unsigned char gz[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48, 0xcd,
		0xc9, 0xc9, 0xe7, 2, 0, 0x20, 0x30, 0x3a, 0x36, 6, 0, 0, 0};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeUnpack) unpack = strake_unpack_new(gz, sizeof(gz), "gz", "x", 6, &error);
	g_autoptr(StrakeUnpack) small = strake_unpack_new(gz, sizeof(gz), "gz", "x", 5, &error);
	g_autoptr(StrakeUnpack) none = NULL;
	const void *block;
	size_t size;

	g_assert_true(strake_unpack_next(unpack, &block, &size, &error));
	g_assert_cmpmem(block, size, "hello\n", 6);
	g_assert_true(strake_unpack_next(unpack, &block, &size, &error));
	g_assert_cmpuint(size, ==, 0);
	g_assert_false(strake_unpack_next(small, &block, &size, &error));
	g_assert_cmpstr(
		error->message, ==, "x: unpacks to more than the 5 bytes that are accepted");
	g_clear_error(&error);
	none = strake_unpack_new("text", 4, "xz", "x", 9, &error);
	g_assert_null(none);
	g_assert_cmpstr(error->message, ==, "x: it is not xz data, whatever its name says");
	g_assert_cmpstr(strake_unpack_compression("a.tar.zst"), ==, "zst");
	g_assert_cmpstr(strake_unpack_compression("a.tar"), ==, "none");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deb-index/find", test_find);
	g_test_add_func("/deb-index/package", test_package);
	g_test_add_func("/deb-index/many", test_many);
	g_test_add_func("/deb-index/broken", test_broken_index);
	g_test_add_func("/deb-index/nearest", test_nearest);
	g_test_add_func("/deb-release/good", test_release);
	g_test_add_func("/deb-release/broken", test_broken_release);
	g_test_add_func("/deb-release/dates", test_dates);
	g_test_add_func("/deb-release/clearsign", test_clearsign);
	g_test_add_func("/unpack/all", test_unpack);
	return g_test_run();
}
