// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Whether an InRelease file may be believed: its signature by gpgv, its dates by apt's rules.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/deb_release.h"
#include "upstream/apt_config.h"

/**
 * strake_deb_verify_signature: the signed text of @inrelease, once at least one signature by a key
 * of @keyring is good and none is bad. Signatures by keys that the keyring does not have are
 * passed over: a suite is signed by several, some younger than the keyring.
 * @name: of the file, for messages
 * Errors: INTEGRITY (not good), NOT_FOUND (no gpgv, no keyring), INVALID.
 */
GBytes *strake_deb_verify_signature(GBytes *inrelease, const char *keyring, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_verify_status: the judgement on gpgv's status lines; apart for its tests. */
bool strake_deb_verify_status(
	const char *status, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_deb_verify_dates: whether the Release is in force at @now_s, by apt's rules as far as
 * @config turns them on. @out_note: words for the user when an expired one is let through (free
 * with g_free), else NULL. Errors: INTEGRITY.
 */
bool strake_deb_verify_dates(const StrakeDebRelease *release, const StrakeAptConfig *config,
	int64_t now_s, const char *name, char **out_note, GError **error) G_GNUC_WARN_UNUSED_RESULT;
