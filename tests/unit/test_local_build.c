// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Local packages: the same bytes from two directories, the store's answer the second time, other
// bytes after a change, and errors that carry rpmbuild's words. Needs rpmbuild and user name
// spaces; skipped where a sandbox cannot be made.
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "build/local.h"

static const char spec[] = "Name: sample\n"
			   "Version: 1\n"
			   "Release: 2\n"
			   "Summary: Sample\n"
			   "License: MIT\n"
			   "Source0: hello\n"
			   "BuildArch: noarch\n"
			   "AutoReqProv: no\n"
			   "%description\n"
			   "Sample.\n"
			   "%install\n"
			   "install -D -p -m 0644 %{SOURCE0} %{buildroot}/usr/share/sample/hello\n"
			   "%files\n"
			   "/usr/share/sample\n";

static bool can_sandbox(void)
{
	static const char *const argv[] = {"rpmbuild", "--version", NULL};
	const StrakeSandbox sandbox = {0};
	const StrakeRun run = {.argv = argv};

	return strake_sandbox_run(&sandbox, &run, NULL, NULL);
}

static char *write_spec(const StrakeTmpdir *dir, const char *text, const char *hello)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(strake_file_write_at(dir->fd, "s.spec", text, strlen(text), 0644, &error));
	g_assert_true(strake_file_write_at(dir->fd, "hello", hello, strlen(hello), 0644, &error));
	return g_build_filename(dir->path, "s.spec", NULL);
}

/** Builds in a fresh store; returns the digest of the only package. */
static char *build_fresh(const char *spec_path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(dir->path, &error);
	const StrakeLocalBuild build = {.spec_path = spec_path};
	g_autoptr(GPtrArray) packages = NULL;
	bool cached = true;

	packages = strake_build_local(store, &build, &cached, &error);
	g_assert_no_error(error);
	g_assert_false(cached);
	g_assert_cmpuint(packages->len, ==, 1);
	g_assert_cmpstr(
		((StrakeLocalPackage *)packages->pdata[0])->file_name, ==, "sample-1-2.noarch.rpm");
	return g_strdup(((StrakeLocalPackage *)packages->pdata[0])->sha256);
}

static void test_same_bytes(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) one = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTmpdir) two = strake_tmpdir_new(NULL, &error);
	g_autofree char *first = NULL, *second = NULL, *changed = NULL;
	g_autofree char *path_one = NULL, *path_two = NULL;

	if (!can_sandbox()) {
		g_test_skip("no user name spaces or no rpmbuild");
		return;
	}
	path_one = write_spec(one, spec, "hello");
	path_two = write_spec(two, spec, "hello");
	first = build_fresh(path_one);
	second = build_fresh(path_two);
	g_assert_cmpstr(first, ==, second);
	g_free(write_spec(two, spec, "other"));
	changed = build_fresh(path_two);
	g_assert_cmpstr(first, !=, changed);
}

static void test_cached(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTmpdir) store_dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(store_dir->path, &error);
	g_autofree char *path = write_spec(dir, spec, "hello");
	g_autoptr(GBytes) content = g_bytes_new_static("k", 1);
	const StrakeLocalExtra extra = {"key", content};
	StrakeLocalBuild build = {.spec_path = path};

	if (!can_sandbox()) {
		g_test_skip("no user name spaces or no rpmbuild");
		return;
	}
	for (int run = 0; run < 3; run++) {
		g_autoptr(GPtrArray) packages = NULL;
		bool cached = false;

		if (run == 2) { // another source: another fingerprint
			build.extras = &extra;
			build.n_extras = 1;
		}
		packages = strake_build_local(store, &build, &cached, &error);
		g_assert_no_error(error);
		g_assert_cmpint(cached, ==, run == 1);
		g_assert_cmpuint(packages->len, ==, 1);
	}
}

static void test_errors(void)
{
	static const struct {
		const char *text;
		const char *expect;
	} rows[] = {
		{"this is no spec\n",						       "s.spec"             },
		{"Name: sample\nVersion: 1\nRelease: 1\nSummary: S\nLicense: MIT\n"
		 "BuildArch: noarch\n%description\nS\n",                   "no package was made"},
		{"Name: sample\nVersion: 1\nRelease: 1\nSummary: S\nLicense: MIT\n"
		 "BuildArch: noarch\n%description\nS\n%files\n/missing\n", "missing"            },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTmpdir) store_dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(store_dir->path, &error);

	if (!can_sandbox()) {
		g_test_skip("no user name spaces or no rpmbuild");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = write_spec(dir, rows[i].text, "hello");
		const StrakeLocalBuild build = {.spec_path = path};

		g_assert_null(strake_build_local(store, &build, NULL, &error));
		g_assert_nonnull(error);
		if (strstr(error->message, rows[i].expect) == NULL)
			g_error("row %zu: %s", i, error->message);
		g_clear_error(&error);
	}
}

static void test_generated_source_in_the_way(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeTmpdir) store_dir = strake_tmpdir_new(NULL, &error);
	g_autoptr(StrakeStore) store = strake_store_open(store_dir->path, &error);
	g_autofree char *path = write_spec(dir, spec, "hello");
	g_autoptr(GBytes) content = g_bytes_new_static("k", 1);
	const StrakeLocalExtra extra = {"hello", content};
	const StrakeLocalBuild build = {.spec_path = path, .extras = &extra, .n_extras = 1};

	g_assert_null(strake_build_local(store, &build, NULL, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/local_build/same_bytes", test_same_bytes);
	g_test_add_func("/local_build/cached", test_cached);
	g_test_add_func("/local_build/errors", test_errors);
	g_test_add_func(
		"/local_build/generated_source_in_the_way", test_generated_source_in_the_way);
	return g_test_run();
}
