// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// build.emit-upstream-provenance: which version and release of Fedora a component comes from, as
// macros for specs that state it (SBAT metadata of boot loaders).
#pragma once

#include "render/workspace.h"

/** strake_provenance_dist: ".fc43", NULL when @pick gets no such macros; free with g_free. */
char *strake_provenance_dist(const StrakeWorkspace *workspace, const StrakePick *pick);

/**
 * strake_provenance_macros: "fedora_upstream_version" and "fedora_upstream_release" of upstream's
 * @spec, before any overlay, as StrakeNameValue; empty when @pick does not ask for them or its
 * upstream is no numbered release of Fedora. The dist tag is Fedora's; other macros stay as they
 * stand and are expanded where they are used; %autorelease is counted over upstream's history.
 */
GPtrArray *strake_provenance_macros(StrakeWorkspace *workspace, StrakePick *pick, GBytes *spec,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
