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
#include "project/component.h"
#include "project/distro_def.h"
#include "project/image_def.h"
#include "project/overlay_def.h"

typedef struct StrakeProject StrakeProject;

typedef struct {
	bool permissive;     // unknown keys warn instead of failing
	bool check_files;    // also resolve everything and look whether named files exist
	bool no_user_config; // leave $XDG_CONFIG_HOME/strake/config.toml out
	const char *const *config_files; // extra --config-file paths, or NULL
} StrakeProjectOptions;

/**
 * strake_project_load: finds the root file (strake.toml, distro/strake.toml or azldev.toml) in
 * @start_dir (NULL: cwd) or above it, loads its includes, merges and validates. Without one there
 * and without @start_dir, an installed program takes PREFIX/share/strake/distro.
 * Errors: NOT_FOUND when there is no root file; INVALID with "file:line:column: ..." of every
 * problem found, one a line, at most 20.
 */
StrakeProject *strake_project_load(const char *start_dir, const StrakeProjectOptions *options,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_project_free(StrakeProject *project);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeProject, strake_project_free)

/** strake_project_root: absolute directory of the root file; borrowed. */
const char *strake_project_root(const StrakeProject *project);
/** strake_project_relative: @file of an origin as a path below the root, so that output does not
 * depend on where the project lies; borrowed from @file. */
const char *strake_project_relative(const StrakeProject *project, const char *file);
/** strake_project_info: [project]; borrowed. */
const StrakeProjectInfo *strake_project_info(const StrakeProject *project);
/** strake_project_output_dir: absolute; "out" beside the root by default; borrowed. */
const char *strake_project_output_dir(const StrakeProject *project);
/** strake_project_lock_dir: absolute directory of the lock files; borrowed. */
const char *strake_project_lock_dir(const StrakeProject *project);

// -- distros

/** strake_project_distro: by name, NULL: [project] default-distro. Borrowed. Errors: NOT_FOUND. */
const StrakeDistro *strake_project_distro(
	const StrakeProject *project, const char *name, GError **error);
/** strake_project_distro_version: @ref NULL: the default distro; a missing version is the distro's
 * default-version. Borrowed. Errors: NOT_FOUND. */
const StrakeDistroVersion *strake_project_distro_version(
	const StrakeProject *project, const StrakeDistroRef *ref, GError **error);

// -- upstreams (extension): [upstreams.NAME]

/** strake_project_upstream: by name; NULL name: the one that the default distro version uses.
 * Borrowed. Errors: NOT_FOUND naming the nearest. */
const StrakeUpstream *strake_project_upstream(
	const StrakeProject *project, const char *name, GError **error);
/** strake_project_upstream_names: sorted, NULL-terminated; free with g_strfreev. */
char **strake_project_upstream_names(const StrakeProject *project);

// -- components: the struct is in project/component.h

/** strake_project_component_names: all, sorted, NULL-terminated; free with g_strfreev. */
char **strake_project_component_names(const StrakeProject *project);
bool strake_project_has_component(const StrakeProject *project, const char *name);
/**
 * strake_project_resolve: the component with everything it inherits; for a bridged package @name
 * is the upstream (Debian) package name, and a name that no table defines resolves to the first
 * component whose own name is a glob that matches ("linux-image-*-cloud-amd64"; of several the
 * longest), else to the defaults.
 * Owned by the caller; free with strake_component_free before the project. Thread-safe.
 * Errors: INVALID with the place, when its overlay files are wrong.
 */
StrakeComponent *strake_project_resolve(
	const StrakeProject *project, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_project_is_built: whether @component (resolved) is in one of the groups that [project]
 * build-groups names. */
bool strake_project_is_built(const StrakeProject *project, const StrakeComponent *component);
/** strake_component_is_data: whether @component (resolved) is a local one of no component group: the
 * buildroot itself needs those, so they are made without it. One that is in a group is built in the
 * buildroot if the project builds that group, and else not at all. */
bool strake_component_is_data(const StrakeComponent *component);

// -- images: the struct is in project/image_def.h

/** strake_project_image_names: sorted, NULL-terminated; free with g_strfreev. */
char **strake_project_image_names(const StrakeProject *project);
/** strake_project_image: borrowed. Errors: NOT_FOUND naming the nearest. */
const StrakeImageDef *strake_project_image(
	const StrakeProject *project, const char *name, GError **error);

// -- package groups: the struct is in project/distro_def.h

/** strake_project_package_groups: of StrakePackageGroup, in the order of the files; borrowed;
 * NULL: none. */
const GPtrArray *strake_project_package_groups(const StrakeProject *project);

// -- the whole as JSON

typedef struct {
	bool origins;  // "@origins" objects with the place of every value
	bool resolved; // components with everything that they inherit
} StrakeProjectDump;

/** strake_project_dump: all definitions merged, as JSON text that ends with a newline. The same
 * project gives the same bytes wherever it lies. Free with g_free. Single-threaded. */
char *strake_project_dump(StrakeProject *project, const StrakeProjectDump *what, GError **error);
/** strake_project_dump_component: one resolved component, as a JSON object. */
char *strake_project_dump_component(
	StrakeProject *project, const char *name, bool origins, GError **error);
/** strake_project_schema: the JSON Schema (2020-12) of definition files. Free with g_free. */
char *strake_project_schema(void);
