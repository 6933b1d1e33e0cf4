// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// "Did you mean": the known word that is nearest to a mistyped one.
#pragma once

/**
 * strake_nearest: the entry of @words (NULL-terminated) with the least edit distance to @asked.
 * Returns NULL when none is near enough to be worth naming (a third of the length, at least 2).
 */
const char *strake_nearest(const char *asked, const char *const *words);
