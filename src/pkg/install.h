// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Installs packages into a root directory: their signatures are checked first, then file
// conflicts and disk space, then files are written and the rpm database is filled. No script or
// trigger runs. The same packages give the same tree and the same database, byte for byte.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "pkg/solve.h"

typedef struct {
	const char *public_key; // armored; NULL: packages are not verified (tests only)
	const char *database;   // inside the root; NULL: "/var/lib/rpm", as the image's own rpm
	const char *const *languages; // "de", "pt_BR"; NULL: all; { NULL }: none but untranslated
	const char *const *exclude_paths; // "/usr/share/man": left out with all below; NULL: none
	const char *const *exclude_globs; // of absolute paths, left out too; NULL: none
	const char
		*layers; // existing folder where unpacked packages are kept and shared; NULL: none
	bool no_docs;    // leave out files marked as documentation
	bool upgrade;    // packages replace older and newer ones of their name that are there
	int64_t time_s;  // install time of every package
	uint64_t reserve_bytes; // space that must be left over
} StrakeInstallOptions;

typedef struct {
	unsigned packages;
	uint64_t files;
	uint64_t bytes;   // written
	int64_t newest_s; // newest time of a file in the packages
} StrakeInstallResult;

/**
 * strake_install: into @root, which is empty or holds what an earlier call put there. Called
 * inside a sandbox (base/sandbox.h) as its root user, so that owners can be set; see
 * strake_install_sandboxed. On error or a signal the tree is not usable and is to be removed.
 * @packages: StrakePackage, in order
 * Errors: INTEGRITY (unsigned, wrong key, damaged), FAILED (file conflicts: all are listed),
 * NO_SPACE before anything is written.
 */
bool strake_install(const char *root, GPtrArray *packages, const StrakeInstallOptions *options,
	StrakeInstallResult *out_result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_install_sandboxed: strake_install in a sandbox of its own that keeps the host's root;
 * @root's files then have the owners that the sandbox's ids map to. */
bool strake_install_sandboxed(const char *root, GPtrArray *packages,
	const StrakeInstallOptions *options, StrakeInstallResult *out_result,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_install_note_missing: records in the database that files which match @globs and are not
 * there were left out on purpose, as rpm itself does for documentation: "rpm -V" is silent about
 * them. Called in a sandbox, with the tree complete.
 */
bool strake_install_note_missing(const char *root, const char *database, const char *const *globs,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_install_apply_owners: gives installed files their owners by name, for names that only
 * the image's own /etc/passwd and /etc/group know, which are made after the packages are there.
 * Modes and file capabilities, which a change of owner clears, are set again. Files that are not
 * there any more are skipped. Called in a sandbox with several owners (needs_owners).
 * @database: as in the options
 * @out_changed: number of files given to somebody other than root; may be NULL
 * Errors: NOT_FOUND listing every user or group that packages name and the image lacks.
 */
bool strake_install_apply_owners(const char *root, const char *database, unsigned *out_changed,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
