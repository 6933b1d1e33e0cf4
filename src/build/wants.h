// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which components need which, from their BuildRequires and what these bring.
#pragma once

#include <glib.h>

#include "build/job.h"
#include "build/plan.h"

/**
 * strake_build_wants: what is needed to plan: facts of all of @names, and of each the components
 * whose packages its BuildRequires bring beyond the buildroot.
 * @names: asked for; @more: others that may be needed; both NULL-terminated
 * @left_out: NULL, or takes a sentence (char *) for each component that cannot be built as it is (its
 * sources are not to be had, an overlay does not apply, ...) and that is left out for it
 * Returns an array of StrakeBuildWant, sorted, that frees its items.
 * Errors: without @left_out, those of any component; CANCELLED.
 */
GPtrArray *strake_build_wants(const StrakeBuildSetup *setup, char *const *names, char *const *more,
	GPtrArray *left_out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
