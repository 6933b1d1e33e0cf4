// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The lock of a deb upstream: exactly which packages, by digest. Text in, struct out, and back.
// Format: TOML, docs/upstreams.md: a table [release] and a table [packages] of one line a package,
// sorted by name, so that a diff of two locks reads well.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** One package; free with strake_deb_pin_free. */
typedef struct {
	char *name; // of upstream
	char *version;
	char *architecture;
	char *filename; // below the mirror
	char *sha256;
	uint64_t size; // bytes
} StrakeDebPin;

void strake_deb_pin_free(StrakeDebPin *pin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebPin, strake_deb_pin_free)

typedef struct {
	char *suite;
	char *date; // of the Release, as written there
	char *inrelease_sha256;
	GPtrArray *pins; // of StrakeDebPin, sorted by name
} StrakeDebLock;

StrakeDebLock *strake_deb_lock_new(void);
void strake_deb_lock_free(StrakeDebLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeDebLock, strake_deb_lock_free)

/** strake_deb_lock_parse: @name: of the file, for messages. Errors: INVALID with the place. */
StrakeDebLock *strake_deb_lock_parse(
	const char *text, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_deb_lock_format: the text; the same lock gives the same bytes. Free with g_free. */
char *strake_deb_lock_format(const StrakeDebLock *lock);

/** strake_deb_lock_load: NULL with NOT_FOUND when there is no such file. */
StrakeDebLock *strake_deb_lock_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_deb_lock_store: replaces the file atomically, unless it has these bytes already. */
bool strake_deb_lock_store(
	const StrakeDebLock *lock, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	STRAKE_DEB_MOVE_ADDED,
	STRAKE_DEB_MOVE_REMOVED,
	STRAKE_DEB_MOVE_UPGRADED,
	STRAKE_DEB_MOVE_DOWNGRADED,
	STRAKE_DEB_MOVE_REBUILT, // same version, other content
} StrakeDebMoveKind;

/** One difference; borrows from both locks. */
typedef struct {
	StrakeDebMoveKind kind;
	const StrakeDebPin *from; // NULL: added
	const StrakeDebPin *to;   // NULL: removed
} StrakeDebMove;

/** strake_deb_lock_compare: what moved from @from (NULL: nothing was locked) to @to, by name: an
 * array of StrakeDebMove. */
GArray *strake_deb_lock_compare(const StrakeDebLock *from, const StrakeDebLock *to);
/** strake_deb_move_name: "added", "upgraded"... */
const char *strake_deb_move_name(StrakeDebMoveKind kind);
