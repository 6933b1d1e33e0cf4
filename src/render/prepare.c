// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The lookaside cache knows files by SHA-512, the store by SHA-256: a key leads from one to the
// other.
#include "render/prepare.h"

#include <git2.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/error.h"
#include "format/sources_file.h"
#include "project/uri.h"
#include "render/spec_tree.h"
#include "upstream/download.h"

#define LOOKASIDE_KIND "lookaside"

enum { MAX_BYTES = 1 << 30, RETRIES = 3, TIMEOUT_S = 60 };

typedef struct {
	const char *name;
	const char *hash_type; // as in the sources file
	const char *hash;
	const char *uri;
} Wanted;

static bool kind_of(const char *word, StrakeDigestKind *out)
{
	static const struct {
		const char *word;
		StrakeDigestKind kind;
	} kinds[] = {{"SHA512", STRAKE_DIGEST_SHA512}, {"SHA256", STRAKE_DIGEST_SHA256},
		{"SHA1", STRAKE_DIGEST_SHA1}, {"MD5", STRAKE_DIGEST_MD5}};

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_ascii_strcasecmp(word, kinds[i].word) == 0) {
			*out = kinds[i].kind;
			return true;
		}
	return false;
}

static GBytes *from_store(StrakeStore *store, const char *key)
{
	g_autoptr(GBytes) name = strake_store_get_key(store, LOOKASIDE_KIND, key, NULL);
	g_autofree char *sha256 = NULL;

	if (name == NULL)
		return NULL;
	sha256 = g_strndup(g_bytes_get_data(name, NULL), g_bytes_get_size(name));
	return strake_digest_is_hex(STRAKE_DIGEST_SHA256, sha256)
		       ? strake_store_map_object(store, sha256, NULL)
		       : NULL;
}

static GBytes *download(const StrakeWorkspace *ws, const Wanted *w, GError **error)
{
	StrakeAptConfig config = {.retries = RETRIES, .timeout_s = TIMEOUT_S};
	g_auto(StrakeDownloadTag) tag = {0};
	g_autoptr(GBytes) bytes = NULL;
	g_autofree char *digest = NULL;
	StrakeDigestKind kind;

	if (ws->offline) {
		strake_error_set(error, STRAKE_ERROR_OFFLINE,
			"'%s' has to be fetched from %s; run once without --offline", w->name,
			w->uri);
		return NULL;
	}
	if (!kind_of(w->hash_type, &kind)) {
		strake_error_set(error, STRAKE_ERROR_INVALID, "'%s': hash type '%s' is not known",
			w->name, w->hash_type);
		return NULL;
	}
	if (!strake_download_small(&config, w->uri, MAX_BYTES, &tag, &bytes, error))
		return NULL;
	digest = strake_digest_bytes(kind, bytes);
	if (strcmp(digest, w->hash) != 0) {
		strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s sent other bytes than 'sources' lists for '%s': %s %s, expected %s; "
			"nothing was kept",
			w->uri, w->name, w->hash_type, digest, w->hash);
		return NULL;
	}
	return g_steal_pointer(&bytes);
}

static GBytes *obtain(const StrakeWorkspace *ws, const Wanted *w, GError **error)
{
	g_autofree char *text = g_strdup_printf("%s %s", w->hash_type, w->hash);
	g_autofree char *key = strake_digest_data(STRAKE_DIGEST_SHA256, text, strlen(text));
	GBytes *bytes = from_store(ws->store, key);
	g_autofree char *sha256 = NULL;
	const void *data;
	size_t size;

	if (bytes != NULL)
		return bytes;
	bytes = download(ws, w, error);
	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	if (strake_store_add(ws->store, data, size, &sha256, error) &&
		strake_store_put_key(ws->store, LOOKASIDE_KIND, key, sha256, strlen(sha256), error))
		return bytes;
	g_bytes_unref(bytes);
	return NULL;
}

static bool add_wanted(
	StrakeWorkspace *ws, StrakeFileTree *archives, const Wanted *w, GError **error)
{
	g_autoptr(GBytes) bytes = obtain(ws, w, error);

	if (bytes == NULL)
		return false;
	strake_file_tree_set(archives, w->name, 0644, bytes);
	return true;
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
	StrakeWorkspace *ws, StrakePick *pick, StrakeFileTree *archives, GError **error)
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
		Wanted w = {line->name, line->hash_type, line->hash, uri};
		if (!add_wanted(ws, archives, &w, error))
			return false;
	}
	return true;
}

