// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Other programs, run by argument vector; never through a shell.
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *const *argv; // NULL-terminated; argv[0] is looked up on PATH
	const char *cwd;         // NULL: ours
	const char *const *env;  // "NAME=value" added to ours, NULL-terminated or NULL
	bool clear_env;          // start from an empty environment (PATH is kept)
	GBytes *input;           // standard input, NULL: /dev/null
	int input_fd;            // > 0: becomes standard input instead, borrowed; sandbox only
	int *exit_status;        // NULL: any but 0 is an error; else written, and no error
	int log_fd;              // > 0: standard output and error go there, none to the caller
} StrakeRun;

/**
 * strake_run: runs to the end.
 * @out_stdout: its standard output, or NULL to drop it; written on success
 * Errors: FAILED with the exit status and the last lines of its standard error; CANCELLED.
 */
bool strake_run(
	const StrakeRun *run, GBytes **out_stdout, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_run_argv: strake_run of @argv with nothing else set. */
bool strake_run_argv(const char *const *argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
