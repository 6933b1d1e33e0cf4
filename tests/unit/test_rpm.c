// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The RPM writer and reader: layout, self-made dependencies, determinism, damaged headers.
// What other programs think of its packages is tested in tests/cli/test_bridge.py.
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/rpm_header.h"
#include "format/rpm_read.h"
#include "format/rpm_write.h"

static StrakeRpmPackage *make_package(void)
{
	static const char *const prefixes[] = {"/usr/lib", "/usr/bin", NULL};
	StrakeRpmPackage *package = strake_rpm_package_new("demo", "1.2^dfsg", "3", "x86_64");
	g_autoptr(GBytes) text = g_bytes_new_static("hello\n", 6);
	StrakeRpmFile *file;

	package->epoch = 2;
	strake_rpm_package_add_dep(package, STRAKE_RPM_REQUIRES, "(a >= 1-0 or b)", NULL, 0);
	strake_rpm_package_add_dep(package, STRAKE_RPM_REQUIRES, "glibc", "2.42-0",
		STRAKE_RPMSENSE_GREATER | STRAKE_RPMSENSE_EQUAL);
	strake_rpm_package_add_dep(package, STRAKE_RPM_REQUIRES, "glibc", "2.42-0",
		STRAKE_RPMSENSE_GREATER | STRAKE_RPMSENSE_EQUAL);
	file = strake_rpm_package_add_content(package, "/usr/bin/hello", 0755, text);
	file->caps = g_strdup("cap_net_raw=ep");
	file = strake_rpm_package_add_content(package, "/etc/hello.conf", 0644, text);
	file->flags = STRAKE_RPMFILE_CONFIG | STRAKE_RPMFILE_NOREPLACE;
	strake_rpm_package_add_link(package, "/usr/bin/hi", "hello");
	strake_rpm_package_add_dir(package, "/usr/share/hello", 0755);
	strake_rpm_package_add_file_trigger(
		package, true, STRAKE_RPMSENSE_TRIGGERIN, "/bin/sh", "true\n", prefixes);
	return package;
}

static GBytes *make_bytes(void)
{
	g_autoptr(StrakeRpmPackage) package = make_package();
	g_autoptr(GError) error = NULL;
	GBytes *bytes = strake_rpm_package_to_bytes(package, 3, &error);

	g_assert_no_error(error);
	return bytes;
}

static bool has_dep(const StrakeRpmHeader *header, uint32_t tag, const char *name)
{
	for (size_t i = 0; i < strake_rpm_header_count(header, tag); i++)
		if (strcmp(strake_rpm_header_string(header, tag, i), name) == 0)
			return true;
	return false;
}

static void test_round_trip(void)
{
	static const char *const requires[] = {"(a >= 1-0 or b)", "/bin/sh", "config(demo)",
		"glibc", "rpmlib(CaretInVersions)", "rpmlib(CompressedFileNames)",
		"rpmlib(FileCaps)", "rpmlib(FileDigests)", "rpmlib(PayloadFilesHavePrefix)",
		"rpmlib(PayloadIsZstd)", "rpmlib(RichDependencies)"};
	static const char *const paths[] = {
		"/etc/hello.conf", "/usr/bin/hello", "/usr/bin/hi", "/usr/share/hello"};
	g_autoptr(GBytes) bytes = make_bytes();
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeRpm) rpm = strake_rpm_parse(bytes, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(strake_rpm_header_count(rpm->header, STRAKE_RPMTAG_REQUIRENAME), ==,
		G_N_ELEMENTS(requires));
	for (size_t i = 0; i < G_N_ELEMENTS(requires); i++)
		g_assert_cmpstr(strake_rpm_header_string(rpm->header, STRAKE_RPMTAG_REQUIRENAME, i),
			==, requires[i]);
	g_assert_true(has_dep(rpm->header, STRAKE_RPMTAG_PROVIDENAME, "demo(x86-64)"));
	g_assert_true(has_dep(rpm->header, STRAKE_RPMTAG_PROVIDENAME, "config(demo)"));
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *path = strake_rpm_file_path(rpm, i);
		g_assert_cmpstr(path, ==, paths[i]);
	}
	g_assert_cmpuint(strake_rpm_n_files(rpm), ==, G_N_ELEMENTS(paths));
	g_assert_cmpuint(strake_rpm_header_number(rpm->header, STRAKE_RPMTAG_EPOCH, 0, 0), ==, 2);
	g_assert_true(strake_rpm_verify(rpm, &error));
	g_assert_no_error(error);
}

static void test_same_bytes(void)
{
	g_autoptr(GBytes) a = make_bytes();
	g_autoptr(GBytes) b = make_bytes();

	g_assert_true(g_bytes_equal(a, b));
}

static void test_damage_is_seen(void)
{
	g_autoptr(GBytes) bytes = make_bytes();
	gsize size;
	const uint8_t *data = g_bytes_get_data(bytes, &size);
	unsigned seen = 0;

	// every 7th byte past the lead: either the structure breaks or a digest does
	for (gsize at = 96; at < size; at += 7) {
		g_autofree uint8_t *copy = g_memdup2(data, size);
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) damaged = NULL;
		g_autoptr(StrakeRpm) rpm = NULL;

		copy[at] ^= 0x20;
		damaged = g_bytes_new(copy, size);
		rpm = strake_rpm_parse(damaged, &error);
		if (rpm == NULL || !strake_rpm_verify(rpm, &error)) {
			g_assert_nonnull(error);
			seen++;
		}
	}
	// the reserved space and alignment bytes of the signature header carry no meaning
	g_assert_cmpuint(seen, >, (size - 96 - 4500) / 7);
}

static void test_truncation(void)
{
	g_autoptr(GBytes) bytes = make_bytes();
	gsize size = g_bytes_get_size(bytes);

	for (gsize cut = 0; cut < size - 1; cut += 11) {
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(bytes, 0, cut);
		g_autoptr(GError) error = NULL;
		g_autoptr(StrakeRpm) rpm = strake_rpm_parse(part, &error);

		g_assert_true(rpm == NULL || !strake_rpm_verify(rpm, &error));
		g_assert_nonnull(error);
	}
}

static void test_bad_values(void)
{
	static const struct {
		const char *name, *version, *release, *path, *want;
	} cases[] = {
		{"a b", "1",   "1", "/x",      "'a b' cannot be the name"      },
		{"a",   "1-2", "1", "/x",      "'1-2' cannot be an RPM version"},
		{"a",   "1",   "",  "/x",      "'' cannot be an RPM release"   },
		{"a",   "1",   "1", "/x/../y", "is not a clean absolute path"  },
		{"a",   "1",   "1", "x",       "is not a clean absolute path"  },
		{"a",   "1",   "1", "/same",   "has '/same' twice"             },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(StrakeRpmPackage) package = strake_rpm_package_new(
			cases[i].name, cases[i].version, cases[i].release, "noarch");
		g_autoptr(GBytes) text = g_bytes_new_static("x", 1);
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) bytes = NULL;

		g_test_message("%s", cases[i].want);
		strake_rpm_package_add_content(package, "/same", 0644, text);
		strake_rpm_package_add_content(package, cases[i].path, 0644, text);
		bytes = strake_rpm_package_to_bytes(package, 3, &error);
		g_assert_null(bytes);
		g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, cases[i].want));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rpm/round-trip", test_round_trip);
	g_test_add_func("/rpm/same-bytes", test_same_bytes);
	g_test_add_func("/rpm/damage", test_damage_is_seen);
	g_test_add_func("/rpm/truncation", test_truncation);
	g_test_add_func("/rpm/bad-values", test_bad_values);
	return g_test_run();
}
