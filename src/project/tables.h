// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The tables of the definition language. Private to src/project and its tests.
#pragma once

#include "project/distro_def.h"
#include "project/image_def.h"
#include "project/overlay_def.h"
#include "project/schema.h"

/** One file, or all of them merged. */
typedef struct {
	char **includes;
	StrakeProjectInfo project;
	StrakeComponent default_component;
	StrakePackageConfig default_package;
	GPtrArray *distros; // each NULL or of the struct that its name says
	GPtrArray *upstreams;
	GPtrArray *components;
	GPtrArray *component_groups;
	GPtrArray *package_groups;
	GPtrArray *images;
	GPtrArray *test_suites;
	struct {
		GPtrArray *rpm_repos;
		GPtrArray *templates;
		GPtrArray *sets;
	} resources;
} StrakeDefinitions;

/** An overlay file: metadata once, then overlays. */
typedef struct {
	StrakeOverlayMetadata *metadata;
	GPtrArray *overlays;
} StrakeOverlayFile;

extern const StrakeSchema strake_definitions_schema;
extern const StrakeSchema strake_component_schema;
extern const StrakeSchema strake_package_schema;
extern const StrakeSchema strake_overlay_schema;
extern const StrakeSchema strake_metadata_schema;
extern const StrakeSchema strake_overlay_file_schema;
extern const StrakeSchema strake_distro_ref_schema;
extern const StrakeSchema strake_image_schema;

/** strake_overlay_check_unused: a problem for every key that the overlay's type does not use. */
void strake_overlay_check_unused(StrakeLoad *load, const StrakeOverlay *o, GHashTable *sources);

/** strake_tables_init: fills what is made from other tables; call before any use. Thread-safe. */
void strake_tables_init(void);
