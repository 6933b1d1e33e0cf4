// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One component's files: as they are upstream, and as the definitions change them.
#pragma once

#include "format/specmacro.h"
#include "render/tree.h"
#include "render/workspace.h"

/** strake_spec_tree_upstream: its repository's tree, or its directory, with the spec named as the
 * component. Errors: NOT_FOUND without a spec, INVALID for a hostile tree. */
StrakeFileTree *strake_spec_tree_upstream(
	StrakeWorkspace *workspace, StrakePick *pick, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	bool keep_all; // leave files in that the spec does not name
	// Source archives, put beside the other files so that archive overlays find them; NULL:
	// overlays on archives are left out.
	StrakeFileTree *archives;
} StrakeSpecTreeOptions;

/**
 * strake_spec_tree_render: all that rendering does, in memory: macros file, overlays, `sources`,
 * release, changelog, file filter. @pick: with its fingerprint
 * Errors: INVALID with one line for every overlay that failed; the message names the component.
 */
StrakeFileTree *strake_spec_tree_render(StrakeWorkspace *workspace, StrakePick *pick,
	const StrakeSpecTreeOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_spec_tree_macros: what the build options define, for reading the spec; free with
 * strake_macros_free. */
StrakeMacros *strake_spec_tree_macros(const StrakeComponent *component, GError **error);
