// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Two targets in one: any bytes through the RPM reader, and a package made from those bytes
// through writer and reader, which must agree.
#include <string.h>

#include "base/path.h"
#include "format/rpm_read.h"
#include "format/rpm_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
