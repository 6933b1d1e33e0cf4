// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Enrolment into OVMF's own empty store where it is installed, and refusals.
#include "format/efi_vars.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

static const char *const store_path = "/usr/share/OVMF/OVMF_VARS_4M.fd";

static void test_enrol(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) fresh = strake_file_read_at(AT_FDCWD, store_path, 1 << 24, NULL);
	const StrakeEfiCertificate certificate = {"certificate", 11};
	g_autoptr(GBytes) enrolled = NULL;
	g_autoptr(GBytes) again = NULL;
	g_auto(GStrv) before = NULL;
	g_auto(GStrv) after = NULL;

	if (fresh == NULL) {
		g_test_skip("no OVMF on this machine");
		return;
	}
	before = strake_efi_vars_names(fresh, &error);
	g_assert_no_error(error);
	enrolled = strake_efi_vars_enrol(fresh, &certificate, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(enrolled), ==, g_bytes_get_size(fresh));
	after = strake_efi_vars_names(enrolled, &error);
	g_assert_cmpuint(g_strv_length(after), ==, g_strv_length(before) + 4);
	for (const char *const *name = (const char *const[]){"PK", "KEK", "db", NULL};
		*name != NULL; name++)
		g_assert_true(g_strv_contains((const char *const *)after, *name));
	again = strake_efi_vars_enrol(enrolled, &certificate, &error);
	g_assert_null(again);
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_EXISTS);
}

static void test_no_room(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) fresh = strake_file_read_at(AT_FDCWD, store_path, 1 << 24, NULL);
	g_autofree char *huge = g_malloc0(1 << 20);
	const StrakeEfiCertificate certificate = {huge, 1 << 20};

	if (fresh == NULL) {
		g_test_skip("no OVMF on this machine");
		return;
	}
	g_assert_null(strake_efi_vars_enrol(fresh, &certificate, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_LIMIT);
}

static void test_not_a_store(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *zeros = g_malloc0(4096);
	g_autoptr(GBytes) bytes = g_bytes_new(zeros, 4096);
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);

	g_assert_null(strake_efi_vars_names(bytes, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(strake_efi_vars_names(empty, &error));
	g_assert_error(error, STRAKE_ERROR, STRAKE_ERROR_INVALID);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/format/efi-vars/enrol", test_enrol);
	g_test_add_func("/format/efi-vars/no-room", test_no_room);
	g_test_add_func("/format/efi-vars/not-a-store", test_not_a_store);
	return g_test_run();
}
