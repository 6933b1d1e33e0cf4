// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Debian versions as RPM versions, in an order that stays Debian's. Format: docs/bridge.md,
// "Versions":
//
//     [epoch:]upstream[-revision]  ->  [epoch:] upstream' "-" revision'     ("0" without revision)
//     x'                            =  x with "-" as ".", "+" as "^", ":" as "."
//     a package's own release       =  revision' "^~br" N
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** How often the bridge has changed what it makes of the same input. Part of every release. */
enum { STRAKE_BRIDGE_REVISION = 1 };

typedef struct {
	int64_t epoch; // -1: none
	char *version;
	char *release;       // without the bridge's suffix
	char *bound_release; // in a dependency
} StrakeBridgeVersion;

/** strake_bridge_version: Errors: INVALID when @deb_version is none. */
StrakeBridgeVersion *strake_bridge_version(
	const char *deb_version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_bridge_version_free(StrakeBridgeVersion *version);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeBridgeVersion, strake_bridge_version_free)

/** strake_bridge_bound: "epoch:version-release" for use in a dependency; free with g_free. */
char *strake_bridge_bound(const char *deb_version, GError **error) G_GNUC_WARN_UNUSED_RESULT;
