// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The files that are made of one raw disk, in one pass over it: while a part of the disk is in
// memory it is compressed for qcow2 and copied for VHD, and digested, by all cores. A hole is
// neither read nor written.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int raw_fd;
	int qcow2_fd;   // empty file, or -1: none
	int vhd_fd;     // the same
	int64_t time_s; // in the VHD footer
	const char *vhd_uuid;
	unsigned jobs; // 0: one per core
} StrakeFormats;

/** SHA-256 in hex. */
typedef struct {
	char raw[65];
	char qcow2[65]; // "" when not asked for
	char vhd[65];
} StrakeFormatDigests;

/** strake_formats_write: @formats->raw_fd: the disk, a multiple of 512 bytes. */
bool strake_formats_write(const StrakeFormats *formats, StrakeFormatDigests *out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
