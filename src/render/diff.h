// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the definitions change in a component's files.
#pragma once

#include "render/workspace.h"

/** strake_diff_sources: unified diff of upstream's files and the rendered ones, "" when they are
 * the same; without archives. Free with g_free. */
char *strake_diff_sources(
	StrakeWorkspace *workspace, StrakePick *pick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
