// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What a component is made from, as one digest and as the digests of its parts, so that "why did
// it change?" has an answer.
//
// The parts are the keys that have a value and that can change a result: descriptions, metadata,
// reasons and publishing do not count. A key that gets a default later changes nothing. Files are
// taken by content and name, never by where they lie.
// Format: docs/definitions.md, "Fingerprints and locks".
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/digest.h"
#include "project/component.h"

typedef struct {
	char sha256[STRAKE_DIGEST_HEX_MAX]; // of all parts
	GPtrArray *parts; // of StrakeNameValue: label and SHA-256, sorted by label
} StrakeFingerprint;

/** What is known outside of the definitions; any may be NULL or zero. */
typedef struct {
	const char *release_ver;
	const char *upstream_commit; // when given, spec.* stands for it and is left out
	int manual_bump;
} StrakeFingerprintInputs;

/**
 * strake_component_fingerprint: of a resolved component. Reads the files that it names; for a local
 * spec, all files of its directory.
 * Errors: NOT_FOUND for a missing file; INVALID for a source file without a hash.
 */
StrakeFingerprint *strake_component_fingerprint(const StrakeComponent *component,
	const StrakeFingerprintInputs *inputs, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_fingerprint_free(StrakeFingerprint *fingerprint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeFingerprint, strake_fingerprint_free)

typedef enum { STRAKE_CHANGE_ADDED, STRAKE_CHANGE_REMOVED, STRAKE_CHANGE_CHANGED } StrakeChangeKind;

typedef struct {
	StrakeChangeKind kind;
	char *label;
} StrakeFingerprintChange;

/** strake_fingerprint_compare: what is different from @old (of StrakeNameValue, sorted by label) to
 * @now, by label; elements are freed with the array. */
GPtrArray *strake_fingerprint_compare(const GPtrArray *old, const StrakeFingerprint *now);
