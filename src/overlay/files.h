// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The file half of overlays: loose files and the files in one archive.
#pragma once

#include "overlay/sources.h"
#include "project/overlay_def.h"

/** strake_overlay_apply_files: a loose file-* or patch-* overlay. @archives: names that archive
 * overlays edit too, which a loose one may not touch; set of char *. */
bool strake_overlay_apply_files(StrakeSources *sources, const StrakeOverlay *overlay,
	GHashTable *archives, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_overlay_apply_archive: @overlays (of StrakeOverlay, all for archive @name) in order:
 * read, edited and packed again with the same compression, entry by entry and never unpacked to
 * disk.
 * @failed: where errors go, one for each overlay that failed, owned by the array (of char *), at
 * the overlay's index; NULL where it applied
 * Errors: what is wrong with the archive as a whole.
 */
bool strake_overlay_apply_archive(StrakeSources *sources, const char *name,
	const GPtrArray *overlays, GPtrArray *failed, GError **error) G_GNUC_WARN_UNUSED_RESULT;
