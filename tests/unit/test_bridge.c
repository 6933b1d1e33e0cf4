// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Versions, licences and file rules of the bridge. RPM's own order (librpm) and Debian's (ours,
// tested elsewhere) must agree on what the bridge makes of versions.
#include <rpm/rpmver.h>
#include <string.h>

#include "base/error.h"
#include "bridge/conversion.h"
#include "bridge/version.h"
#include "format/deb_version.h"

static void test_mapping(void)
{
	static const struct {
		const char *deb, *version, *release, *bound;
		int64_t epoch;
	} cases[] = {
		{"1.0-1", "1.0", "1", "1.0-1", -1},
		{"12", "12", "0", "12-0", -1},
		{"2:1.0-2-3+b1", "1.0.2", "3^b1", "2:1.0.2-3^b1", 2},
		{"1.0~rc1+dfsg-1", "1.0~rc1^dfsg", "1", "1.0~rc1^dfsg-1", -1},
		{"0:3-1", "3", "1", "3-1", -1},
		{"1:2.53.0-.", "2.53.0", ".", "1:2.53.0-99999999", 1},
		{"3.0.4-z", "3.0.4", "z", "3.0.4-99999999z", -1},
		{"1.3.5.", "1.3.5^zzzz", "0", "1.3.5^zzzz-0", -1},
		{"1.4-1.~", "1.4", "1^zzzz~", "1.4-1^zzzz~", -1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeBridgeVersion) version =
			strake_bridge_version(cases[i].deb, &error);
		g_autofree char *bound = strake_bridge_bound(cases[i].deb, &error);

		g_test_message("%s", cases[i].deb);
		g_assert_no_error(error);
		g_assert_cmpstr(version->version, ==, cases[i].version);
		g_assert_cmpstr(version->release, ==, cases[i].release);
		g_assert_cmpstr(bound, ==, cases[i].bound);
		g_assert_cmpint(version->epoch, ==, cases[i].epoch);
	}
}

static int rpm_order(const char *a, const char *b)
{
	rpmver x = rpmverParse(a), y = rpmverParse(b);
	int order = rpmverCmp(x, y);

	rpmverFree(x);
	rpmverFree(y);
	return order;
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static char *own_evr(const char *deb)
{
	g_autofree char *bound = strake_bridge_bound(deb, NULL);

	return g_strdup_printf("%s^~br%d", bound, STRAKE_BRIDGE_REVISION);
}

/* An upgrade upstream is an upgrade here: also rebuilds, security and backport suffixes. */
static void test_upgrades_keep_their_order(void)
{
	static const char *const versions[] = {"1.0~beta-1", "1.0~beta+dfsg-1", "1.0-1~bpo13+1",
		"1.0-1", "1.0-1+b1", "1.0-1+b2", "1.0-1+deb14u1", "1.0-1+deb14u2", "1.0-1.1",
		"1.0-1.1+b1", "1.0-2", "1.0-10", "1.0+dfsg-1", "1.0+dfsg-2", "1.0+git2-1",
		"1.0.1-1", "1.1-1", "1.10-1", "1:0.9-1"};

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(versions); j++) {
			g_autofree char *a = own_evr(versions[i]);
			g_autofree char *b = own_evr(versions[j]);

			g_test_message("%s vs %s", a, b);
			g_assert_cmpint(sign(strake_deb_version_compare(versions[i], versions[j])),
				==, (i > j) - (i < j));
			g_assert_cmpint(sign(rpm_order(a, b)), ==, (i > j) - (i < j));
		}
	}
}

/* A bound holds for a package exactly when it does upstream: by name for << and >=, by
 * "deb(name)", which has no suffix, for the others. */
