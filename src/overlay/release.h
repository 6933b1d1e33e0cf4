// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What is done to every rendered spec around a component's own overlays: the release number, the
// macros file, a skipped %check, the header. Pure functions, in azldev's words.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "format/specfile.h"
#include "overlay/apply.h"
#include "project/component.h"

/** strake_release_is_auto: "%autorelease", "%{autorelease}", "%{autorelease -e x}",
 * "%{?autorelease}", but not "%{?autorelease:1}", "%{!?autorelease}" or "%{autorelease_x}". */
bool strake_release_is_auto(const char *value);

/** strake_release_bump: "3%{?dist}" and 2 is "5%{?dist}"; only "N", "N%{?dist}" and "N%{dist}" can
 * be counted. Errors: INVALID telling to choose release.calculation = "manual". */
char *strake_release_bump(
	const char *value, unsigned n_changes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_spec_release: value of the main package's last Release tag, NULL: none; g_free. */
char *strake_spec_release(const StrakeSpec *spec);

/**
 * strake_overlay_bump_release: does what @mode says (UNSET is AUTO): manual and autorelease leave
 * the spec alone; auto does so where it uses %autorelease, and static refuses that.
 * Errors: NOT_FOUND without a Release tag, INVALID.
 */
bool strake_overlay_bump_release(StrakeSpec *spec, StrakeReleaseMode mode, unsigned n_changes,
	StrakeOverlayStyle style, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** All overlays of a render in order. */
typedef struct {
	GPtrArray *overlays; // of StrakeOverlay, borrowed from @made and from the component
	GPtrArray *made;     // private: owns those that no definition has
} StrakeOverlayPlan;

/**
 * strake_overlay_plan: the load of the macros file and its Source9999, the component's overlays,
 * the skip of %check, the header.
 * @has_macros_file: strake_component_macros gave a text
 * Errors: INVALID when @component's name cannot be part of a file name and a macros file is needed.
 */
StrakeOverlayPlan *strake_overlay_plan(const StrakeComponent *component, bool has_macros_file,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_overlay_plan_free(StrakeOverlayPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeOverlayPlan, strake_overlay_plan_free)

/** strake_overlay_macros_name: "NAME.azl.macros"; g_free. */
char *strake_overlay_macros_name(const char *component);
