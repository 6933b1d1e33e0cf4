// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Progress on standard error: one line redrawn on a terminal, elsewhere a line every ten
// seconds; nothing when quiet. Thread-safe; never part of a command's output.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct StrakeProgress StrakeProgress;

/** strake_progress_set_quiet: from main() only, before the first bar. */
void strake_progress_set_quiet(bool quiet);

/** strake_progress_new: @title: "download", "bridge"; @total: units of work, 0 when unknown;
 * @bytes: units are bytes and shown as such. Free with strake_progress_end. */
StrakeProgress *strake_progress_new(const char *title, uint64_t total, bool bytes);
/** strake_progress_add: @units: done since the last call, 0 to say only what is being worked on;
 * @now: that, or NULL for the same as before. */
void strake_progress_add(StrakeProgress *progress, uint64_t units, const char *now);
/** strake_progress_expect: @units more belong to the total. */
void strake_progress_expect(StrakeProgress *progress, uint64_t units);
void strake_progress_end(StrakeProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeProgress, strake_progress_end)

/** strake_say: one line for the person at the terminal, on standard error, unless quiet. */
void strake_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/** strake_warn: as strake_say with "warning: "; shown even when quiet. */
void strake_warn(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** strake_size_text: "3.1 MB", for people; with a plain blank, unlike g_format_size. Free with
 * g_free. */
char *strake_size_text(uint64_t bytes);
