// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The overlay engine: overlays on a spec and its sources, all or nothing.
// Behaviour, type by type: docs/overlays.md.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "format/specfile.h"
#include "overlay/sources.h"
#include "project/overlay_def.h"

/** strake_overlay_style_parse: "azldev" or "preserving"; NULL is azldev. Errors: INVALID. */
bool strake_overlay_style_parse(const char *word, StrakeOverlayStyle *out, GError **error);

/** strake_overlay_edits_spec, _edits_files: which half an overlay has; patch-* have both. */
bool strake_overlay_edits_spec(StrakeOverlayType type);
bool strake_overlay_edits_files(StrakeOverlayType type);

/**
 * strake_overlay_apply_spec: the spec half of one overlay, in memory. On failure @spec is as it
 * was, but for line ends in azldev style.
 * Errors: NOT_FOUND where something in the spec is missing, INVALID, LIMIT; the message says
 * neither file nor type of the overlay and names the nearest text that would have matched.
 */
bool strake_overlay_apply_spec(StrakeSpec *spec, const StrakeOverlay *overlay,
	StrakeOverlayStyle style, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	StrakeOverlayStyle style;
	const char *sources; // directory that file, patch and archive overlays work on; NULL: none
	StrakeSources *memory; // instead of @sources: files in memory; borrowed
	bool spec_only;        // without @sources: patch-* edit the spec only
} StrakeOverlayOptions;

typedef struct StrakeOverlayResult StrakeOverlayResult;

/**
 * strake_overlay_apply: all of @overlays (of StrakeOverlay) in order: archives first, then the
 * spec and loose files. Nothing on disk changes yet. Overlays of the package-* kinds are skipped.
 * @spec: the spec's bytes; @spec_name: for messages
 * Errors: INVALID with one line for every overlay that failed.
 */
StrakeOverlayResult *strake_overlay_apply(GBytes *spec, const char *spec_name,
	const GPtrArray *overlays, const StrakeOverlayOptions *options,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_overlay_result_free(StrakeOverlayResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeOverlayResult, strake_overlay_result_free)

/** strake_overlay_result_spec: the spec as edited; borrowed. */
GBytes *strake_overlay_result_spec(const StrakeOverlayResult *result);

/** strake_overlay_result_has_sources: files of a directory are to be edited. */
bool strake_overlay_result_has_sources(const StrakeOverlayResult *result);
/** strake_overlay_result_put_spec: the edited spec becomes file @path of the sources, with them in
 * one step. @mode: of a new file. Only with strake_overlay_result_has_sources. */
bool strake_overlay_result_put_spec(StrakeOverlayResult *result, const char *path, mode_t mode,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_overlay_result_commit: puts the staged files in place, as strake_sources_commit. */
bool strake_overlay_result_commit(
	StrakeOverlayResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
