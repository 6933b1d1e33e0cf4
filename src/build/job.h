// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One component built from source: rendered, its BuildRequires installed, rpmbuild run, the
// packages put into the store. What was built from the same inputs is taken from there.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "render/workspace.h"
#include "repo/keys.h"

/** 2026-01-01: the time of all sources, and of a build whose spec has no changelog. */
#define STRAKE_BUILD_TIME_S 1767225600

/** What all builds of one run share; everything is borrowed. */
typedef struct {
	StrakeWorkspace *workspace;
	const StrakeKeys *keys;
	const char *public_keys; // armored: that packages of @repository are signed with
	const char *repository;  // rpm-md folder with upstream's packages and those of data only
	const char *work_dir;    // for buildroots
	const char *log_dir;
	unsigned jobs;      // processes of one build, as its make sees them; 0: one per core
	bool force;         // also when it is in the store
	bool trial;         // forced, and not remembered
	bool copy;          // copies of the buildroot instead of overlays
	const char *suffix; // of the logs' names, NULL: none
} StrakeBuildSetup;

/** What a spec says, as rpm in the buildroot reads it. */
typedef struct {
	char *component;
	char **requires; // static BuildRequires, "zlib-devel >= 1.2"
	char **provides; // names of its packages and of what they provide
} StrakeBuildFacts;

void strake_build_facts_free(StrakeBuildFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBuildFacts, strake_build_facts_free)

/** strake_build_facts: thread-safe; rpm is asked once for the same sources and buildroot. */
StrakeBuildFacts *strake_build_facts(const StrakeBuildSetup *setup, const char *component,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A package file that a build made. */
typedef struct {
	char *file_name; // NAME-VERSION-RELEASE.ARCH.rpm
	char *sha256;    // unsigned, in the store
	bool source;
} StrakeBuiltPackage;

void strake_built_package_free(StrakeBuiltPackage *package);
void strake_built_package_clear(StrakeBuiltPackage *package);

/** What came of one build. */
typedef struct {
	char *component;
	unsigned stage;
	bool cached;
	double seconds;
	char *fingerprint;   // of all inputs
	char *log;           // host path
	GPtrArray *packages; // of StrakeBuiltPackage, by file name
} StrakeBuildResult;

void strake_build_result_free(StrakeBuildResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBuildResult, strake_build_result_free)

/**
 * strake_build_component: thread-safe.
 * @stage: 1: upstream's packages are preferred to @own; 2: @own are
 * @own: of StrakeBuiltPackage: what was built before and may be installed; NULL: nothing
 * Errors: those of rendering; NOT_FOUND or FAILED for BuildRequires that cannot be had, explained;
 * FAILED with the last lines of the log and its path; CANCELLED, NO_SPACE.
 */
StrakeBuildResult *strake_build_component(const StrakeBuildSetup *setup, const char *component,
	unsigned stage, GPtrArray *own, GError **error) G_GNUC_WARN_UNUSED_RESULT;
