// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What the rest of the system asks of an upstream of binary packages: which ones, and here they
// are in the store. Kinds "deb" and "rpm-md".
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/project.h"
#include "store/store.h"
#include "upstream/deb_archive.h"
#include "upstream/lock.h"

typedef enum {
	STRAKE_UPSTREAM_LOCKED, // exactly what the lock in the project says
	STRAKE_UPSTREAM_FOLLOW, // what the mirror has now; its lock goes to the output directory
} StrakeUpstreamMode;

typedef struct {
	StrakeUpstreamMode mode;
	bool offline; // never use the network
	bool build;   // also what only building packages needs
} StrakeUpstreamOptions;

/** strake_upstream_lock_path: of the project's lock (LOCKED) or of the one that following writes
 * below the output directory (FOLLOW). Free with g_free. */
char *strake_upstream_lock_path(
	const StrakeProject *project, const StrakeUpstream *upstream, StrakeUpstreamMode mode);

/**
 * strake_upstream_archive: the whole index of a deb upstream, from its mirror or offline as last
 * verified. Says on standard error when an expired index is let through.
 * Errors: those of strake_apt_config_load and strake_deb_archive_open.
 */
StrakeDebArchive *strake_upstream_archive(StrakeStore *store, const StrakeUpstream *upstream,
	const StrakeDebArchiveOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_upstream_pin: what strake_upstream_fetch needs to know of a package of that index; free
 * with strake_pin_free. */
StrakePin *strake_upstream_pin(const StrakeDebPackage *package);

/**
 * strake_upstream_closure: what the mirror has now for all that images and package groups name,
 * through the overlays, and the source archives of components. Nothing is written but the index
 * into the store. Errors: those of strake_deb_archive_open and strake_deb_closure.
 */
StrakeUpstreamLock *strake_upstream_closure(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, bool offline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_upstream_select: which packages to use.
 * @out: a new array of StrakePin, sorted by name, that frees its elements
 * FOLLOW says on standard error what moved since the project's lock and writes its own.
 * Errors: NOT_FOUND (no lock; names that cannot be had), OFFLINE, INTEGRITY.
 */
bool strake_upstream_select(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, const StrakeUpstreamOptions *options, GPtrArray **out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * strake_upstream_fetch: makes the store hold every one of @pins (StrakePin, packages or
 * sources) under its SHA-256.
 * Errors: NOT_FOUND naming what the mirror no longer has and the command that moves the lock,
 * OFFLINE, INTEGRITY, NO_SPACE, CANCELLED.
 */
bool strake_upstream_fetch(const StrakeProject *project, StrakeStore *store,
	const StrakeUpstream *upstream, const StrakeUpstreamOptions *options, const GPtrArray *pins,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_upstream_lock: the lock that @mode reads. Errors: NOT_FOUND naming the command that
 * writes it, INVALID. */
StrakeUpstreamLock *strake_upstream_lock(const StrakeProject *project,
	const StrakeUpstream *upstream, StrakeUpstreamMode mode,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_upstream_moves_text: "3 upgraded, 1 added"; "nothing moved" without any. @moves: of
 * StrakeMove. Free with g_free. */
char *strake_upstream_moves_text(const GArray *moves);

/**
 * strake_upstream_keys: the armored keys that packages of the project are signed with: @own, and
 * behind it those of the upstream @name (NULL: the default one) when its packages are inherited
 * with their signature. Free with g_free. Errors: those of reading the upstream's gpg-key.
 */
char *strake_upstream_keys(const StrakeProject *project, const char *name, const char *own,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
