// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Whether a second build, under other conditions, gives the same bytes.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/job.h"

/**
 * strake_build_verify: builds again what @first came of: in another directory, on a copy of the
 * buildroot instead of an overlay (files are listed in another order), with one process at a time,
 * at another time.
 * @own: as it was given to strake_build_component
 * @differences: takes a sentence for each file that differs (char *, the array frees them)
 */
bool strake_build_verify(const StrakeBuildSetup *setup, const StrakeBuildResult *first,
	GPtrArray *own, GPtrArray *differences, GError **error) G_GNUC_WARN_UNUSED_RESULT;
