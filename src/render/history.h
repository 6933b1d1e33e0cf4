// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The history that a rendered spec's release number and changelog come from: upstream's commits
// with those of the project between and on top of them. No clock: a state that is not committed
// is dated like the newest commit and says so in words.
#pragma once

#include "format/autospec.h"
#include "format/specfile.h"
#include "format/specmacro.h"
#include "render/workspace.h"

#define STRAKE_HISTORY_DIRTY "Changes of the definitions that are not committed"

/** strake_history_n_changes: how often the project changed what @pick is made from. */
unsigned strake_history_n_changes(const StrakeWorkspace *workspace, const StrakePick *pick);

/**
 * strake_history_autospec: release number and changelog of @pick.
 * @spec: as edited; @macros: with what is defined for it from outside; consumed by the expansion
 */
bool strake_history_autospec(StrakeWorkspace *workspace, StrakePick *pick, const StrakeSpec *spec,
	StrakeMacros *macros, StrakeAutospec *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_history_upstream_release: what upstream's %autorelease is at the commit of @pick, without
 * the dist tag: "3", "0.2.rc1". @pick: not local. Free with g_free. */
char *strake_history_upstream_release(
	StrakeWorkspace *workspace, StrakePick *pick, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** What a spec says about its version. */
typedef struct {
	char *epoch_version; // NULL: cannot be told without running macros
	bool prerelease;     // of %autorelease
	unsigned base;
	char *extra;
} StrakeSpecVersion;

/** strake_spec_version: @macros: of outside; gets the spec's own. */
StrakeSpecVersion *strake_spec_version(const StrakeSpec *spec, StrakeMacros *macros);
void strake_spec_version_free(StrakeSpecVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeSpecVersion, strake_spec_version_free)
