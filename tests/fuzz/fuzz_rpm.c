// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Two targets in one: any bytes through the RPM reader, and a package made from those bytes
// through writer and reader, which must agree.
#include <string.h>

#include "base/path.h"
#include "format/rpm_sign.h"
#include "format/rpm_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A package with a signature put in reads back, and doing so again changes nothing. */
static void sign(const StrakeRpm *rpm)
{
	g_autoptr(GBytes) signature = g_bytes_new_static("signature", 9);
	g_autoptr(GBytes) once = strake_rpm_signature_set(rpm, signature);
	g_autoptr(GByteArray) package = g_byte_array_new();
	g_autoptr(GBytes) joined = NULL;
	g_autoptr(GBytes) twice = NULL;
	g_autoptr(StrakeRpm) again = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;
	const uint8_t *data = g_bytes_get_data(rpm->bytes, &size);

	g_assert_cmpuint(g_bytes_get_size(once) % 8, ==, 0);
	g_byte_array_append(package, data, 96);
	g_byte_array_append(package, g_bytes_get_data(once, NULL), g_bytes_get_size(once));
	g_byte_array_append(package, data + rpm->header_offset, size - rpm->header_offset);
	joined = g_byte_array_free_to_bytes(g_steal_pointer(&package));
	again = strake_rpm_parse(joined, &error);
	g_assert_no_error(error);
	g_assert_true(strake_rpm_header_has(again->signature, 268));
	twice = strake_rpm_signature_set(again, signature);
	g_assert_true(g_bytes_equal(once, twice));
}

static void read_bytes(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(StrakeRpm) rpm = strake_rpm_parse(bytes, &error);

	g_assert_true((rpm != NULL) == (error == NULL));
	if (rpm == NULL)
		return;
	for (size_t i = 0; i < strake_rpm_n_files(rpm) && i < 100; i++)
		g_free(strake_rpm_file_path(rpm, i));
	g_free(strake_rpm_nevra(rpm));
	g_assert_true(strake_rpm_verify(rpm, &error) == (error == NULL));
	sign(rpm);
}

/* Each line of the input becomes a file or a dependency, chosen by its first byte. */
static StrakeRpmPackage *package_of(const char *text)
{
	StrakeRpmPackage *package = strake_rpm_package_new("fuzz", "1", "1", "noarch");
	g_auto(GStrv) lines = g_strsplit(text, "\n", 100);

	for (char **line = lines; *line != NULL; line++) {
		g_autoptr(GBytes) content = g_bytes_new(*line, strlen(*line));
		if (**line == '/')
			strake_rpm_package_add_content(package, *line, 0644, content);
		else if (**line == '>')
			strake_rpm_package_add_link(package, *line + 1, *line);
		else if (**line != '\0')
			strake_rpm_package_add_dep(package,
				(guchar) * *line % STRAKE_RPM_N_DEP_KINDS, *line, *line, 8);
	}
	return package;
}

static void round_trip(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, MIN(size, 4096));
	g_autoptr(StrakeRpmPackage) package = package_of(text);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = strake_rpm_package_to_bytes(package, 1, &error);
	g_autoptr(StrakeRpm) rpm = NULL;

	g_assert_true((bytes != NULL) == (error == NULL));
	if (bytes == NULL)
		return;
	rpm = strake_rpm_parse(bytes, &error);
	g_assert_no_error(error);
	g_assert_true(strake_rpm_verify(rpm, &error));
	sign(rpm);
	g_assert_cmpuint(strake_rpm_n_files(rpm), ==, package->files->len);
	for (guint i = 0; i < package->files->len; i++) {
		const StrakeRpmFile *file = package->files->pdata[i];
		g_autofree char *path = strake_rpm_file_path(rpm, i);
		g_assert_cmpstr(path, ==, file->path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_bytes(data, size);
	round_trip(data, size);
	return 0;
}
