// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Where the parts of an RPM v4 package file are, a few header values, and a signature header with
// one more tag. Nothing of the payload is looked at.
//
//     package   = lead(96) signature-header pad-to-8 header payload
//     header    = 8e ad e8 01 00000000 be32:entries be32:bytes entry{entries} data{bytes}
//     entry     = be32:tag be32:type be32:offset be32:count
//
// Format: rpm's manual, "RPM v4 package format".
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** Offsets from the file's start, in bytes. */
typedef struct {
	size_t signature; // always 96
	size_t header;
	size_t payload; // and the header's end
} StrakeRpmLayout;

enum {
	STRAKE_RPM_SIGTAG_DSA = 267,
	STRAKE_RPM_SIGTAG_RSA = 268,
	STRAKE_RPM_SIGTAG_SHA256 = 273,
	STRAKE_RPM_TAG_BUILDTIME = 1006,
	STRAKE_RPM_TAG_PAYLOADDIGEST = 5092,
};

/**
 * strake_rpm_layout: @data: the file or its beginning, as far as the header's end
 * @name: for messages
 * Errors: INVALID, TRUNCATED.
 */
bool strake_rpm_layout(const uint8_t *data, size_t size, const char *name, StrakeRpmLayout *out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpm_header_u32: the first value of a 32-bit @tag in the header that starts at @data;
 * false when it is not there. */
bool strake_rpm_header_u32(const uint8_t *data, size_t size, uint32_t tag, uint32_t *out);
/** strake_rpm_header_string: the first string of @tag, borrowed from @data, or NULL. */
const char *strake_rpm_header_string(const uint8_t *data, size_t size, uint32_t tag);
bool strake_rpm_header_has(const uint8_t *data, size_t size, uint32_t tag);

/**
 * strake_rpm_signature_set: the signature header at @data (@size bytes, padding allowed) as a new
 * one that holds @tag with @value and no other OpenPGP signature, padded to 8 bytes.
 * Returns owned bytes, NULL on error. Errors: INVALID, TRUNCATED.
 */
GBytes *strake_rpm_signature_set(const uint8_t *data, size_t size, uint32_t tag, GBytes *value,
	const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
