// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Whether a package file is signed by a key, judged by librpm.
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * strake_package_verify: the header signature of the package at @path, by one of the keys in
 * @public_key (armored blocks one after another).
 * @label: what messages call an upstream's package; NULL: one of ours, called by its path
 * Not thread-safe. Errors: INTEGRITY (unsigned, another key, damaged), NOT_FOUND.
 */
bool strake_package_verify(const char *path, const char *label, const char *public_key,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
