// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Specs in and out of commands.
#pragma once

#include <glib.h>
#include <stdbool.h>

/** strake_spec_io_read: a whole spec; "-" is standard input. */
GBytes *strake_spec_io_read(const char *path, GError **error);
/** strake_spec_io_print: to standard output, unchanged. */
bool strake_spec_io_print(GBytes *bytes, GError **error);
