// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The project's inside, shared by loading, checking and resolving.
#pragma once

#include "base/glob.h"
#include "project/project.h"
#include "project/tables.h"

/** A component whose name is a glob: it stands for every name that no component has. */
typedef struct {
	StrakeGlob *glob;
	const StrakeComponent *component;
} StrakeProjectPattern;

struct StrakeProject {
	StrakeArena *arena; // everything below; guarded by @lock once loading is done
	char *root_path;    // absolute path of the root file
	char *root_dir;
	char *display_dir; // what origins begin with when the file lies below @root_dir
	char *output_dir;
	char *lock_dir;
	bool permissive;
	bool azldev; // the root file is azldev.toml

	StrakeDefinitions all;
	StrakeComponent base;       // what every component inherits
	GHashTable *components;     // name -> StrakeComponent *, borrowed
	GPtrArray *patterns;        // of StrakeProjectPattern, longest first
	GHashTable *component_dirs; // discovered components: name -> directory of the spec
	GHashTable *groups_of;      // component name -> GPtrArray of groups, sorted by name
	GHashTable *sources;        // field address -> StrakeFieldSource *
	GHashTable *file_dirs;      // display name of a file -> its absolute directory

	GMutex lock;
	GHashTable *overlay_files; // absolute path -> StrakeOverlayFile *
};

/** strake_project_check_references: everything that one value says about another. */
void strake_project_check_references(StrakeProject *project, StrakeLoad *load);
void strake_project_check_resources(StrakeProject *project, StrakeLoad *load);
/** strake_project_check_files: that files exist, and rules over resolved components. */
void strake_project_check_files(StrakeProject *project, StrakeLoad *load);
/** strake_project_discover_specs: components from the globs of groups. */
void strake_project_discover_specs(StrakeProject *project, StrakeLoad *load);
/** strake_project_source: where the field at @address was set; @or when nowhere. */
StrakeOrigin strake_project_source(
	const StrakeProject *project, const void *address, StrakeOrigin or_else);
/** strake_project_load_overlay_files: adds those of @component to its overlays. */
bool strake_project_load_overlay_files(
	StrakeProject *project, StrakeComponent *component, GError **error);
/** strake_project_display: @path for messages: relative to the working directory if below it. */
char *strake_project_display(StrakeArena *arena, const char *path);
/** strake_project_parse: one file into @load->arena. NULL with a problem noted. */
const StrakeTomlValue *strake_project_parse(StrakeLoad *load, const char *path);
/** strake_project_resolve_from: as strake_project_resolve; @sources: also notes where each value
 * of the result is from, NULL: does not. */
StrakeComponent *strake_project_resolve_from(
	StrakeProject *project, const char *name, GHashTable *sources, GError **error);
