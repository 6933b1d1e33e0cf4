// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// What all work on source components shares: definitions, locks, the project's own history and the
// store; and one component of them with the commit it is made from.
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "project/fingerprint.h"
#include "project/lock.h"
#include "project/project.h"
#include "render/project_history.h"
#include "store/store.h"
#include "upstream/git.h"
#include "upstream/upstream.h"

typedef struct {
	StrakeProject *project; // borrowed, like the store
	StrakeStore *store;
	bool offline;
	bool strict_locks; // the lock's commit whatever the definitions say
	StrakeLocks *locks;
	StrakeProjectHistory *history;
	const char *release_ver; // of the default distro, NULL: none
	// Where source archives of a deb upstream come from; set after opening.
	const char *upstream; // name, NULL: the one of the default distro version
	StrakeUpstreamMode upstream_mode;

	GMutex deb_lock;       // private: of @deb_locks
	GHashTable *deb_locks; // private: upstream -> StrakeUpstreamLock, read when needed
} StrakeWorkspace;

StrakeWorkspace *strake_workspace_open(StrakeProject *project, StrakeStore *store, bool offline,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_workspace_free(StrakeWorkspace *workspace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakeWorkspace, strake_workspace_free)

/** strake_workspace_names: the source components, sorted; free with g_strfreev. */
char **strake_workspace_names(const StrakeWorkspace *workspace, GError **error);

/** One source component. */
typedef struct {
	StrakeComponent *component;
	const StrakeComponentLock *lock; // NULL: not locked
	bool local;
	bool stale;                     // the lock's commit is not what the definitions ask for now
	char *uri;                      // of its repository
	char *commit;                   // full id, NULL: local
	StrakeFingerprint *fingerprint; // with @commit
	bool dirty;                     // not what the lock at the project's HEAD says

	StrakeGit *git; // private: opened when needed
} StrakePick;

/** What a pick is to hold; each step needs the ones before it. */
typedef enum {
	STRAKE_PICK_COMPONENT,   // @component, @lock, @local, @uri
	STRAKE_PICK_COMMIT,      // and @commit: of the lock, or resolved (fetched if need be)
	STRAKE_PICK_FINGERPRINT, // and @fingerprint, @dirty
} StrakePickDepth;

/** strake_pick: thread-safe. Errors: INVALID for a component that is no source component,
 * NOT_FOUND, OFFLINE; the message names the component. */
StrakePick *strake_pick(StrakeWorkspace *workspace, const char *name, StrakePickDepth depth,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void strake_pick_free(StrakePick *pick);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StrakePick, strake_pick_free)

// -- source archives of a deb upstream (deb_origin.c)

/** strake_workspace_apply_pins: gives the source files of @component that come from a deb upstream
 * the digests of its lock, and those made of the project's files the ones of the archives, which go
 * into the store. Thread-safe. Errors: those of strake_upstream_lock and
 * strake_source_pin_for. */
bool strake_workspace_apply_pins(StrakeWorkspace *workspace, StrakeComponent *component,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_workspace_fetch_deb: makes the store hold the archive of @file under its SHA-256. */
bool strake_workspace_fetch_deb(StrakeWorkspace *workspace, const StrakeComponent *component,
	const StrakeSourceFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

// -- the repository of a component (dist_git.c)

/** strake_pick_git: its copy in the store. */
StrakeGit *strake_pick_git(StrakeWorkspace *workspace, StrakePick *pick, GError **error);
/** strake_pick_resolve: the commit that the definitions ask for now. @fetch: look for news first */
char *strake_pick_resolve(StrakeWorkspace *workspace, StrakePick *pick, bool fetch,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_pick_need: makes sure that the copy has @commit, by fetching when it has not. */
bool strake_pick_need(StrakeWorkspace *workspace, StrakePick *pick, const char *commit,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** strake_pick_spec_name: of the spec in its repository or directory; free with g_free. */
char *strake_pick_spec_name(const StrakePick *pick);
