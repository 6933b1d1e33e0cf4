// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Between the C and the C++ half of the TOML reader.
#pragma once

#include "base/arena.h"
#include "format/toml.h"

G_BEGIN_DECLS

struct StrakeToml {
	StrakeArena *arena;
	const char *name;
	StrakeTomlValue root;
};

/** strake_toml_check: what toml++ does not refuse by itself: too many dots in a key, which would
 * make it recurse as deep when it frees the tree, and some characters that TOML 1.0 forbids. */
bool strake_toml_check(const char *data, size_t size, const char *name, GError **error);
/** strake_toml_convert: parses with toml++ and fills @toml->root from it. */
bool strake_toml_convert(StrakeToml *toml, const char *data, size_t size, GError **error);

G_END_DECLS
