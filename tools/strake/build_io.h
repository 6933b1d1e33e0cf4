// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What strake build and strake repo publish share: the repository that builds install from, and
// the order given to the builder.
#pragma once

#include "build/driver.h"
#include "cli/command.h"
#include "component_io.h"

typedef struct {
	const char *keys;       // directory, NULL: the default
	const char *upstream;   // NULL: the project's default
	const char *repository; // take this instead of making one
	bool follow;            // what the mirror has now instead of the lock
	bool force;
} BuildIoOptions;

/** All that builds of one run share. */
typedef struct {
	ComponentWork *work; // borrowed
	StrakeKeys *keys;
	char *public_keys;
	char *repository;
	char *out_dir;
	char *work_dir;
	char *log_dir;
	StrakeBuildSetup setup;
} BuildIo;

/** build_io_open: imports what is missing and makes the repository. */
BuildIo *build_io_open(const StrakeGlobals *globals, const BuildIoOptions *options,
	ComponentWork *work, GError **error);
void build_io_free(BuildIo *io);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BuildIo, build_io_free)

/** build_io_names: the components of the project's build-groups, sorted; free with g_strfreev. */
char **build_io_names(StrakeProject *project, GError **error);

typedef struct {
	StrakeBuildStages stages;
	const char *executor; // NULL: local
	bool keep_going;
	GPtrArray *left_out;    // NULL, or for components that cannot be built: strake_build_wants
	GPtrArray *differences; // NULL, or takes those of second builds: strake_build_again
} BuildIoRun;

/** build_io_run: @names and, where they need them, the components of the build-groups; an array of
 * StrakeBuildOutcome. */
GPtrArray *build_io_run(const StrakeGlobals *globals, const BuildIoOptions *options, BuildIo *io,
	char *const *names, const BuildIoRun *run, GError **error);

/** build_io_error: false with the failures of @outcomes as one error; true without any. */
bool build_io_error(const GPtrArray *outcomes, GError **error);

/**
 * build_io_replace: builds the components of the project's build-groups, if there are any, but for
 * those that are expensive (build.hints). Their
 * packages join @packages (char *, SHA-256 in the store, freed by the array) in place of those that
 * have the name of one of them or that one of them obsoletes. When upstream is followed, a
 * component that upstream's move broke is said with a warning, and upstream's packages stay in its
 * place.
 */
bool build_io_replace(const StrakeGlobals *globals, const BuildIoOptions *options,
	GPtrArray *packages, GError **error);
