// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Inherited binary RPMs: which ones, and whether those in the store are what they should be.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/project.h"
#include "store/store.h"
#include "upstream/lock.h"
#include "upstream/rpm_index.h"

/**
 * strake_rpm_packages_choose: what @roots (StrakeDebRoot) need, by libsolv; packages of our own
 * come before upstream's and are not among the result.
 * @out: array that takes StrakePin, sorted by name
 * Errors: NOT_FOUND (a name that nothing matches), FAILED (why they do not go together), INTEGRITY
 * (an entry without SHA-256 or with a location that leads elsewhere).
 */
bool strake_rpm_packages_choose(const StrakeProject *project, StrakeRpmIndex *index,
	const GPtrArray *roots, GPtrArray *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_rpm_packages_unchanged: that the project's overlays leave @pins alone: an inherited RPM
 * is kept byte for byte. Errors: INVALID with the place of the overlay and what to do.
 */
bool strake_rpm_packages_unchanged(const StrakeProject *project, const GPtrArray *pins,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_rpm_packages_verify: that each of @pins, all of them in the store, is the package that the
 * lock names, whole, and signed by one of the source's keys. Once for each package and source.
 * Errors: INTEGRITY, INVALID.
 */
bool strake_rpm_packages_verify(StrakeStore *store, const StrakeRpmSource *source,
	const GPtrArray *pins, GError **error) G_GNUC_WARN_UNUSED_RESULT;
