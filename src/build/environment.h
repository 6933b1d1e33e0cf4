// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which packages a build finds installed: those of the image 'buildroot' and what its
// BuildRequires bring, from upstream's repository and from what was built before.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "build/job.h"
#include "pkg/solve.h"

/** The shared part. */
typedef struct {
	char *tree;          // host path
	GPtrArray *packages; // of StrakePackage
	char *digest;        // of the packages
} StrakeBuildBase;

/** strake_build_base: composed when it is not in the store yet. Thread-safe. */
StrakeBuildBase *strake_build_base(
	const StrakeBuildSetup *setup, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_build_base_free(StrakeBuildBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBuildBase, strake_build_base_free)

/** Repositories that one build may install from. */
typedef struct StrakeBuildPool StrakeBuildPool;

/** strake_build_pool_new: @own: of StrakeBuiltPackage, or NULL; @prefer_own: before upstream's. */
StrakeBuildPool *strake_build_pool_new(const StrakeBuildSetup *setup, GPtrArray *own,
	bool prefer_own, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_build_pool_free(StrakeBuildPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBuildPool, strake_build_pool_free)

/**
 * strake_build_pool_solve: everything that is installed for @requires ("gcc", "zlib-devel >= 1.2",
 * NULL-terminated), the buildroot's packages included; StrakePackage in installation order.
 * @from: who asks, for messages
 * Errors: NOT_FOUND, FAILED, explained.
 */
GPtrArray *strake_build_pool_solve(StrakeBuildPool *pool, const char *const *requires,
	const char *from, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_build_pool_has: whether any package answers to @what. */
bool strake_build_pool_has(StrakeBuildPool *pool, const char *what);
