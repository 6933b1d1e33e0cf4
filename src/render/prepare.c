// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which files a component is made from besides those of its repository, and whether an archive
// became what the definitions say.
#include "render/prepare.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/sources_file.h"
#include "project/uri.h"
#include "render/lookaside.h"
#include "render/spec_tree.h"

static const char *hash_name(const StrakeSourceFile *file)
{
	return file->hash_type == STRAKE_HASH_SHA256 ? "SHA256" : "SHA512";
}

static bool is_replaced(const StrakeComponent *c, const char *name)
{
	for (guint i = 0; c->source_files != NULL && i < c->source_files->len; i++) {
		const StrakeSourceFile *file = c->source_files->pdata[i];
		if (file->replace_upstream && strcmp(file->filename, name) == 0)
			return file->origin.type != STRAKE_SOURCE_ORIGIN_OVERLAY;
	}
	return false;
}

static bool add_upstream(
	StrakeWorkspace *ws, StrakePick *pick, StrakeLookaside *files, GError **error)
{
	const StrakeComponent *c = pick->component;
	const StrakeDistro *distro =
		strake_project_distro(ws->project, c->spec.upstream_distro.name, error);
	g_autoptr(StrakeFileTree) tree = NULL;
	g_autoptr(StrakeSourcesFile) sources = NULL;
	const StrakeFileTreeEntry *file;

	if (distro == NULL)
		return false;
	tree = strake_spec_tree_upstream(ws, pick, error);
	if (tree == NULL)
		return false;
	file = strake_file_tree_get(tree, "sources");
	if (file == NULL)
		return true;
	sources = strake_sources_file_parse(file->content, "sources", error);
	if (sources == NULL)
		return false;
	for (guint i = 0; i < sources->lines->len; i++) {
		const StrakeSourcesLine *line = sources->lines->pdata[i];
		g_autofree char *type = NULL;
		g_autofree char *uri = NULL;
		StrakeUriValues values = {0};
		if (line->name == NULL || is_replaced(c, line->name))
			continue;
		if (distro->lookaside_base_uri == NULL)
			return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, distro->at,
				"'%s' is in the lookaside cache of distro '%s', which has no "
				"'lookaside-base-uri'",
				line->name, distro->name);
		type = g_ascii_strdown(line->hash_type, -1);
		values.pkg = c->spec.upstream_name != NULL ? c->spec.upstream_name : c->name;
		values.filename = line->name;
		values.hashtype = type;
		values.hash = line->hash;
		uri = strake_uri_expand(distro->lookaside_base_uri, &values);
		if (!strake_lookaside_add(
			    files, line->name, line->hash_type, line->hash, uri, NULL, error))
			return false;
	}
	return true;
}

// What the store knows by its SHA-256: downloads of a deb upstream go on where they stopped,
// archives of the project were put there when the digest was taken.
static bool add_stored(StrakeWorkspace *ws, const StrakePick *pick, const StrakeSourceFile *file,
	StrakeFileTree *archives, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;

	if (file->origin.type == STRAKE_SOURCE_ORIGIN_DEB &&
		!strake_workspace_fetch_deb(ws, pick->component, file, error))
		return false;
	bytes = strake_store_map_object(ws->store, file->hash, error);
	if (bytes == NULL)
		return false;
	strake_file_tree_set(archives, file->filename, 0644, bytes);
	return true;
}

static bool add_own(StrakeWorkspace *ws, const StrakePick *pick, StrakeLookaside *files,
	StrakeFileTree *archives, GError **error)
{
	const GPtrArray *wanted = pick->component->source_files;

	for (guint i = 0; wanted != NULL && i < wanted->len; i++) {
		const StrakeSourceFile *file = wanted->pdata[i];
		bool download = file->origin.type == STRAKE_SOURCE_ORIGIN_DOWNLOAD;
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_OVERLAY)
			continue;
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_DEB ||
			file->origin.type == STRAKE_SOURCE_ORIGIN_TREE) {
			if (!add_stored(ws, pick, file, archives, error))
				return false;
			continue;
		}
		// azldev runs the script in a chroot with a network; what it makes is known by its
		// hash, so it may as well be made elsewhere.
		if (!strake_lookaside_add(files, file->filename, hash_name(file), file->hash,
			    download ? file->origin.uri : NULL,
			    "its origin is a script, which is not run here; make it with azldev "
			    "and "
			    "name its directory with --from",
			    error))
			return false;
	}
	return true;
}

// An archive that overlays edit has to become what its 'hash' says: builds take it by that.
static bool check_repacked(const StrakePick *pick, const StrakeFileTree *tree, GError **error)
{
	const GPtrArray *wanted = pick->component->source_files;

	for (guint i = 0; wanted != NULL && i < wanted->len; i++) {
		const StrakeSourceFile *file = wanted->pdata[i];
		const StrakeFileTreeEntry *entry;
		g_autofree char *hex = NULL;
		if (file->origin.type != STRAKE_SOURCE_ORIGIN_OVERLAY)
			continue;
		entry = strake_file_tree_get(tree, file->filename);
		if (entry == NULL)
			return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, file->at,
				"there is no archive '%s' to edit", file->filename);
		hex = strake_digest_bytes(file->hash_type == STRAKE_HASH_SHA256
						  ? STRAKE_DIGEST_SHA256
						  : STRAKE_DIGEST_SHA512,
			entry->content);
		if (strcmp(hex, file->hash) != 0)
			return strake_error_at(error, STRAKE_ERROR_INTEGRITY, file->at,
				"archive '%s' is not what 'hash' says after its overlays; if they "
				"are right, set hash = \"%s\"",
				file->filename, hex);
	}
	return true;
}

static StrakeFileTree *prepare(
	StrakeWorkspace *ws, StrakePick *pick, const char *from, GError **error)
{
	g_autoptr(StrakeLookaside) files = strake_lookaside_new();
	g_autoptr(StrakeFileTree) archives = strake_file_tree_new();
	g_autoptr(StrakeFileTree) tree = NULL;
	StrakeSpecTreeOptions options = {.keep_all = true, .archives = archives};

	if ((!pick->local && !add_upstream(ws, pick, files, error)) ||
		!add_own(ws, pick, files, archives, error) ||
		!strake_lookaside_obtain(files, ws->store, ws->offline, from, archives, error))
		return NULL;
	tree = strake_spec_tree_render(ws, pick, &options, error);
	return tree != NULL && check_repacked(pick, tree, error) ? g_steal_pointer(&tree) : NULL;
}

StrakeFileTree *strake_prepare_sources(
	StrakeWorkspace *ws, StrakePick *pick, const char *from, GError **error)
{
	g_autofree char *start = g_strdup_printf("component '%s': ", pick->component->name);
	GError *local = NULL;
	StrakeFileTree *tree = prepare(ws, pick, from, &local);

	if (local != NULL && !g_str_has_prefix(local->message, start))
		g_prefix_error(&local, "%s", start);
	if (local != NULL)
		g_propagate_error(error, local);
	return tree;
}
