// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Builds a small local package (architecture-independent, data only) from its spec file with
// rpmbuild, in a sandbox without network, with a macro set of our own: nothing of the host's
// configuration, clock or names gets in. The result depends on the spec's directory, the extra
// files, and the version of rpmbuild. It does not build software: there is no buildroot.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "store/store.h"

/** A source that is not in the spec's directory, such as the public key of the repository. */
typedef struct {
	const char *name; // plain file name
	GBytes *content;
} StrakeLocalExtra;

typedef struct {
	const char *spec_path; // every plain file beside it is a source
	const StrakeLocalExtra *extras;
	size_t n_extras;
} StrakeLocalBuild;

typedef struct {
	char *file_name; // NAME-VERSION-RELEASE.noarch.rpm
	char *sha256;    // of the unsigned package in the store
} StrakeLocalPackage;

void strake_local_package_free(StrakeLocalPackage *package);

/**
 * strake_build_local: the packages that @build's spec makes, sorted by file name; from the store
 * when nothing changed since they were built.
 * @out_cached: whether they came from the store; may be NULL
 * Returns an array of StrakeLocalPackage that frees its items, NULL on error.
 * Errors: INVALID for a spec that names no package, FAILED with rpmbuild's last lines.
 */
GPtrArray *strake_build_local(StrakeStore *store, const StrakeLocalBuild *build, bool *out_cached,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
