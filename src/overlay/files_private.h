// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Shared by loose files and files in archives.
#pragma once

#include "overlay/files.h"

/** strake_overlay_replace_bytes: file-search-replace on one file's content. @out: the new content,
 * NULL when it is the same; @out_count: number of replacements, 0 when it is the same. */
bool strake_overlay_replace_bytes(
	const StrakeOverlay *o, GBytes *in, GBytes **out, size_t *out_count, GError **error);

/** strake_overlay_check_count: whether @n replacements in all files satisfy the overlay. */
bool strake_overlay_check_count(const StrakeOverlay *o, size_t n, GError **error);
