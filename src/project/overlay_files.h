// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A file of overlays read by itself, without a project.
#pragma once

#include <glib.h>

#include "base/arena.h"
#include "project/overlay_def.h"

typedef struct {
	GPtrArray *overlays; // of StrakeOverlay, in the order of the file
	StrakeArena *arena;  // private: holds them all
} StrakeOverlaySet;

/**
 * strake_overlay_set_load: @path: a file of [[overlays]] with an optional [metadata] before them.
 * Errors: INVALID with every problem found, one a line. Free with strake_overlay_set_free; do not
 * free single overlays of it.
 */
StrakeOverlaySet *strake_overlay_set_load(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_overlay_set_free(StrakeOverlaySet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeOverlaySet, strake_overlay_set_free)
