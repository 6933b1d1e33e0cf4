// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Release files of an apt archive: what a suite holds, with digests. The signature is checked
// elsewhere, before this.
// Format: https://wiki.debian.org/DebianRepository/Format, "Release files"; a control stanza whose
// SHA256 field has lines of digest, size and path.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	char sha256[65];
	uint64_t size;
} StrakeDebReleaseFile;

typedef struct {
	char *suite;           // "testing", NULL: not given
	char *codename;        // "forky", NULL: not given
	char *date;            // as written
	int64_t date_s;        // seconds since 1970
	char *valid_until;     // as written, NULL: not given
	int64_t valid_until_s; // when given
	bool by_hash;
	GHashTable *files; // path below the suite -> StrakeDebReleaseFile *
} StrakeDebRelease;

/** strake_deb_release_parse: @name: for messages. Errors: INVALID with the line. */
StrakeDebRelease *strake_deb_release_parse(
	const char *text, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_release_free(StrakeDebRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebRelease, strake_deb_release_free)

/** strake_deb_release_file: borrowed, NULL: not listed with a SHA-256. */
const StrakeDebReleaseFile *strake_deb_release_file(
	const StrakeDebRelease *release, const char *path);

/** strake_deb_date_parse: "Fri, 30 Oct 2026 08:08:01 UTC" (RFC 1123; UTC, GMT, Z or +0000). */
bool strake_deb_date_parse(const char *text, int64_t *out_seconds);

/**
 * strake_deb_clearsign_check: whether @text is one OpenPGP clear-signed message and nothing
 * around it, so that no unsigned line can pass for a signed one. Errors: INVALID.
 */
bool strake_deb_clearsign_check(
	const char *text, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
