// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A component's sources with the files of the lookaside cache, and what the definitions change in
// them as a diff.
#pragma once

#include "render/tree.h"
#include "render/workspace.h"

/**
 * strake_prepare_sources: all files of @pick as rendered, those that its spec does not name
 * included, together with the files that upstream's `sources` lists and those of source-files
 * with an origin to download or of a deb upstream; archive overlays applied. From the store when
 * they are there. Errors: OFFLINE, INTEGRITY for other bytes than listed, INVALID.
 */
StrakeFileTree *strake_prepare_sources(
	StrakeWorkspace *workspace, StrakePick *pick, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_diff_sources: unified diff of upstream's files and the rendered ones, "" when they are
 * the same; without archives. Free with g_free. */
char *strake_diff_sources(
	StrakeWorkspace *workspace, StrakePick *pick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
