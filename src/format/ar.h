// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The common ar archive, as far as .deb files use it: plain members one after the other, no long
// names, no symbol table.
// Format: ar(5), deb(5):
//
//     archive = "!<arch>" LF *( header data [ LF ] )    ; data is padded to an even size
//     header  = name[16] mtime[12] uid[6] gid[6] mode[8] size[10] "`" LF
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cursor.h"

typedef struct {
	char name[17]; // without padding and without one trailing slash
	const uint8_t *data;
	size_t size;
} StrakeArMember;

/** strake_ar_begin: checks the magic at @cursor and steps over it. @name: for messages. */
bool strake_ar_begin(
	StrakeCursor *cursor, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_ar_next: the member at @cursor, borrowed from its bytes; *@out_found is false at the
 * end. Errors: TRUNCATED, INVALID (header, number, name, padding).
 */
bool strake_ar_next(StrakeCursor *cursor, const char *name, StrakeArMember *out, bool *out_found,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
