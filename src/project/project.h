// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The definitions as one merged, checked project. Format: docs/definitions.md.
//
// Loading reads every file once; components are resolved on demand (distro version default ->
// project default -> groups in alphabetical order -> component) because there are thousands.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "project/overlay_def.h"

typedef struct StrakeProject StrakeProject;

typedef struct {
	bool permissive;                 // unknown keys warn instead of failing
	const char *const *config_files; // extra --config-file paths, or NULL
} StrakeProjectOptions;

/**
 * strake_project_load: finds the root file (strake.toml, distro/strake.toml or azldev.toml) in
 * @start_dir (NULL: cwd) or above it, loads its includes, merges and validates.
 * Errors: INVALID with "file:line:column: ..." of the first problem.
 */
StrakeProject *strake_project_load(const char *start_dir, const StrakeProjectOptions *options,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_project_free(StrakeProject *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeProject, strake_project_free)

/** strake_project_root: absolute directory of the root file; borrowed. */
const char *strake_project_root(const StrakeProject *project);

// -- upstreams (extension): [upstreams.NAME]

typedef enum {
	STRAKE_UPSTREAM_DEB,
	STRAKE_UPSTREAM_RPM_MD,
	STRAKE_UPSTREAM_DIST_GIT
} StrakeUpstreamKind;

typedef struct {
	char *name;
	StrakeUpstreamKind kind;
	StrakeOrigin origin;
	char *description;
	char *suite;        // deb
	char **components;  // deb: { "main" } by default
	char *mirror;       // base URI; NULL: the machine's apt configuration
	char *keyring;      // absolute path; NULL: the Debian archive keyring
	char *architecture; // deb architecture, "amd64"
} StrakeUpstream;

/** strake_project_upstream: by name; NULL name: the one that the default distro version uses.
 * Borrowed. Errors: NOT_FOUND naming the nearest. */
const StrakeUpstream *strake_project_upstream(
	const StrakeProject *project, const char *name, GError **error);
/** strake_project_upstream_names: sorted, NULL-terminated; free with g_strfreev. */
char **strake_project_upstream_names(const StrakeProject *project);

// -- components

typedef struct {
	char *name;
	StrakeOrigin origin; // of the component's own table; file NULL: not defined, all inherited
	GPtrArray *overlays; // of StrakeOverlay, borrowed from the project, in order of application
	bool allow_unhandled; // bridged: accepted although a script part is not understood
	char *allow_reason;
} StrakeComponent;

/** strake_project_component_names: all, sorted, NULL-terminated; free with g_strfreev. */
char **strake_project_component_names(const StrakeProject *project);
bool strake_project_has_component(const StrakeProject *project, const char *name);
/**
 * strake_project_resolve: the component with everything it inherits; for a bridged package @name
 * is the upstream (Debian) package name, and a name that no table defines resolves to the defaults.
 * Owned by the caller; free with strake_component_free. Thread-safe.
 */
StrakeComponent *strake_project_resolve(
	const StrakeProject *project, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_component_free(StrakeComponent *component);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeComponent, strake_component_free)
