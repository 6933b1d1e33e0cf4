// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Kernel modules as they are loaded, for a file system that compresses: compressed twice they are
// larger there, and an image update that changes a few bytes of each would change all of each.
#pragma once

#include <glib.h>
#include <stdbool.h>

/** strake_plain_modules: below usr/lib/modules; depmod is to be run afterwards. In the sandbox. */
bool strake_plain_modules(int root_fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;