// Downloads of a deb upstream go on where they stopped; the store knows them by SHA-256 already.
static bool add_deb(StrakeWorkspace *ws, StrakePick *pick, const StrakeSourceFile *file,
	StrakeFileTree *archives, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;

	if (!strake_workspace_fetch_deb(ws, pick->component, file, error))
		return false;
	bytes = strake_store_map_object(ws->store, file->hash, error);
	if (bytes == NULL)
		return false;
	strake_file_tree_set(archives, file->filename, 0644, bytes);
	return true;
}

static bool add_own(StrakeWorkspace *ws, StrakePick *pick, StrakeFileTree *archives, GError **error)
{
	const GPtrArray *files = pick->component->source_files;

	for (guint i = 0; files != NULL && i < files->len; i++) {
		const StrakeSourceFile *file = files->pdata[i];
		Wanted w = {file->filename,
			file->hash_type == STRAKE_HASH_SHA256 ? "SHA256" : "SHA512", file->hash,
			file->origin.uri};
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_OVERLAY)
			continue;
		if (file->origin.type == STRAKE_SOURCE_ORIGIN_DEB) {
			if (!add_deb(ws, pick, file, archives, error))
				return false;
			continue;
		}
		if (file->origin.type != STRAKE_SOURCE_ORIGIN_DOWNLOAD)
			return strake_error_at(error, STRAKE_ERROR_INVALID, file->at,
				"source file '%s' is made by a script; that cannot be prepared yet",
				file->filename);
		if (!add_wanted(ws, archives, &w, error))
			return false;
	}
	return true;
}

StrakeFileTree *strake_prepare_sources(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autoptr(StrakeFileTree) archives = strake_file_tree_new();
	StrakeSpecTreeOptions options = {.keep_all = true, .archives = archives};

	if ((!pick->local && !add_upstream(ws, pick, archives, error)) ||
		!add_own(ws, pick, archives, error)) {
		g_prefix_error(error, "component '%s': ", pick->component->name);
		return NULL;
	}
	return strake_spec_tree_render(ws, pick, &options, error);
}

// -- diff

static bool append_patch(GString *out, const char *path, GBytes *old, GBytes *new, GError **error)
{
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	git_patch *patch = NULL;
	git_buf text = {0};
	size_t old_size = 0;
	size_t new_size = 0;
	const void *a = old != NULL ? g_bytes_get_data(old, &old_size) : NULL;
	const void *b = new != NULL ? g_bytes_get_data(new, &new_size) : NULL;
	bool ok;

	options.id_abbrev = 7;
	// An empty file is not an absent one, which a NULL would say.
	ok = git_patch_from_buffers(&patch, old != NULL && a == NULL ? "" : a, old_size, path,
		     new != NULL &&b == NULL ? "" : b, new_size, path, &options) == 0 &&
	     git_patch_to_buf(&text, patch) == 0;
	if (ok)
		g_string_append_len(out, text.ptr, (gssize)text.size);
	else
		strake_error_set(error, STRAKE_ERROR_FAILED, "compare '%s' with upstream's", path);
	git_buf_dispose(&text);
	git_patch_free(patch);
	return ok;
}

char *strake_diff_sources(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	static const StrakeSpecTreeOptions options = {.keep_all = true};
	g_autoptr(StrakeFileTree) old = strake_spec_tree_upstream(ws, pick, error);
	g_autoptr(StrakeFileTree) new = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	const GPtrArray *a, *b;
	guint i = 0;
	guint j = 0;

	if (old == NULL)
		return NULL;
	new = strake_spec_tree_render(ws, pick, &options, error);
	if (new == NULL)
		return NULL;
	strake_git_start();
	a = strake_file_tree_files(old);
	b = strake_file_tree_files(new);
	while (i < a->len || j < b->len) {
		const StrakeFileTreeEntry *x = i < a->len ? a->pdata[i] : NULL;
		const StrakeFileTreeEntry *y = j < b->len ? b->pdata[j] : NULL;
		int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x->path, y->path);
		i += order <= 0;
		j += order >= 0;
		if (order == 0 && g_bytes_equal(x->content, y->content))
			continue;
		if (!append_patch(out, order <= 0 ? x->path : y->path,
			    order <= 0 ? x->content : NULL, order >= 0 ? y->content : NULL, error))
			return NULL;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}
