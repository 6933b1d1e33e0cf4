// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Packages (and Sources) files as a table in memory: 70,000 packages found by name or by what they
// provide, in 16 bytes each beside the mapped text. Stanzas are parsed when they are asked for.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/deb_control.h"

typedef struct StrakeDebIndex StrakeDebIndex;

/** A package's number, stable for the life of the index; NONE: no package. */
typedef uint32_t StrakeDebId;
#define STRAKE_DEB_ID_NONE UINT32_MAX

/** What an import needs to know of one package; free with strake_deb_package_free. */
typedef struct {
	StrakeDebId id;
	char *name;
	char *version;
	char *architecture;
	char *filename; // clean path below the mirror
	char *sha256;
	uint64_t size;
	int priority; // 0 required, 1 important, 2 standard, 3 optional, 4 other
	bool essential;
	StrakeOrigin origin; // of the stanza; file borrowed from the index
	GPtrArray *depends;  // of StrakeDebRelationGroup: Pre-Depends, then Depends
	GPtrArray *provides; // of StrakeDebRelationGroup, one alternative each
} StrakeDebPackage;

void strake_deb_package_free(StrakeDebPackage *package);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebPackage, strake_deb_package_free)

StrakeDebIndex *strake_deb_index_new(void);
void strake_deb_index_free(StrakeDebIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebIndex, strake_deb_index_free)

/**
 * strake_deb_index_add: adds the stanzas of @packages (referenced, at most 4 GiB).
 * @name: of the file, for messages; copied
 * Errors: INVALID with file and line; the index is then as before but for its size.
 */
bool strake_deb_index_add(StrakeDebIndex *index, GBytes *packages, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

uint32_t strake_deb_index_size(const StrakeDebIndex *index);

/** strake_deb_index_find: the first package called @name, or NONE; further ones (other versions)
 * by strake_deb_index_next. */
StrakeDebId strake_deb_index_find(const StrakeDebIndex *index, const char *name);
StrakeDebId strake_deb_index_next(const StrakeDebIndex *index, StrakeDebId id);
/** strake_deb_index_name: borrowed text of the file. */
StrakeDebSlice strake_deb_index_name(const StrakeDebIndex *index, StrakeDebId id);

/** strake_deb_index_providers: appends the packages (StrakeDebId) whose Provides names @name, in
 * the order of the files. */
void strake_deb_index_providers(const StrakeDebIndex *index, const char *name, GArray *out);

/** strake_deb_index_reader: a reader of stanzas that stands before that one; the index must outlive
 * it. Free with strake_deb_control_free. */
StrakeDebControl *strake_deb_index_reader(const StrakeDebIndex *index, StrakeDebId id);

/** strake_deb_index_package: parses the stanza. Errors: INVALID with file and line. */
StrakeDebPackage *strake_deb_index_package(
	const StrakeDebIndex *index, StrakeDebId id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_index_nearest: the package name nearest to @asked; borrowed; NULL: none is near. */
StrakeDebSlice strake_deb_index_nearest(const StrakeDebIndex *index, const char *asked);
