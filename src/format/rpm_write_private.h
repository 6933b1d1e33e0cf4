// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Parts of the RPM writer, for rpm_write.c and its tests only.
#pragma once

#include "format/rpm_header.h"
#include "format/rpm_package.h"

/** strake_rpm_put_files: the file arrays; the files are sorted. Errors: INVALID, LIMIT. */
bool strake_rpm_put_files(StrakeRpmHeaderWriter *writer, const StrakeRpmPackage *package,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpm_put_deps: the dependency arrays, with those that follow from the package itself;
 * sorts the package's lists and drops repeats. */
void strake_rpm_put_deps(StrakeRpmHeaderWriter *writer, StrakeRpmPackage *package);
