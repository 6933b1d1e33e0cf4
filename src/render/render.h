// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The tree of rendered specs: DIR/FIRST LETTER/NAME/, each component's directory whole and in one
// step. What did not change since it was rendered is not rendered again.
#pragma once

#include "render/workspace.h"

typedef enum {
	STRAKE_RENDER_UNCHANGED,
	STRAKE_RENDER_WRITTEN, // or would be, with @check_only
	STRAKE_RENDER_FAILED,  // what was there stays
	STRAKE_RENDER_REMOVED, // of no component any more
} StrakeRenderStatus;

typedef struct {
	char *name;
	char *dir; // below the root of rendered specs
	StrakeRenderStatus status;
	bool dirty;  // holds changes that are not committed
	char *error; // NULL: none
} StrakeRendered;

typedef struct {
	const char *dir;  // NULL: [project] rendered-specs-dir
	bool check_only;  // writes nothing
	bool clean_stale; // also removes directories of components that are gone
	unsigned jobs;
} StrakeRenderOptions;

/**
 * strake_render_all: @names: source components.
 * Returns an array of StrakeRendered in the order of @names; failures are in there.
 * Errors: what stops all of them: CANCELLED, no directory.
 */
GPtrArray *strake_render_all(StrakeWorkspace *workspace, char *const *names,
	const StrakeRenderOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_render_dir: "a/alsa-lib" of a component; free with g_free. */
char *strake_render_dir(const char *name);
