// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A component as the definitions describe it, after inheritance: data only.
// Format: docs/definitions.md, "Components".
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "project/overlay_def.h"

/** One entry of a table of strings. */
typedef struct {
	char *key;
	char *value;
} StrakeNameValue;

typedef struct {
	char *name;
	char *version;  // NULL: the distro's default-version
	char *snapshot; // RFC 3339 text, NULL: none
} StrakeDistroRef;

typedef enum {
	STRAKE_SPEC_UNSET,
	STRAKE_SPEC_UPSTREAM,
	STRAKE_SPEC_LOCAL,
} StrakeSpecType;

typedef struct {
	StrakeSpecType type;
	char *path; // local: absolute path of the spec file
	StrakeDistroRef upstream_distro;
	char *upstream_name;   // NULL: the component's name
	char *upstream_commit; // 7 to 40 hex digits, NULL: by snapshot or branch
} StrakeSpecSource;

typedef enum {
	STRAKE_RELEASE_UNSET, // treat as AUTO
	STRAKE_RELEASE_AUTO,
	STRAKE_RELEASE_AUTORELEASE,
	STRAKE_RELEASE_STATIC,
	STRAKE_RELEASE_MANUAL,
} StrakeReleaseMode;

typedef struct {
	char **with; // NULL or NULL-terminated
	char **without;
	GPtrArray *defines; // of StrakeNameValue, or NULL
	char **undefines;
	bool emit_upstream_provenance;
	struct {
		bool skip;
		char *skip_reason;
	} check;
	struct {
		bool expected;
		char *expected_reason;
	} failure;
	struct {
		bool expensive;
	} hints;
} StrakeBuildOptions;

typedef enum {
	STRAKE_SOURCE_ORIGIN_UNSET,
	STRAKE_SOURCE_ORIGIN_DOWNLOAD,
	STRAKE_SOURCE_ORIGIN_CUSTOM,
	STRAKE_SOURCE_ORIGIN_OVERLAY,
	STRAKE_SOURCE_ORIGIN_DEB,  // extension: the orig tarball of a package of a deb upstream
	STRAKE_SOURCE_ORIGIN_TREE, // extension: files of the project itself
} StrakeSourceOrigin;

typedef enum {
	STRAKE_HASH_UNSET,
	STRAKE_HASH_SHA256,
	STRAKE_HASH_SHA512,
} StrakeHashType;

typedef struct {
	StrakeOrigin at; // where it is written
	char *filename;
	char *hash; // lower-case hex, or NULL
	StrakeHashType hash_type;
	struct {
		StrakeSourceOrigin type;
		char *uri;
		char *script;
		char **mock_packages;
		char **inputs;
		char *source;   // deb: name of the source package
		char *file;     // deb: glob of one of its files, NULL: the orig tarball
		char *upstream; // deb: an [upstreams] name, NULL: that of the distro version
		char *path;     // tree: absolute path of the directory
		char **files;   // tree: globs below it
	} origin;
	bool replace_upstream;
	char *replace_reason;
} StrakeSourceFile;

typedef struct {
	char *rpm_channel;
	char *srpm_channel;
	char *debuginfo_channel;
	char *channel; // the old name of rpm-channel, packages only
} StrakePublish;

typedef struct {
	char *name;
	StrakeOrigin at;
	StrakePublish publish;
} StrakePackageConfig;

typedef struct {
	char *name;
	StrakeOrigin origin; // of the component's own table; file NULL: not defined, all inherited
	GPtrArray *overlays; // of StrakeOverlay, in order of application; after
			     // strake_project_resolve never NULL and with those of overlay-files
	char **overlay_files; // the patterns, as written
	bool allow_unhandled; // bridged: accepted although a script part is not understood
	char *allow_reason;

	StrakeSpecSource spec;
	StrakeReleaseMode release_calculation;
	bool skip_file_filter; // render.skip-file-filter
	StrakeBuildOptions build;
	GPtrArray *source_files; // of StrakeSourceFile, or NULL
	GPtrArray *packages;     // of StrakePackageConfig, or NULL
	StrakePublish publish;
	StrakePackageConfig default_package; // of its packages, older form of publish
	char **override;                     // extension: inherited keys that were dropped
	char **groups; // after resolving: the groups it is in, sorted; NULL: none

	StrakeArena *arena; // private: what resolving allocated
} StrakeComponent;

void strake_component_free(StrakeComponent *component);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeComponent, strake_component_free)

/**
 * strake_component_macros: the text of NAME.azl.macros that the build options give, or NULL when
 * they give none (no error) or the name cannot be part of a file name (INVALID).
 * @provenance: macros to add last, of StrakeNameValue, or NULL
 * Free with g_free. Format: docs/definitions.md, "Build options".
 */
char *strake_component_macros(
	const StrakeComponent *component, GPtrArray *provenance, GError **error);
