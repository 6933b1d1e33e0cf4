// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Reads RPM v4 packages that rpm_write.h wrote (or rpmbuild, of the last ten years). Checks the
// structure and, on demand, the digests; signatures are rpm's business.
#pragma once

#include "format/rpm_header.h"
#include "format/rpm_tags.h"

typedef struct {
	GBytes *bytes; // the whole package
	StrakeRpmHeader *signature;
	StrakeRpmHeader *header;
	size_t header_offset, payload_offset;
} StrakeRpm;

/** strake_rpm_parse: @bytes is referenced; the payload is not looked at.
 * Errors: INVALID, TRUNCATED, LIMIT. */
StrakeRpm *strake_rpm_parse(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_rpm_free(StrakeRpm *rpm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeRpm, strake_rpm_free)

/** strake_rpm_verify: the header's SHA-256, the payload's digest and the package's size.
 * Errors: INTEGRITY. */
bool strake_rpm_verify(const StrakeRpm *rpm, GError **error) G_GNUC_WARN_UNUSED_RESULT;

size_t strake_rpm_n_files(const StrakeRpm *rpm);
/** strake_rpm_file_path: of file @index; NULL beyond the last; free with g_free. */
char *strake_rpm_file_path(const StrakeRpm *rpm, size_t index);
/** strake_rpm_nevra: "name-[epoch:]version-release.arch"; free with g_free. */
char *strake_rpm_nevra(const StrakeRpm *rpm);
