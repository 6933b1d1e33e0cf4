// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which user and group ids exist in a sandbox. For sandbox.c and its tests.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
	uint32_t start;
	uint32_t count; // 0: there is no range
} StrakeIdRange;

/** strake_sandbox_find_range: the first usable range of @user (a name) or @id in the text of
 * /etc/subuid ("name:start:count" lines); lines that are not of this form are skipped. */
StrakeIdRange strake_sandbox_find_range(const char *text, const char *user, uint32_t id);

/** strake_sandbox_map_ids: writes the id maps of @child, which waits in a new user name space.
 * Errors: FAILED naming the step. */
bool strake_sandbox_map_ids(
	pid_t child, bool needs_owners, GError **error) G_GNUC_WARN_UNUSED_RESULT;
