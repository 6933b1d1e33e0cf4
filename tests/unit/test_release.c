// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release numbers and the overlays around a component's own.
#include <string.h>

#include "base/error.h"
#include "overlay/release.h"

static void test_auto(void)
{
	static const struct {
		const char *value;
		bool want;
	} rows[] = {
		{"%autorelease", true},
		{"%{autorelease}", true},
		{"%{?autorelease}", true},
		{"%{autorelease -e asan}", true},
		{"%autorelease -b 3", true},
		{"0.%autorelease", true},
		{"%{autorelease", true},
		{"%{?autorelease:1%{?dist}}", false},
		{"%{!?autorelease:1}", false},
		{"%{autorelease_x}", false},
		{"%autoreleasex", false},
		{"%autorelease}", false},
		{"autorelease", false},
		{"1%{?dist}", false},
		{"", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].value);
		g_assert_cmpint(strake_release_is_auto(rows[i].value), ==, rows[i].want);
	}
}

static void test_bump(void)
{
	static const struct {
		const char *value;
		unsigned n;
		const char *want; // NULL: refused
	} rows[] = {
		{"1", 1, "2"},
		{"1%{?dist}", 3, "4%{?dist}"},
		{"009%{dist}", 1, "10%{dist}"},
		{"5%{?dist}", 0, "5%{?dist}"},
		{"1.2", 1, NULL},
		{"1.", 1, NULL},
		{"17%{x}%{?dist}", 1, NULL},
		{"%{?dist}", 1, NULL},
		{"1%{?dist}.1", 1, NULL},
		{"", 1, NULL},
		{"99999999999999999999", 1, NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *got = strake_release_bump(rows[i].value, rows[i].n, &error);
		g_test_message("%s", rows[i].value);
		g_assert_cmpstr(got, ==, rows[i].want);
		if (rows[i].want == NULL)
			g_assert_nonnull(strstr(error->message, "manual"));
	}
}

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

static void test_modes(void)
{
	static const struct {
		const char *before;
		StrakeReleaseMode mode;
		const char *after; // NULL: refused
	} rows[] = {
		{"Release:  1%{?dist}\n", STRAKE_RELEASE_UNSET, "Release: 3%{?dist}\n"},
		{"release: 1\n", STRAKE_RELEASE_STATIC, "Release: 3\n"},
		{"Release:  %autorelease\n", STRAKE_RELEASE_AUTO, "Release:  %autorelease\n"},
		{"Release:  %autorelease\n", STRAKE_RELEASE_STATIC, NULL},
		{"Release:  1.2\n", STRAKE_RELEASE_AUTO, NULL},
		{"Release:  1.2\n", STRAKE_RELEASE_MANUAL, "Release:  1.2\n"},
		{"Release:  1\n", STRAKE_RELEASE_AUTORELEASE, "Release:  1\n"},
		{"Name: x\n", STRAKE_RELEASE_AUTO, NULL},
		// The last is read, all are written.
		{"%if 1\nRelease: 7\n%else\nRelease: 1\n%endif\n", STRAKE_RELEASE_AUTO,
			"%if 1\nRelease: 3\n%else\nRelease: 3\n%endif\n"},
		{"Release: 1\n%package x\nRelease: 9\n", STRAKE_RELEASE_AUTO,
			"Release: 3\n%package x\nRelease: 9\n"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(StrakeSpec) spec = parse(rows[i].before);
		g_autoptr(GError) error = NULL;
		bool ok = strake_overlay_bump_release(
			spec, rows[i].mode, 2, STRAKE_OVERLAY_STYLE_AZLDEV, &error);
		g_test_message("%s", rows[i].before);
		g_assert_cmpint(ok, ==, rows[i].after != NULL);
		g_assert_true(ok == (error == NULL));
		g_autofree char *got = print(spec);
		g_assert_cmpstr(got, ==, ok ? rows[i].after : rows[i].before);
	}
}

static void test_plan(void)
{
	char tag[] = "BuildRequires", value[] = "gcc", reason[] = "needs a network";
	char name[] = "demo";
	StrakeOverlay own = {.type = STRAKE_OVERLAY_SPEC_ADD_TAG, .tag = tag, .value = value};
	g_autoptr(GPtrArray) overlays = g_ptr_array_new();
	g_ptr_array_add(overlays, &own);
	StrakeComponent component = {.name = name, .overlays = overlays};
	component.build.check.skip = true;
	component.build.check.skip_reason = reason;
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeOverlayPlan) plan = strake_overlay_plan(&component, true, &error);
	static const StrakeOverlayOptions options = {.style = STRAKE_OVERLAY_STYLE_AZLDEV};
	g_autoptr(GBytes) spec =
		g_bytes_new_static("Name: demo\nSource0: a\n\n%check\nmake check\n", 41);

	g_assert_no_error(error);
	g_autoptr(StrakeOverlayResult) result =
		strake_overlay_apply(spec, "demo.spec", plan->overlays, &options, &error);
	g_assert_no_error(error);
	g_autofree char *got = g_strndup(g_bytes_get_data(strake_overlay_result_spec(result), NULL),
		g_bytes_get_size(strake_overlay_result_spec(result)));
	g_assert_cmpstr(got, ==,
		"# This spec file has been modified by azldev to include build configuration "
		"overlays.\n"
		"# Do not edit manually; changes may be overwritten.\n"
		"\n"
		"# All Azure Linux specs with overlays include this macro file, irrespective of "
		"whether new macros have been added.\n"
		"%{load:%{_sourcedir}/demo.azl.macros}\n"
		"\n"
		"Name: demo\n"
		"Source0: a\n"
		"Source9999: demo.azl.macros\n"
		"\n"
		"BuildRequires: gcc\n"
		"%check\n"
		"# Check section disabled: needs a network\n"
		"exit 0\n"
		"\n"
		"make check\n");

	// Without a %check there is nothing to skip.
	g_autoptr(GBytes) none = g_bytes_new_static("Name: demo\n", 11);
	g_assert_null(strake_overlay_apply(none, "demo.spec", plan->overlays, &options, &error));
	g_assert_nonnull(strstr(error->message, "build.check.skip"));
	g_clear_error(&error);

	char bad[] = "a b";
	component.name = bad;
	g_assert_null(strake_overlay_plan(&component, true, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_autoptr(StrakeOverlayPlan) plain = strake_overlay_plan(&component, false, NULL);
	g_assert_nonnull(plain);
	g_assert_cmpuint(plain->overlays->len, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/release/auto", test_auto);
	g_test_add_func("/release/bump", test_bump);
	g_test_add_func("/release/modes", test_modes);
	g_test_add_func("/release/plan", test_plan);
	return g_test_run();
}
