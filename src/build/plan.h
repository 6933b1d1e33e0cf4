// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which components are built, in which stage, after which others.
//
// Stage 1 builds against upstream's packages: our own are only taken for what upstream lacks.
// Stage 2 builds against our own packages. By itself a component whose BuildRequires no other
// component of ours provides is built once, in stage 1; one that needs others is built once, in
// stage 2, after them. Components that need each other are built in both stages: in stage 2
// against each other's packages of stage 1.
#pragma once

#include <glib.h>
#include <stdbool.h>

/** One component and those of ours that its BuildRequires bring, by index. */
typedef struct {
	char *component;
	GArray *needs; // of guint, sorted; of packages that are there for it
	GArray *only;  // of guint, sorted: those of them that upstream cannot stand in for
	bool wanted;   // asked for; others only when they are needed
} StrakeBuildWant;

typedef enum {
	STRAKE_BUILD_STAGES_AUTO,
	STRAKE_BUILD_STAGE_1,
	STRAKE_BUILD_STAGE_2, // stage 1 of everything first
} StrakeBuildStages;

typedef struct {
	char *name; // "zlib.2"
	char *component;
	unsigned stage;
	bool final;   // the packages of this node are the component's
	char **needs; // names of nodes, sorted
	char **sees;  // names of nodes whose packages may be installed: needs and what those saw
} StrakeBuildNode;

void strake_build_node_free(StrakeBuildNode *node);

/**
 * strake_build_plan: pure. @wants: of StrakeBuildWant, sorted by component
 * Returns an array of StrakeBuildNode in an order that respects their needs.
 * Errors: INVALID naming components that need each other where upstream has nothing to begin with.
 */
GPtrArray *strake_build_plan(
	GPtrArray *wants, StrakeBuildStages stages, GError **error) G_GNUC_WARN_UNUSED_RESULT;
