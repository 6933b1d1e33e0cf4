// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which commit a component is made from, and whether that is what the lock says.
#include "render/workspace.h"

#include <string.h>

#include "base/error.h"
#include "project/uri.h"

StrakeWorkspace *strake_workspace_open(
	StrakeProject *project, StrakeStore *store, bool offline, GError **error)
{
	g_autoptr(StrakeWorkspace) ws = g_new0(StrakeWorkspace, 1);
	const StrakeDistroVersion *version = strake_project_distro_version(project, NULL, NULL);

	ws->project = project;
	ws->store = store;
	ws->offline = offline;
	g_mutex_init(&ws->deb_lock);
	ws->deb_locks = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)strake_upstream_lock_free);
	ws->release_ver = version != NULL ? version->release_ver : NULL;
	ws->locks = strake_locks_load(project, error);
	if (ws->locks == NULL)
		return NULL;
	ws->history = strake_project_history_read(
		strake_project_root(project), strake_project_lock_dir(project), store, error);
	return ws->history != NULL ? g_steal_pointer(&ws) : NULL;
}

void strake_workspace_free(StrakeWorkspace *ws)
{
	if (ws == NULL)
		return;
	strake_locks_free(ws->locks);
	strake_project_history_free(ws->history);
	g_hash_table_unref(ws->deb_locks);
	g_mutex_clear(&ws->deb_lock);
	g_free(ws);
}

// Whether @component is made from a spec (and not a binary package of an upstream).
static bool is_source(const StrakeWorkspace *ws, const StrakeComponent *c)
{
	return c->spec.type != STRAKE_SPEC_UNSET ||
	       strake_project_upstream(ws->project, NULL, NULL) == NULL;
}

char **strake_workspace_names(const StrakeWorkspace *ws, GError **error)
{
	g_auto(GStrv) all = strake_project_component_names(ws->project);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();

	for (char **name = all; *name != NULL; name++) {
		g_autoptr(StrakeComponent) c = strake_project_resolve(ws->project, *name, error);
		if (c == NULL)
			return NULL;
		if (is_source(ws, c))
			g_strv_builder_add(names, *name);
	}
	return g_strv_builder_end(names);
}

static bool find_uri(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	const StrakeComponent *c = pick->component;
	const char *pkg = c->spec.upstream_name != NULL ? c->spec.upstream_name : c->name;
	const StrakeDistro *distro =
		strake_project_distro(ws->project, c->spec.upstream_distro.name, error);
	StrakeUriValues values = {.pkg = pkg};

	if (distro == NULL) {
		g_prefix_error(error, "component '%s': ", c->name);
		return false;
	}
	if (distro->dist_git_base_uri == NULL)
		return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, distro->at,
			"component '%s' comes from distro '%s', which has no 'dist-git-base-uri'",
			c->name, distro->name);
	pick->uri = strake_uri_expand(distro->dist_git_base_uri, &values);
	return true;
}

// A lock that other definitions made says nothing about these. Locks of azldev have a digest that
// is not ours, so only a pin can disagree with them.
static bool is_stale(StrakeWorkspace *ws, const StrakePick *pick)
{
	const StrakeComponentLock *lock = pick->lock;
	const char *pin = pick->component->spec.upstream_commit;
	g_autofree char *wanted = NULL;

	if (lock->upstream_commit == NULL)
		return true;
	if (pin != NULL)
		return g_ascii_strncasecmp(pin, lock->upstream_commit, strlen(pin)) != 0;
	if (lock->inputs->len == 0)
		return false;
	wanted = strake_component_resolution_hash(ws->project, pick->component);
	return g_strcmp0(wanted, lock->resolution_input_hash) != 0;
}

static bool choose_commit(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	if (pick->local)
		return true;
	pick->stale = pick->lock == NULL || is_stale(ws, pick);
	if (!pick->stale || (ws->strict_locks && pick->lock != NULL))
		pick->commit = g_strdup(pick->lock->upstream_commit);
	else
		pick->commit = strake_pick_resolve(ws, pick, false, error);
	return pick->commit != NULL;
}

static bool take_fingerprint(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	const StrakeComponentLock *lock = pick->lock;
	const StrakeProjectLock *head =
		strake_project_history_head(ws->history, pick->component->name);
	StrakeFingerprintInputs inputs = {.release_ver = ws->release_ver,
		.upstream_commit = pick->commit,
		.manual_bump = lock != NULL ? lock->manual_bump : 0};
	const char *now;

	pick->fingerprint = strake_component_fingerprint(pick->component, &inputs, error);
	if (pick->fingerprint == NULL)
		return false;
	// What azldev wrote can only be compared with itself.
	now = lock != NULL && lock->inputs->len == 0 ? lock->input_fingerprint
						     : pick->fingerprint->sha256;
	pick->dirty = head != NULL && g_strcmp0(head->fingerprint, now) != 0;
	return true;
}

StrakePick *strake_pick(
	StrakeWorkspace *ws, const char *name, StrakePickDepth depth, GError **error)
{
	g_autoptr(StrakePick) pick = g_new0(StrakePick, 1);
	const StrakeComponent *c;

	if (!strake_project_has_component(ws->project, name)) {
		strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
			"there is no component '%s' (strake component list shows all)", name);
		return NULL;
	}
	pick->component = strake_project_resolve(ws->project, name, error);
	c = pick->component;
	if (c == NULL)
		return NULL;
	if (!is_source(ws, c)) {
		strake_error_at(error, STRAKE_ERROR_INVALID, c->origin,
			"component '%s' is a binary package; only components with a 'spec' are "
			"rendered",
			name);
		return NULL;
	}
	pick->local = c->spec.type == STRAKE_SPEC_LOCAL;
	pick->lock = strake_locks_get(ws->locks, name);
	if (depth >= STRAKE_PICK_COMMIT && !strake_workspace_apply_pins(ws, pick->component, error))
		return NULL;
	if ((!pick->local && !find_uri(ws, pick, error)) ||
		(depth >= STRAKE_PICK_COMMIT && !choose_commit(ws, pick, error)) ||
		(depth >= STRAKE_PICK_FINGERPRINT && !take_fingerprint(ws, pick, error)))
		return NULL;
	return g_steal_pointer(&pick);
}

void strake_pick_free(StrakePick *pick)
{
	if (pick == NULL)
		return;
	strake_component_free(pick->component);
	strake_fingerprint_free(pick->fingerprint);
	strake_git_free(pick->git);
	g_free(pick->uri);
	g_free(pick->commit);
	g_free(pick);
}
