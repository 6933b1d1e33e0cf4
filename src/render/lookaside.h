// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Source files that are not in a repository: of the lookaside cache of a distro, or of an address
// that the definitions give. All that are missing are fetched at once into the store.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/digest.h"
#include "render/tree.h"
#include "store/store.h"

typedef struct StrakeLookaside StrakeLookaside;

StrakeLookaside *strake_lookaside_new(void);
void strake_lookaside_free(StrakeLookaside *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeLookaside, strake_lookaside_free)

/**
 * strake_lookaside_add: one more file. @name: plain; @uri: NULL when it cannot be fetched, and
 * @missing (may be NULL) then says what to do when it is not there either.
 * Errors: INVALID for a hash type that is not known or a hash that is not one.
 */
bool strake_lookaside_add(StrakeLookaside *files, const char *name, const char *hash_type,
	const char *hash, const char *uri, const char *missing,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_lookaside_obtain: puts all of them into @out, from the store or fetched.
 * @from: directory where files are looked for before they are fetched, or NULL
 * Errors: OFFLINE, NOT_FOUND, INTEGRITY for other bytes than listed, NO_SPACE, CANCELLED. What
 * arrived stays for the next call.
 */
bool strake_lookaside_obtain(const StrakeLookaside *files, StrakeStore *store, bool offline,
	const char *from, StrakeFileTree *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
