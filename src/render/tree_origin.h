// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Source archives made of the project's own files: source-files with an origin of type "tree".
// Format: ustar, entries by path below one directory named after the archive, owner root, one time
// for all, mode 0644 or 0755. The same files give the same bytes.
#pragma once

#include <glib.h>

#include "project/component.h"

/**
 * strake_tree_origin_archive: the archive of @file, whose origin is of type "tree".
 * Errors: INVALID for a glob, NOT_FOUND when one matches nothing, LIMIT (256 MiB).
 */
GBytes *strake_tree_origin_archive(
	const StrakeSourceFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
