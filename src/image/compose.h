// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// From a root tree with packages to the finished outputs of a disk image: steps, labels, file
// systems, initrd, signed UKI, partition table, formats, manifest.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/image_def.h"
#include "repo/keys.h"
#include "store/store.h"

typedef struct {
	StrakeStore *store;
	const StrakeKeys *keys;
	const StrakeImageDef *def;
	const char *root;            // host path of the tree; steps change it
	const char *tools;           // host path of the tools tree
	const char *work;            // host path of an existing scratch directory
	const char *out;             // host path of an existing directory for the outputs
	const char *seed;            // SHA-256 in hex of everything that goes into the image
	int64_t time_s;              // date of everything generated
	int64_t keep_s;              // newest time that a package gave a file, or 0
	unsigned jobs;               // 0: one per core
	const char *const *packages; // "NEVRA sha256 bytes" lines for the manifest, or NULL
} StrakeCompose;

/** strake_compose: writes the outputs that the definition asks for into OUT, each whole or not at
 * all, and OUT/NAME.manifest.json behind them. An image without outputs only proves that it can be
 * composed. */
bool strake_compose(const StrakeCompose *compose, GError **error) G_GNUC_WARN_UNUSED_RESULT;
