// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Feeds and drains the pipes of a child until all are closed. For run.c and sandbox.c only.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/** One pipe that is read to its end. @keep > 0: only about the last @keep bytes are kept. */
typedef struct {
	int fd; // owned by the caller; -1: not wanted
	GByteArray *bytes;
	size_t keep;
} StrakePumpOut;

/**
 * strake_pump: writes @input to @input_fd (closed when done, -1: none) while reading @outs to
 * their ends. When a signal asks us to stop, @child is killed, and the rest is still drained.
 */
bool strake_pump(int input_fd, GBytes *input, StrakePumpOut *outs, size_t n_outs, pid_t child,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_pump_tail: @bytes as valid UTF-8 without trailing white space; free with g_free. */
char *strake_pump_tail(const GByteArray *bytes);

/** strake_wait_child: waitpid through EINTR; *@out_status as waitpid gives it. */
bool strake_wait_child(
	pid_t child, const char *name, int *out_status, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_run_status_error: "NAME failed with status N: tail"; always false. */
bool strake_run_status_error(
	const char *name, int status, const GByteArray *err_bytes, GError **error);
