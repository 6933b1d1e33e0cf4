// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which packages of an archive must be imported so that a set of names can be installed, through
// relations as the overlays of the project change them. No solver: the question is what to fetch,
// not what goes together.
//
// Order of choice, the same on every machine: a package of our own that is called or provides the
// name; what a rename calls so (in lists and overlays); a package of the archive; what an overlay
// lets provide it; the preferred provider, the provider with the highest priority, the first by
// name; a package that we build from source. Of alternatives, one that is needed anyway wins, else
// the first that exists. Recommends are not followed.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "format/deb_index.h"
#include "project/project.h"

/** One name that somebody wants. */
typedef struct {
	char *name; // new or old package name, or a virtual one
	char *why;  // "image 'vm-base'"
	bool build_only;
} StrakeDebRoot;

void strake_deb_root_free(StrakeDebRoot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebRoot, strake_deb_root_free)

/** strake_deb_roots: what images and package groups of the project name: an array of
 * StrakeDebRoot that frees its elements. */
GPtrArray *strake_deb_roots(const StrakeProject *project, GError **error);

/**
 * strake_deb_closure: @roots as of strake_deb_roots. Those that are build_only come last: they
 * change nothing in what the others choose.
 * @out: a new array of StrakeDebPackage, sorted by name, that frees its elements
 * @out_build_only: the names of those that only build_only roots need; a set that frees them
 * Errors: NOT_FOUND with every name that cannot be had: who needs it, over which packages, and
 * what to do; INVALID for broken stanzas.
 */
bool strake_deb_closure(const StrakeProject *project, const StrakeUpstream *upstream,
	const StrakeDebIndex *index, const GPtrArray *roots, GPtrArray **out,
	GHashTable **out_build_only, GError **error) G_GNUC_WARN_UNUSED_RESULT;