static void test_bounds(void)
{
	static const char *const versions[] = {"1.0", "1.0-1", "1.0-1+b1", "1.0-2", "1.0+dfsg-1",
		"1.3.5-1", "1.3.5.1-1", "2.53.0-1"};
	static const char *const bounds[] = {"1.0", "1.0-1", "1.0-1~", "1.0-2~", "1.0-1.~", "1.0-z",
		"1.0+dfsg", "1.3.5.", "1.3.5", "2.53.0-.", "2.53.1-~"};

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(bounds); j++) {
			g_autofree char *own = own_evr(versions[i]);
			g_autofree char *exact = strake_bridge_bound(versions[i], NULL);
			g_autofree char *bound = strake_bridge_bound(bounds[j], NULL);
			int want = sign(strake_deb_version_compare(versions[i], bounds[j]));

			g_test_message("%s vs %s", own, bound);
			g_assert_true((rpm_order(own, bound) < 0) == (want < 0));
			g_assert_cmpint(sign(rpm_order(exact, bound)), ==, want);
		}
	}
}

static void test_bad_versions(void)
{
	static const char *const bad[] = {"", "-1", "a b", "1.0_1", "9999999999999:1"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeBridgeVersion) version = strake_bridge_version(bad[i], &error);

		g_test_message("%s", bad[i]);
		g_assert_null(version);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	}
}

static void test_licences(void)
{
	static const char head[] =
		"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n";
	static const struct {
		const char *body, *want;
	} cases[] = {
		{"Files: *\nLicense: GPL-2+\n", "GPL-2.0-or-later"},
		{"Files: *\nLicense: GPL-2\n text\n\nFiles: x\nLicense: Expat\n",
			"GPL-2.0-only AND MIT"},
		{"Files: *\nLicense: LGPL-2.1+ or MPL-2.0\n", "(LGPL-2.1-or-later OR MPL-2.0)"},
		{"Files: *\nLicense: GPL-3+ with OpenSSL exception\n", "GPL-3.0-or-later"},
		{"Files: *\nLicense: Odd One\n", "LicenseRef-Odd AND LicenseRef-One"},
		{"License: GPL-2\n no files paragraph\n", NULL},
	};
	g_autoptr(GBytes) prose = g_bytes_new_static("It is free.\n", 12);

	g_assert_null(strake_bridge_license(prose));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(head, cases[i].body, NULL);
		g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
		g_autofree char *got = strake_bridge_license(bytes);

		g_assert_cmpstr(got, ==, cases[i].want);
	}
}

static void test_file_rules(void)
{
	static const struct {
		const char *path, *lang;
		uint32_t flags;
		bool base_dir, changelog;
	} cases[] = {
		{"/usr/share/locale/pt_BR/LC_MESSAGES/x.mo", "pt", 0, true, false},
		{"/usr/share/man/de/man1/x.1.gz", "de", STRAKE_RPMFILE_DOC, true, false},
		{"/usr/share/man/man1/x.1.gz", NULL, STRAKE_RPMFILE_DOC, true, false},
		{"/usr/share/doc/x/copyright", NULL, STRAKE_RPMFILE_LICENSE, false, false},
		{"/usr/share/doc/link", NULL, STRAKE_RPMFILE_LICENSE, false, false},
		{"/usr/share/doc/x/changelog.Debian.gz", NULL, STRAKE_RPMFILE_DOC, false, true},
		{"/usr/share/x/changelog.gz", NULL, 0, false, false},
		{"/usr/bin", NULL, 0, true, false},
		{"/usr/lib/x86_64-linux-gnu", NULL, 0, true, false},
		{"/var/lib/x", NULL, 0, false, false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *lang = strake_bridge_file_lang(cases[i].path);

		g_test_message("%s", cases[i].path);
		g_assert_cmpstr(lang, ==, cases[i].lang);
		g_assert_cmpuint(strake_bridge_file_flags(cases[i].path), ==, cases[i].flags);
		g_assert_true(strake_bridge_is_base_dir(cases[i].path) == cases[i].base_dir);
		g_assert_true(strake_bridge_is_changelog(cases[i].path) == cases[i].changelog);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bridge/version/mapping", test_mapping);
	g_test_add_func("/bridge/version/upgrades", test_upgrades_keep_their_order);
	g_test_add_func("/bridge/version/bounds", test_bounds);
	g_test_add_func("/bridge/version/bad", test_bad_versions);
	g_test_add_func("/bridge/licences", test_licences);
	g_test_add_func("/bridge/file-rules", test_file_rules);
	return g_test_run();
}
