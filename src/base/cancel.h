// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Ctrl-C and SIGTERM as a flag that long loops look at.
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

/** strake_cancel_install: from main() only; a second signal ends the process at once. */
void strake_cancel_install(void);
bool strake_cancel_requested(void);
/** strake_cancel_check: false with STRAKE_ERROR_CANCELLED once a signal came. */
bool strake_cancel_check(GError **error) G_GNUC_WARN_UNUSED_RESULT;
