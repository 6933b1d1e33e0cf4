// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Every deviation from upstream that the definitions state, for a reader who was promised to see
// them all: overlays with their reasons, packages of our own, accepted gaps. Output is text, JSON
// or one HTML page that needs nothing from outside.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/project.h"

/** One deviation. Strings are owned by it. */
typedef struct {
	char *component;   // upstream package or our own; "*": every package
	char *type;        // overlay type, "own-package", "accepted-gap" or "script"
	char *what;        // "renamed to glibc"
	char *description; // why; NULL: not given
	char *file;        // where it is written, below the project's root; NULL: derived
	unsigned line;
	char *category; // of its metadata, NULL: none
	char *upstream_status;
	char **links;   // commits and bugs, NULL: none
	char *diff;     // unified: what all changes of the component make of its files; NULL: none
	char **details; // each thing that @what counts; JSON and HTML only; NULL: none
} StrakeChange;

void strake_change_free(StrakeChange *change);

/** strake_overlay_summary: what the overlay does in a few words; free with g_free. */
char *strake_overlay_summary(const StrakeOverlay *overlay);

/**
 * strake_changes_collect: all changes of @project: first those of every package, then by component
 * name; within one in order of application. Returns an array of StrakeChange.
 */
GPtrArray *strake_changes_collect(
	const StrakeProject *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_changes_text: for a terminal; free with g_free like the two below. */
char *strake_changes_text(const GPtrArray *changes);
char *strake_changes_json(const GPtrArray *changes);
char *strake_changes_markdown(const GPtrArray *changes, const char *title);
/** strake_changes_html: @title: heading of the page. */
char *strake_changes_html(const GPtrArray *changes, const char *title);
