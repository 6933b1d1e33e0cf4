// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// gpgv as the judge of OpenPGP signatures on indexes.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/file.h"

/**
 * strake_gpgv_run: gpgv in @dir with the keys of @keyring (binary or armored; a binary copy is made
 * in @dir) and @words as its last arguments.
 * Returns its status lines for strake_gpgv_judge. Errors: NOT_FOUND (no gpgv, no keyring), INVALID.
 */
GBytes *strake_gpgv_run(const StrakeTmpdir *dir, const char *keyring, const char *const *words,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_gpgv_judge: whether the status lines tell of at least one good signature and none that is
 * bad. Signatures by keys that the keyring does not have are passed over.
 * @name: of what was signed; @hint: what to do when all keys are unknown
 * Errors: INTEGRITY.
 */
bool strake_gpgv_judge(const char *status, const char *name, const char *hint,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
