// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From a definition's package list to an installed root tree, and the tools tree that image builds
// share.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/project.h"
#include "repo/keys.h"
#include "store/store.h"

typedef struct {
	StrakeProject *project;
	StrakeStore *store;
	const StrakeKeys *keys;
	const char *const *repositories; // NULL: those of the definition, or the project's own
	int64_t time_s;
} StrakeRootSource;

/** strake_root_choose: packages (StrakePackage) of @def, in installation order. */
GPtrArray *strake_root_choose(const StrakeRootSource *source, const StrakeImageDef *def,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_root_digest: of the chosen packages, SHA-256 in hex; free with g_free. */
char *strake_root_digest(const GPtrArray *packages);

/** strake_root_install: installs into the empty directory @root. @out_newest_s: newest time of a
 * file in the packages, not later than now; or NULL. */
bool strake_root_install(const StrakeRootSource *source, const StrakeImageDef *def,
	GPtrArray *packages, const char *root, int64_t *out_newest_s,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_root_remove: removes a tree whose files may belong to the ids of the sandbox. */
bool strake_root_remove(const char *root, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_root_shared: the tree of the image @name, made once for each set of packages and kept in
 * the store directory, not to be changed there.
 * @out_packages: what it holds (StrakePackage, in installation order); may be NULL
 * Returns its path, whose last component names its content; free with g_free.
 */
char *strake_root_shared(const StrakeRootSource *source, const char *name, GPtrArray **out_packages,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_root_tools: the shared tree of the image 'tools', whose programs make file systems. */
char *strake_root_tools(const StrakeRootSource *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;
