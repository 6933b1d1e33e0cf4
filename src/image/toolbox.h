// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Programs that write file systems, run from a tools tree in a sandbox, so that every host gives
// the same bytes.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** Where the work directory of a build is inside of the sandbox. */
#define STRAKE_TOOLBOX_WORK "/build"

typedef struct {
	const char *root; // the tools tree, "/" inside; read-only
	const char *work; // host directory, STRAKE_TOOLBOX_WORK inside, writable
	int64_t time_s;   // SOURCE_DATE_EPOCH
} StrakeToolbox;

/** strake_toolbox_run: as strake_sandbox_run. @input_fd: standard input, 0: none; @out: or NULL. */
bool strake_toolbox_run(const StrakeToolbox *toolbox, const char *const *argv, int input_fd,
	GBytes **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
