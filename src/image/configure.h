// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Files that the composer itself writes into a root tree. Called inside the sandbox.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/image_def.h"

/** strake_configure: machine-id, host name, locale, time zone, resolv.conf, unit presets, the
 * certificate bundle, and the definition's own files. */
bool strake_configure(
	int root_fd, const StrakeImageDef *def, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_configure_clean: removes what programs leave behind and what the definition excludes. */
bool strake_configure_clean(
	int root_fd, const StrakeImageDef *def, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_configure_record_presets: writes /var/lib/strake/preset-units, the units that presets have
 * been applied to, one a line. The triggers of strake-triggers apply them to other units only, and
 * add those: nothing that an administrator disables comes back. */
bool strake_configure_record_presets(int root_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
