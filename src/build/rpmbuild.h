// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// rpmbuild of the distribution, inside a buildroot: the same bytes whatever the machine, the user
// and the time.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/buildroot.h"
#include "render/tree.h"

typedef struct {
	StrakeBuildroot *root;
	const char *spec; // file name
	int log_fd;       // takes all output
	unsigned jobs;    // processes at once
	int64_t time_s;   // of sources, and newest of packaged files
} StrakeRpmbuild;

/** strake_rpmbuild_prepare: the macros, and the sources with one fixed time. */
bool strake_rpmbuild_prepare(const StrakeRpmbuild *build, StrakeFileTree *tree,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What is passed to rpmbuild. */
typedef enum {
	STRAKE_RPMBUILD_SOURCE,  // -bs: the source package; nothing else need be installed
	STRAKE_RPMBUILD_DYNAMIC, // -br: %generate_buildrequires
	STRAKE_RPMBUILD_ALL,     // -ba
} StrakeRpmbuildStep;

/**
 * strake_rpmbuild_run:
 * @out_missing: DYNAMIC: that there are BuildRequires which are not installed; else may be NULL
 * Errors: FAILED with the exit status; the log has the reason.
 */
bool strake_rpmbuild_run(const StrakeRpmbuild *build, StrakeRpmbuildStep step, bool *out_missing,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpmbuild_requires: the BuildRequires of the source package that @step made, "NAME" or
 * "NAME >= EVR", sorted, NULL-terminated; free with g_strfreev. */
char **strake_rpmbuild_requires(const StrakeRpmbuild *build, StrakeRpmbuildStep step,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpmbuild_provides: names of the packages of the spec and what they provide by its words;
 * free with g_strfreev. */
char **strake_rpmbuild_provides(
	const StrakeRpmbuild *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpmbuild_results: paths of packages below strake_buildroot_dir, by file name; of char *.
 */
GPtrArray *strake_rpmbuild_results(
	const StrakeRpmbuild *build, GError **error) G_GNUC_WARN_UNUSED_RESULT;
