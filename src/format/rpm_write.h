// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// An RPM v4 package from its value:
//
//     package = lead[96] signature-header pad8 main-header payload
//
// The payload is written first (format/rpm_payload.h), as the header holds its digests; the caller
// then joins front and payload. Format: docs/formats/rpm-package.md.
#pragma once

#include "format/rpm_package.h"
#include "format/rpm_payload.h"

enum { STRAKE_RPM_MAX_FILES = 1 << 20 };
/** A file of this size or more makes sizes 64 bits wide and the payload nameless ("big"). */
#define STRAKE_RPM_LARGE_FILE ((uint64_t)UINT32_MAX)

/**
 * strake_rpm_write_front: all bytes before the payload. Sorts the files and dependencies, adds the
 * self-provides, config() and rpmlib() dependencies as rpmbuild does.
 * @package: every regular file but %ghost has its digest, inode and nlink set
 * @info: of the finished payload; @level: its zstd level, for the header
 * Errors: INVALID when the value breaks a rule of the format (name, version, duplicate path).
 */
GBytes *strake_rpm_write_front(StrakeRpmPackage *package, const StrakeRpmPayloadInfo *info,
	int level, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpm_package_payload: writes the entries of all files whose content is at hand (and
 * directories and links) in header order, and sets their digests and inodes.
 * @first_inode: number of the first entry; what streamed entries used is below it */
bool strake_rpm_package_payload(StrakeRpmPackage *package, StrakeRpmPayload *payload,
	uint32_t first_inode, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_rpm_package_to_bytes: the whole package; every regular file needs @content. */
GBytes *strake_rpm_package_to_bytes(
	StrakeRpmPackage *package, int level, GError **error) G_GNUC_WARN_UNUSED_RESULT;
