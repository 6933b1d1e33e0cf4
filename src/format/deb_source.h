// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One source package of a Sources file: its version and the files that it is made of.
// Format: Debian policy 5.4 and 5.6.21 (deb-src-control); in a Sources file `Package` is the name
// and `Directory` where the files stand below the mirror:
//
//     Checksums-Sha256 = *( LF " " SHA256 " " SIZE " " NAME )
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/deb_index.h"

typedef struct {
	char *name; // plain file name
	char *sha256;
	uint64_t size; // bytes
} StrakeDebSourceFile;

/** Free with strake_deb_source_free. */
typedef struct {
	char *name;
	char *version;
	char *directory;  // clean path below the mirror
	bool extra;       // kept only because some binary package still refers to it
	GPtrArray *files; // of StrakeDebSourceFile, in the order of the stanza
} StrakeDebSource;

void strake_deb_source_free(StrakeDebSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebSource, strake_deb_source_free)

/** strake_deb_source_at: parses stanza @id of an index of Sources files. Errors: INVALID with file
 * and line. */
StrakeDebSource *strake_deb_source_at(
	const StrakeDebIndex *index, StrakeDebId id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_source_newest: the newest version of source package @name; NULL in *@out when there
 * is none. Errors: those of strake_deb_source_at. */
bool strake_deb_source_newest(const StrakeDebIndex *index, const char *name, StrakeDebSource **out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_deb_source_pick: the upstream tarball of @source: NAME_VERSION.orig.tar.* or, of a native
 * package, NAME_VERSION.tar.*; with @glob the one file whose name matches. Borrowed.
 * Errors: NOT_FOUND listing the files, INVALID for a broken glob or several matches.
 */
const StrakeDebSourceFile *strake_deb_source_pick(
	const StrakeDebSource *source, const char *glob, GError **error) G_GNUC_WARN_UNUSED_RESULT;
