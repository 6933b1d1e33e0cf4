// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The file system view of a sandbox. For sandbox.c only.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/sandbox.h"

/** strake_sandbox_mount: called by process 1 of the new name spaces; ends with the wanted "/". */
bool strake_sandbox_mount(const StrakeSandbox *sandbox, GError **error) G_GNUC_WARN_UNUSED_RESULT;
