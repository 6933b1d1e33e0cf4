// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// A root directory as an OCI image: a layout directory, and one archive that both OCI and Docker
// clients read.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/oci.h"
#include "image/layer.h"

typedef struct {
	StrakeLayer layer;
	char manifest_sha256[65]; // what a registry calls the image's digest
	char archive_sha256[65];
	uint64_t archive_bytes;
} StrakeOciResult;

/**
 * strake_oci_write: packs the tree below @root_fd into "NAME.oci/" (layout) and "NAME.oci.tar"
 * (archive) in @out_fd; both replace older ones and appear whole or not at all.
 * @name: file name part; @reference: "strake/container-base:1"
 */
bool strake_oci_write(int root_fd, int out_fd, const char *name, const char *reference,
	const StrakeOciConfig *config, StrakeOciResult *out_result,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
