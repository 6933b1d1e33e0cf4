// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// All packages of a project in the store: those of an upstream's lock, bridged and unsigned or
// inherited as they are, and the project's local components.
#pragma once

#include "cli/command.h"
#include "project/project.h"
#include "repo/keys.h"
#include "store/store.h"

typedef struct {
	const char *upstream;  // NULL: the project's default
	bool follow;           // what the mirror has now instead of the lock
	bool build;            // also what only building packages needs
	bool skip_refused;     // leave packages with unhandled scripts out, with a warning
	GHashTable *inherited; // NULL, or a set that takes digests (char *) of upstream's RPMs,
			       // which keep its signature
} ProjectPackagesOptions;

/**
 * project_packages: SHA-256 digests of packages in @store, newly allocated, the array frees them.
 * @keys: its public half goes into local packages that ask for RPM-GPG-KEY-strake
 * Errors: those of selecting, fetching, importing and building; FAILED with the unhandled lines of
 * refused packages.
 */
GPtrArray *project_packages(const StrakeGlobals *globals, StrakeProject *project,
	StrakeStore *store, const StrakeKeys *keys, const ProjectPackagesOptions *options,
	GError **error);
