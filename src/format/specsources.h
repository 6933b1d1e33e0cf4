// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The files that a spec names: Source and Patch tags, %sourcelist and %patchlist, without rpm.
//
// %if is followed where it can be decided; where it cannot (%ifarch, Lua, macros of the build
// root), both branches count, so that the list is rather too long than too short. A macro that
// gets another body in such a branch has none that is known.
#pragma once

#include "format/specfile.h"
#include "format/specmacro.h"

typedef struct {
	bool is_patch;
	size_t line;   // from 0
	char *tag;     // "Source0", NULL for an entry of a list
	char *value;   // expanded: a name or URL
	char *file;    // its last component
	bool complete; // nothing in @value is left unexpanded
} StrakeSpecFile;

/**
 * strake_spec_files: @macros: what is defined outside of the spec (dist, _with_x); the spec's own
 * definitions are added to it. Array of StrakeSpecFile; free with g_array_unref.
 */
GArray *strake_spec_files(const StrakeSpec *spec, StrakeMacros *macros);
