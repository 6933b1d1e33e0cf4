// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What is in an image, from the headers of its packages: the SPDX document and the owner of every
// file.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "image/report.h"

/**
 * strake_inventory_write: OUT/NAME.spdx.json, and in OUT/NAME.files.txt the owner of each file:
 * "BYTES<tab>PACKAGE<tab>/PATH", PACKAGE "-" for what the build made.
 * @packages: StrakePackage; may be empty
 * @seed: digest that names this build
 */
bool strake_inventory_write(const char *out, const char *name, const GPtrArray *packages,
	const char *seed, int64_t time_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_inventory_report: the space report from OUT/NAME.files.txt.
 * Errors: NOT_FOUND when the image was not built. */
StrakeReport *strake_inventory_report(
	const char *out, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
