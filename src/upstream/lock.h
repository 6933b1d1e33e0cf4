// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The lock of an upstream of binary packages: exactly which ones, by digest. Text in, struct out,
// and back.
// Format: TOML, docs/upstreams.md: a table [release], a table [packages] of one line a package and
// a table [sources] of one line a source archive when there are any, sorted by name, so that a diff
// of two locks reads well.
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "project/distro_def.h"

#define STRAKE_ARCH_SOURCE "source"

/** One package, or one archive of a source package; free with strake_pin_free. */
typedef struct {
	char *name;         // of upstream; of a source, as strake_source_pin_name has it
	char *version;      // rpm-md: "[epoch:]version-release"
	char *architecture; // STRAKE_ARCH_SOURCE for a source
	char *filename;     // below the mirror
	char *sha256;
	uint64_t size;   // bytes
	bool build_only; // only building packages needs it: not published
	unsigned repo; // rpm-md: index of its repository among the upstream's
} StrakePin;

void strake_pin_free(StrakePin *pin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakePin, strake_pin_free)

typedef struct {
	StrakeUpstreamKind kind; // deb or rpm-md
	char *suite;             // deb: of the Release
	char *date;              // of the index, as written there
	char *index_sha256;      // of InRelease, or of repomd.xml (of several: of their digests)
	GPtrArray *pins;         // of StrakePin, packages, sorted by name
	GPtrArray *sources;      // deb: of StrakePin, sorted by name
} StrakeUpstreamLock;

StrakeUpstreamLock *strake_upstream_lock_new(void);
void strake_upstream_lock_free(StrakeUpstreamLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeUpstreamLock, strake_upstream_lock_free)

/** strake_upstream_lock_parse: @name: of the file, for messages. Errors: INVALID with the place. */
StrakeUpstreamLock *strake_upstream_lock_parse(
	const char *text, size_t size, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_upstream_lock_format: the text; the same lock gives the same bytes. Free with g_free. */
char *strake_upstream_lock_format(const StrakeUpstreamLock *lock);

/** strake_upstream_lock_source: the source of that name; borrowed, NULL: not locked. */
const StrakePin *strake_upstream_lock_source(const StrakeUpstreamLock *lock, const char *name);

/** strake_upstream_lock_load: NULL with NOT_FOUND when there is no such file. */
StrakeUpstreamLock *strake_upstream_lock_load(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_upstream_lock_store: replaces the file atomically, unless it has these bytes already. */
bool strake_upstream_lock_store(
	const StrakeUpstreamLock *lock, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	STRAKE_MOVE_ADDED,
	STRAKE_MOVE_REMOVED,
	STRAKE_MOVE_UPGRADED,
	STRAKE_MOVE_DOWNGRADED,
	STRAKE_MOVE_REBUILT, // same version, other content
} StrakeMoveKind;

/** One difference; borrows from both locks. */
typedef struct {
	StrakeMoveKind kind;
	const StrakePin *from; // NULL: added
	const StrakePin *to;   // NULL: removed
} StrakeMove;

/** strake_upstream_lock_compare: what moved from @from (NULL: nothing was locked) to @to, by name,
 * packages first: an array of StrakeMove. */
GArray *strake_upstream_lock_compare(const StrakeUpstreamLock *from, const StrakeUpstreamLock *to);
/** strake_move_name: "added", "upgraded"... */
const char *strake_move_name(StrakeMoveKind kind);
