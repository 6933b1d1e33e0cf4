// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Source archives whose digest is not in the definition: of a deb upstream, whose lock says which,
// and of the project itself.
#include "upstream/deb_sources.h"

#include "base/error.h"
#include "render/tree_origin.h"
#include "render/workspace.h"

static const StrakeUpstream *upstream_of(
	const StrakeWorkspace *ws, const StrakeSourceFile *file, GError **error)
{
	const char *name = file->origin.upstream != NULL ? file->origin.upstream : ws->upstream;
	const StrakeUpstream *upstream = strake_project_upstream(ws->project, name, error);

	if (upstream != NULL && upstream->kind != STRAKE_UPSTREAM_DEB) {
		strake_error_at(error, STRAKE_ERROR_INVALID, file->at,
			"source file '%s' comes from upstream '%s', which is not of kind 'deb'",
			file->filename, upstream->name);
		return NULL;
	}
	return upstream;
}

// Borrowed from the workspace.
static const StrakeUpstreamLock *lock_of(
	StrakeWorkspace *ws, const StrakeUpstream *upstream, GError **error)
{
	StrakeUpstreamLock *lock;

	g_mutex_lock(&ws->deb_lock);
	lock = g_hash_table_lookup(ws->deb_locks, upstream->name);
	if (lock == NULL) {
		lock = strake_upstream_lock(ws->project, upstream, ws->upstream_mode, error);
		if (lock != NULL)
			g_hash_table_insert(ws->deb_locks, g_strdup(upstream->name), lock);
	}
	g_mutex_unlock(&ws->deb_lock);
	return lock;
}

static const StrakePin *pin_of(StrakeWorkspace *ws, const StrakeComponent *component,
	const StrakeSourceFile *file, const StrakeUpstream **out_upstream, GError **error)
{
	const StrakeUpstream *upstream = upstream_of(ws, file, error);
	const StrakeUpstreamLock *lock = upstream != NULL ? lock_of(ws, upstream, error) : NULL;

	*out_upstream = upstream;
	return lock != NULL ? strake_source_pin_for(lock, upstream->name, component, file, error)
			    : NULL;
}

static bool apply_pin(StrakeWorkspace *ws, StrakeComponent *component, guint i, GError **error)
{
	const StrakeSourceFile *file = component->source_files->pdata[i];
	const StrakeUpstream *upstream;
	const StrakePin *pin = pin_of(ws, component, file, &upstream, error);

	return pin != NULL && strake_source_pin_apply(component, i, pin, error);
}

// The archive goes into the store, where preparing finds it by its digest.
static bool apply_tree(StrakeWorkspace *ws, StrakeComponent *component, guint i, GError **error)
{
	g_autoptr(GBytes) bytes =
		strake_tree_origin_archive(component->source_files->pdata[i], error);
	g_autofree char *sha256 = NULL;

	if (bytes == NULL || !strake_store_add(ws->store, g_bytes_get_data(bytes, NULL),
				     g_bytes_get_size(bytes), &sha256, error))
		return false;
	strake_source_set_digest(component, i, sha256);
	return true;
}

bool strake_workspace_apply_pins(StrakeWorkspace *ws, StrakeComponent *component, GError **error)
{
	for (guint i = 0; component->source_files != NULL && i < component->source_files->len;
		i++) {
		const StrakeSourceFile *file = component->source_files->pdata[i];

		if ((file->origin.type == STRAKE_SOURCE_ORIGIN_DEB &&
			    !apply_pin(ws, component, i, error)) ||
			(file->origin.type == STRAKE_SOURCE_ORIGIN_TREE &&
				!apply_tree(ws, component, i, error)))
			return false;
	}
	return true;
}

bool strake_workspace_fetch_deb(StrakeWorkspace *ws, const StrakeComponent *component,
	const StrakeSourceFile *file, GError **error)
{
	const StrakeUpstreamOptions options = {.mode = ws->upstream_mode, .offline = ws->offline};
	g_autoptr(GPtrArray) pins = g_ptr_array_new();
	const StrakeUpstream *upstream;
	const StrakePin *pin = pin_of(ws, component, file, &upstream, error);

	if (pin == NULL)
		return false;
	g_ptr_array_add(pins, (void *)pin);
	return strake_upstream_fetch(ws->project, ws->store, upstream, &options, pins, error);
}
