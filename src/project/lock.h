// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Locks of source components: the upstream commit that each was last rendered from, and what it
// was made from then. Ours are one file, components.lock in the lock directory; in a project of
// azldev they are its LOCKDIR/NAME.lock.
// Format: docs/definitions.md, "Fingerprints and locks".
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/fingerprint.h"
#include "project/lock_file.h"
#include "project/project.h"

typedef struct StrakeLocks StrakeLocks;

/** strake_locks_load: all locks of @project; an absent file means none. Errors: INVALID with the
 * place: an unknown version, an unknown key. */
StrakeLocks *strake_locks_load(
	const StrakeProject *project, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_locks_free(StrakeLocks *locks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeLocks, strake_locks_free)

/** strake_locks_get: borrowed until the next set; NULL: not locked. */
const StrakeComponentLock *strake_locks_get(const StrakeLocks *locks, const char *name);
/** strake_locks_names: sorted; free with g_strfreev. */
char **strake_locks_names(const StrakeLocks *locks);
/** strake_locks_set: copies @lock; an import_commit that was set stays. */
void strake_locks_set(StrakeLocks *locks, const StrakeComponentLock *lock);
void strake_locks_remove(StrakeLocks *locks, const char *name);
/** strake_locks_store: writes what was changed, each file whole or not at all. */
bool strake_locks_store(StrakeLocks *locks, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** strake_component_resolution_hash: SHA-256 of what decides on the upstream commit: distro,
 * version, branch, address, snapshot, pin, name there. NULL for a component without upstream. */
char *strake_component_resolution_hash(
	const StrakeProject *project, const StrakeComponent *component);
