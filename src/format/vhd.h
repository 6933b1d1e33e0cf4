// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The footer that makes a raw disk a fixed VHD, as clouds take for upload. Dynamic and
// differencing disks are not written or read.
//
// Format: Microsoft "Virtual Hard Disk Image Format Specification" 1.0: 512 bytes, big-endian.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { STRAKE_VHD_FOOTER_BYTES = 512, STRAKE_VHD_ALIGN_BYTES = 1 << 20 };

typedef struct {
	uint64_t size_bytes; // of the disk, a multiple of STRAKE_VHD_ALIGN_BYTES
	int64_t time_s;      // seconds since 1970, not before 2000
	char uuid[37];
} StrakeVhdFooter;

/** strake_vhd_footer_format: Errors: INVALID for a size that is not a multiple of 1 MiB. */
bool strake_vhd_footer_format(const StrakeVhdFooter *footer, uint8_t out[STRAKE_VHD_FOOTER_BYTES],
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_vhd_footer_parse: Errors: TRUNCATED, INVALID (not a fixed VHD), INTEGRITY (checksum). */
bool strake_vhd_footer_parse(const void *data, size_t size, StrakeVhdFooter *out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
