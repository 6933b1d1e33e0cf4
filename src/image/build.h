// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The whole way of one image: choose packages, install them, compose the outputs.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/project.h"
#include "store/store.h"

typedef struct {
	const char *out;       // directory of the outputs; NULL: "images" in the project's output
	const char *keys;      // directory of the keys; NULL: the default
	const char *from_root; // take this tree instead of installing packages; it is changed
	const char *tools;     // take this tools tree instead of composing one
	const char *const *repositories; // NULL: those of the definition, or the project's own
	bool force;                      // build even when nothing changed
	unsigned jobs;                   // 0: one per core
} StrakeImageBuildOptions;

typedef struct {
	bool unchanged; // the outputs were there already
	char *manifest; // path, free with g_free
} StrakeImageBuildResult;

/** strake_image_build: @options: NULL for defaults; @out_result: may be NULL, see _clear. */
bool strake_image_build(StrakeProject *project, StrakeStore *store, const char *name,
	const StrakeImageBuildOptions *options, StrakeImageBuildResult *out_result,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_image_build_result_clear(StrakeImageBuildResult *result);
