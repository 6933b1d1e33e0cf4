// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The error domain shared by all layers, and helpers that name the object and the cause.
// A code exists only where a caller or a test branches on it.
#pragma once

#include <glib.h>
#include <stdbool.h>

#define STRAKE_ERROR (strake_error_quark())
GQuark strake_error_quark(void);

typedef enum {
	STRAKE_ERROR_FAILED,    // anything that no caller tells apart
	STRAKE_ERROR_NOT_FOUND, // the named object does not exist
	STRAKE_ERROR_EXISTS,    // it exists already
	STRAKE_ERROR_INVALID,   // input breaks its format's rules
	STRAKE_ERROR_TRUNCATED, // input ends too early
	STRAKE_ERROR_LIMIT,     // input is larger than we accept
	STRAKE_ERROR_INTEGRITY, // digest or signature does not fit
	STRAKE_ERROR_NO_SPACE,  // disk full
	STRAKE_ERROR_OFFLINE,   // the network would be needed and may not be used
	STRAKE_ERROR_LOCKED,    // another process holds the lock; exit status 3
	STRAKE_ERROR_CANCELLED, // SIGINT or SIGTERM
	STRAKE_ERROR_USAGE,     // the command line is wrong; exit status 2
	STRAKE_ERROR_REPORTED,  // the command printed its own report; only the exit status is left
} StrakeErrorCode;

/** A place in a text that a person wrote. @line and @column count from 1; 0 is unknown. */
typedef struct {
	const char *file; // borrowed from whoever keeps the text's name, NULL when unknown
	unsigned line;
	unsigned column;
} StrakeOrigin;

/**
 * strake_error_errno: sets "VERB 'NAME': strerror" and returns false, for `return` in one line.
 * @err: an errno value; ENOSPC and EDQUOT become STRAKE_ERROR_NO_SPACE, ENOENT NOT_FOUND
 * @verb: what was tried ("open directory"); @name: on which object
 */
bool strake_error_errno(GError **error, int err, const char *verb, const char *name);

/** strake_error_set: g_set_error in our domain that returns false. */
bool strake_error_set(GError **error, StrakeErrorCode code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/** strake_error_at: as strake_error_set, with "file:line:column: " in front where known. */
bool strake_error_at(GError **error, StrakeErrorCode code, StrakeOrigin at, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
