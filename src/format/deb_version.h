// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian version numbers: order, parts, bounds. Nothing about RPM's order, which differs.
// Format: Debian policy 5.6.12:
//
//     version  = [ epoch ":" ] upstream [ "-" revision ]
//     epoch    = 1*DIGIT                      ; 0 when missing
//     upstream = 1*( ALNUM / "." / "+" / "-" / "~" / ":" )   ; "-" only with a revision
//     revision = 1*( ALNUM / "." / "+" / "~" )               ; "0" when missing
#pragma once

#include <glib.h>
#include <stdbool.h>

/** A relation to a bound; the names of policy 7.1: << <= = >= >>. */
typedef enum {
	STRAKE_DEB_OP_NONE, // no version given: every version satisfies it
	STRAKE_DEB_OP_LT,
	STRAKE_DEB_OP_LE,
	STRAKE_DEB_OP_EQ,
	STRAKE_DEB_OP_GE,
	STRAKE_DEB_OP_GT,
} StrakeDebOp;

/** A version in parts; free with strake_deb_version_free. */
typedef struct {
	char *epoch;    // digits without leading zeros, NULL when missing or zero
	char *upstream; // never NULL
	char *revision; // NULL when missing
} StrakeDebVersion;

/**
 * strake_deb_version_compare: dpkg's order; < 0, 0 or > 0. Any text is accepted, as dpkg's lax
 * parser does, so that a damaged version still sorts somewhere; check first where that matters.
 */
int strake_deb_version_compare(const char *a, const char *b);
/** strake_deb_version_compare_n: as above over @a_size and @b_size bytes. */
int strake_deb_version_compare_n(const char *a, size_t a_size, const char *b, size_t b_size);

/** strake_deb_version_satisfies: whether @version stands in relation @op to @bound. */
bool strake_deb_version_satisfies(const char *version, StrakeDebOp op, const char *bound);

/** strake_deb_version_check: the grammar above. Errors: INVALID naming the version and why. */
bool strake_deb_version_check(const char *version, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_deb_version_parse: checks and splits; NULL on error. */
StrakeDebVersion *strake_deb_version_parse(
	const char *version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_deb_version_free(StrakeDebVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebVersion, strake_deb_version_free)

/** strake_deb_op_text: ">=", "<<"; "" for NONE. */
const char *strake_deb_op_text(StrakeDebOp op);
