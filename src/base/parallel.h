// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One function over many items on all cores, with the first error kept.
#pragma once

#include <glib.h>
#include <stdbool.h>

/** Works on item @index; called from several threads at once. */
typedef bool (*StrakeParallelFunc)(size_t index, void *data, GError **error);

/**
 * strake_parallel_for: calls @func for 0..@count-1 on up to @jobs threads (0: one per core), in
 * rising order of start. After the first failure or a signal no new item starts.
 * Returns false with the error of the failed item that has the lowest index, so that the same
 * input always reports the same error.
 */
bool strake_parallel_for(size_t count, unsigned jobs, StrakeParallelFunc func, void *data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
