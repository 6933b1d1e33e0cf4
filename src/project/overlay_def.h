// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One overlay as it is written in TOML: data only. src/project loads and validates it; src/overlay
// applies the spec-*, file-* and patch-* kinds, src/bridge the package-* kinds.
// Format: docs/overlays.md; the azldev kinds are those of azldev's overlay reference.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/error.h"

typedef enum {
	STRAKE_OVERLAY_SPEC_ADD_TAG,
	STRAKE_OVERLAY_SPEC_INSERT_TAG,
	STRAKE_OVERLAY_SPEC_UPDATE_TAG,
	STRAKE_OVERLAY_SPEC_SET_TAG,
	STRAKE_OVERLAY_SPEC_REMOVE_TAG,
	STRAKE_OVERLAY_SPEC_PREPEND_LINES,
	STRAKE_OVERLAY_SPEC_APPEND_LINES,
	STRAKE_OVERLAY_SPEC_SEARCH_REPLACE,
	STRAKE_OVERLAY_SPEC_REMOVE_SECTION,
	STRAKE_OVERLAY_SPEC_REMOVE_SUBPACKAGE,
	STRAKE_OVERLAY_SPEC_SET_MACRO,    // extension: name, value
	STRAKE_OVERLAY_SPEC_REMOVE_MACRO, // extension: name
	STRAKE_OVERLAY_PATCH_ADD,
	STRAKE_OVERLAY_PATCH_REMOVE,
	STRAKE_OVERLAY_FILE_PREPEND_LINES,
	STRAKE_OVERLAY_FILE_SEARCH_REPLACE,
	STRAKE_OVERLAY_FILE_ADD,
	STRAKE_OVERLAY_FILE_REMOVE,
	STRAKE_OVERLAY_FILE_RENAME,
	// Extensions for bridged binary packages. Paths are absolute inside the package.
	STRAKE_OVERLAY_PACKAGE_RENAME,      // value: the new package name
	STRAKE_OVERLAY_PACKAGE_FILE_REMOVE, // file: glob ("/usr/share/doc/**")
	STRAKE_OVERLAY_PACKAGE_FILE_ADD,    // file; one of source, lines, target (symlink); mode,
					 // owner, group, config
	STRAKE_OVERLAY_PACKAGE_FILE_MOVE,         // file, replacement (absolute)
	STRAKE_OVERLAY_PACKAGE_SET_ATTR,          // file: glob; mode, owner, group, capability
	STRAKE_OVERLAY_PACKAGE_ADD_DEPENDENCY,    // kind, value ("name >= 1-0")
	STRAKE_OVERLAY_PACKAGE_REMOVE_DEPENDENCY, // kind, value: glob over the dependency's name
	STRAKE_OVERLAY_PACKAGE_ADD_USER,          // lines: sysusers.d(5) lines
	STRAKE_OVERLAY_PACKAGE_ADD_TMPFILES,      // lines: tmpfiles.d(5) lines
	STRAKE_OVERLAY_PACKAGE_ENABLE_UNIT, // value: unit; state: "enable" (default), "disable"
	STRAKE_OVERLAY_PACKAGE_ALTERNATIVE, // file: the link, target: what it points to
	STRAKE_OVERLAY_PACKAGE_NOTE_SCRIPT, // script, sha256 of its residue: nothing of it is
					    // needed
	STRAKE_OVERLAY_N_TYPES,
	STRAKE_OVERLAY_INVALID = -1,
} StrakeOverlayType;

/** How edits are written; [project] overlay-style. */
typedef enum {
	STRAKE_OVERLAY_STYLE_UNSET,      // treat as AZLDEV
	STRAKE_OVERLAY_STYLE_AZLDEV,     // byte for byte what azldev writes
	STRAKE_OVERLAY_STYLE_PRESERVING, // alignment, line ends and section borders are kept
} StrakeOverlayStyle;

/** Why a change exists; azldev's [metadata]. Strings are the words of the definition language. */
typedef struct {
	char *category;
	char *upstream_status;
	char **commits; // URLs, NULL-terminated or NULL
	char **bugs;
} StrakeOverlayMetadata;

/** Every field may be NULL or zero where its type does not use it; the loader has checked which
 * are required. What the loader made is owned by the project or StrakeOverlaySet as a whole;
 * strake_overlay_free is only for overlays that code made with g_new0 and g_strdup. */
typedef struct {
	StrakeOverlayType type;
	StrakeOrigin origin; // of the overlay's table
	char *description;
	StrakeOverlayMetadata *metadata; // shared by the overlays of one file, NULL: none

	char *tag;
	char *value;
	char *section;
	char *package;
	char **lines; // without newlines, NULL-terminated
	char *regex;  // RE2 syntax, checked at load
	char *replacement;
	bool expand;  // extension: \1 in @replacement is the first group
	int count;    // extension: exact number of replacements wanted; 0: at least one
	char *before; // extension: regex anchors for prepend-lines and append-lines
	char *after;
	char *name;    // extension: macro name
	char *file;    // name or glob below the sources, or absolute path in a package
	char *source;  // absolute path of the file to copy
	char *archive; // source archive that a file overlay edits

	char *kind; // dependency kind: requires recommends suggests supplements enhances provides
		    // conflicts obsoletes
	char *state;
	char *target;
	char *owner;
	char *group;
	char *capability; // text form of cap_from_text(3)
	int mode;         // permission bits, -1: not given
	bool config;      // %config(noreplace)
	bool optional;    // extension: not an error when it matches nothing
	char *script;     // preinst postinst prerm postrm config
	char *sha256;
} StrakeOverlay;

void strake_overlay_free(StrakeOverlay *overlay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeOverlay, strake_overlay_free)

/** strake_overlay_type_name: "spec-add-tag"; never NULL for a valid type. */
const char *strake_overlay_type_name(StrakeOverlayType type);
StrakeOverlayType strake_overlay_type_from_name(const char *name);
