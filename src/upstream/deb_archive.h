// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One suite of an apt archive, believed: the Release behind a checked signature and the Packages
// and Sources files that it lists, kept in the content store so that later runs need no network.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "format/deb_index.h"
#include "project/project.h"
#include "store/store.h"
#include "upstream/apt_config.h"

typedef struct {
	char *suite; // as the definition asks for it
	char *date;  // of the Release, as written
	char *inrelease_sha256;
	char *note; // what the user should know of its dates, or NULL
	StrakeDebIndex *index;
	StrakeDebIndex *sources; // of source packages, NULL unless asked for
} StrakeDebArchive;

typedef struct {
	bool offline;
	bool sources; // read the Sources files as well, which costs 60 MB of mapped text
} StrakeDebArchiveOptions;

/**
 * strake_deb_archive_open: the suite of @upstream as it is now, or offline as it was when it was
 * last verified here.
 * @config: NULL when offline only
 * @now_s: seconds since 1970, to judge dates
 * Errors: INTEGRITY (signature, dates, digests), NOT_FOUND (no such suite or component), OFFLINE
 * (nothing was verified yet), those of strake_download_*.
 */
StrakeDebArchive *strake_deb_archive_open(StrakeStore *store, const StrakeUpstream *upstream,
	const StrakeAptConfig *config, const StrakeDebArchiveOptions *options, int64_t now_s,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_archive_free(StrakeDebArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebArchive, strake_deb_archive_free)
