// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A component's sources with the files of the lookaside cache: what a build begins with.
#pragma once

#include "render/tree.h"
#include "render/workspace.h"

/**
 * strake_prepare_sources: all files of @pick as rendered, those that its spec does not name
 * included, together with the files that upstream's `sources` lists and those of source-files
 * with an origin; archive overlays applied. From the store when they are there.
 * @from: directory where such files are looked for before they are fetched, or NULL
 * Errors: OFFLINE, NOT_FOUND, INTEGRITY for other bytes than listed or for an archive that its
 * overlays make into something else than its 'hash' says, INVALID.
 */
StrakeFileTree *strake_prepare_sources(StrakeWorkspace *workspace, StrakePick *pick,
	const char *from, GError **error) G_GNUC_WARN_UNUSED_RESULT;
