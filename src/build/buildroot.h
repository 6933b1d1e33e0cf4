// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The tree that one build runs in: the shared buildroot below, never changed, and what this build
// installs and writes on top, thrown away afterwards. Nothing of the host is visible inside.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/run.h"

/** Where specs, sources and results are, inside. */
#define STRAKE_BUILD_DIR "/builddir"

typedef struct StrakeBuildroot StrakeBuildroot;

typedef struct {
	const char *base;   // host path of the shared tree
	const char *parent; // host directory for what is written; made when missing
	bool copy;          // a whole copy even where an overlay can be made
} StrakeBuildrootOptions;

/** strake_buildroot_new: an overlay on the base where the kernel and the file system allow one,
 * else a copy. */
StrakeBuildroot *strake_buildroot_new(
	const StrakeBuildrootOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_buildroot_free: removes all that was written. */
void strake_buildroot_free(StrakeBuildroot *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBuildroot, strake_buildroot_free)

/** strake_buildroot_dir: host path of the directory that is STRAKE_BUILD_DIR inside. */
const char *strake_buildroot_dir(const StrakeBuildroot *root);

/**
 * strake_buildroot_install: adds packages (StrakePackage, in order); those of a name that is
 * installed replace it.
 * @public_key: that their signatures are checked with
 * Errors: those of strake_install.
 */
bool strake_buildroot_install(StrakeBuildroot *root, GPtrArray *packages, const char *public_key,
	int64_t time_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_buildroot_run: a program inside, without network, in STRAKE_BUILD_DIR, as
 * strake_sandbox_run. */
bool strake_buildroot_run(const StrakeBuildroot *root, const StrakeRun *run, GBytes **out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
