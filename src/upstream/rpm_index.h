// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The metadata of an rpm-md upstream, believed and kept in the content store: repomd.xml (its
// signature, when asked), the primary metadata by its digest, file lists when somebody needs them.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "pkg/solve.h"
#include "store/store.h"
#include "upstream/rpm_source.h"

typedef struct StrakeRpmIndex StrakeRpmIndex;

/**
 * strake_rpm_index_open: as the mirrors have it now, the first that answers with something good,
 * or with @offline as it was last verified here.
 * @source: borrowed for its life
 * Errors: INTEGRITY, INVALID, LIMIT, NOT_FOUND, OFFLINE, those of downloads.
 */
StrakeRpmIndex *strake_rpm_index_open(StrakeStore *store, const StrakeRpmSource *source,
	bool offline, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_rpm_index_free(StrakeRpmIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpmIndex, strake_rpm_index_free)

/** strake_rpm_index_source: what it was opened with; borrowed. */
const StrakeRpmSource *strake_rpm_index_source(const StrakeRpmIndex *index);
/** strake_rpm_index_has_files: whether every repository lists file lists. */
bool strake_rpm_index_has_files(const StrakeRpmIndex *index);
/** strake_rpm_index_date: of the newest of its repositories; borrowed. */
const char *strake_rpm_index_date(const StrakeRpmIndex *index);
/** strake_rpm_index_sha256: of repomd.xml, or of the digests of several; borrowed. */
const char *strake_rpm_index_sha256(const StrakeRpmIndex *index);

/**
 * strake_rpm_index_load: gives every repository to @solver; their names are "0", "1"...
 * @with_files: file lists too
 */
bool strake_rpm_index_load(StrakeRpmIndex *index, StrakeSolver *solver, bool with_files,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_rpm_index_relative: the location of @package below its repository, borrowed from it;
 * NULL: it leads out of it. */
const char *strake_rpm_index_relative(const StrakeRpmIndex *index, const StrakePackage *package);
