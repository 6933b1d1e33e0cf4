// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// [project], [distros], [upstreams], groups and resources as data.
// Format: docs/definitions.md.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"
#include "project/component.h"

typedef struct {
	char *description;
	char *log_dir; // absolute, like all of these
	char *work_dir;
	char *output_dir;
	char *rendered_specs_dir;
	char *lock_dir;
	StrakeDistroRef default_distro;
	char *default_author_email;
	bool strict;                      // extension: every overlay needs a description
	char **build_groups;              // extension: component groups that are built from source
	StrakeOverlayStyle overlay_style; // extension
} StrakeProjectInfo;

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
	char *suite;            // deb
	char **components;      // deb: { "main" } by default
	char *mirror;           // base URI; NULL: the machine's apt configuration
	char *keyring;          // absolute path; NULL: the Debian archive keyring
	char *architecture;     // as the kind calls it: "amd64", "x86_64"
	GPtrArray *prefer;      // deb: of StrakeNameValue, virtual package -> its provider; or NULL
	char *base_uri;         // rpm-md: of the repository; may hold $basearch and $releasever
	char **mirrors;         // rpm-md: other addresses of the same repository, or NULL
	char *release_ver;      // rpm-md: $releasever; NULL: that of @distro's default version
	char *gpg_key;          // rpm-md: absolute path of a file with armored keys, or NULL
	bool repo_gpg_check;    // rpm-md: repomd.xml must be signed
	bool disable_gpg_check; // rpm-md: packages need no signature
	char *distro; // dist-git: the [distros] entry that says where; rpm-md: whose repos it is
} StrakeUpstream;

/** One input of a distro version: a repository or a set of them. */
typedef struct {
	StrakeOrigin at;
	char *repo; // exactly one of both
	char *set;
} StrakeDistroInput;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	char *release_ver;
	char *dist_git_branch;
	char *mock_config;
	char *mock_config_x86_64;
	char *mock_config_aarch64;
	char *upstream; // extension: an [upstreams] name
	StrakeComponent defaults;
	GPtrArray *rpm_build_inputs; // of StrakeDistroInput, or NULL
	GPtrArray *image_build_inputs;
} StrakeDistroVersion;

typedef struct {
	StrakeOrigin at;
	char *base_uri;
	char **mirrors; // extension: other addresses of the same repository, or NULL
} StrakeDistroRepo;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	char *default_version;
	char *dist_git_base_uri;
	char *lookaside_base_uri;
	bool disable_origins;
	GPtrArray *repos;    // of StrakeDistroRepo, or NULL
	GPtrArray *versions; // of StrakeDistroVersion, or NULL
} StrakeDistro;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	StrakeOverlayMetadata *metadata;
	char **components;
	char **specs;          // globs, absolute
	char **excluded_paths; // globs, absolute
	StrakeComponent defaults;
} StrakeComponentGroup;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	bool build_only; // extension: for building packages, not for the repository
	char **packages;
	StrakePackageConfig defaults;
} StrakePackageGroup;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	char *type; // NULL: "rpm-md"
	char *base_uri;
	char *metalink;
	char *gpg_key;
	bool disable_gpg_check;
	char **arches;
} StrakeRpmRepo;

typedef struct {
	StrakeOrigin at;
	char *name;
	char *subpath;
	char *kind;
} StrakeSubrepo;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	GPtrArray *subrepos; // of StrakeSubrepo
} StrakeRepoTemplate;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	char *template_name;
	char *base_uri;
	char *name_prefix;
	char *gpg_key;
	bool disable_gpg_check;
	char **arches;
	char **subrepos;
} StrakeRepoSet;

typedef struct {
	char *name;
	StrakeOrigin at;
	char *description;
	int type;     // 0: pytest, 1: lisa
	void *pytest; // private
} StrakeTestSuite;
