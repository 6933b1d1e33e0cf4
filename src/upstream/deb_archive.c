// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// InRelease, then Packages and Sources by hash; what was verified is remembered under a key of the
// store.
#include "upstream/deb_archive.h"

#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/progress.h"
#include "format/unpack.h"
#include "upstream/deb_verify.h"
#include "upstream/download.h"
#include "upstream/unpacked.h"

enum { INRELEASE_MAX_BYTES = 16 << 20 };

#define MEMO_KIND "apt-index"
#define MEMO_GROUP "index"

void strake_deb_archive_free(StrakeDebArchive *archive)
{
	if (archive == NULL)
		return;
	g_free(archive->suite);
	g_free(archive->date);
	g_free(archive->inrelease_sha256);
	g_free(archive->note);
	g_clear_pointer(&archive->index, strake_deb_index_free);
	g_clear_pointer(&archive->sources, strake_deb_index_free);
	g_free(archive);
}

// -- what was verified before

typedef struct {
	char *fingerprint;
	GKeyFile *file; // empty when nothing was
} Memo;

static void memo_clear(Memo *memo)
{
	g_free(memo->fingerprint);
	g_clear_pointer(&memo->file, g_key_file_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Memo, memo_clear)

static void memo_load(Memo *memo, StrakeStore *store, const StrakeUpstream *upstream)
{
	g_autofree char *components = g_strjoinv(" ", upstream->components);
	g_autofree char *identity = g_strjoin("\n", MEMO_KIND " 1", upstream->suite, components,
		upstream->architecture, upstream->mirror != NULL ? upstream->mirror : "apt",
		upstream->keyring != NULL ? upstream->keyring : "default", NULL);
	g_autoptr(GBytes) bytes = NULL;

	memo->fingerprint = strake_digest_data(STRAKE_DIGEST_SHA256, identity, strlen(identity));
	memo->file = g_key_file_new();
	bytes = strake_store_get_key(store, MEMO_KIND, memo->fingerprint, NULL);
	if (bytes != NULL && !g_key_file_load_from_bytes(memo->file, bytes, 0, NULL)) {
		g_key_file_unref(memo->file); // damaged: as if there were none
		memo->file = g_key_file_new();
	}
}

static char *memo_get(const Memo *memo, const char *name)
{
	return g_key_file_get_string(memo->file, MEMO_GROUP, name, NULL);
}

static void memo_set(Memo *memo, const char *name, const char *value)
{
	if (value != NULL)
		g_key_file_set_string(memo->file, MEMO_GROUP, name, value);
	else
		g_key_file_remove_key(memo->file, MEMO_GROUP, name, NULL);
}

static bool memo_store(const Memo *memo, StrakeStore *store, GError **error)
{
	gsize size = 0;
	g_autofree char *text = g_key_file_to_data(memo->file, &size, NULL);

	return strake_store_put_key(store, MEMO_KIND, memo->fingerprint, text, size, error);
}

typedef enum { INDEX_PACKAGES, INDEX_SOURCES } IndexKind;

static const char *const index_names[] = {"Packages", "Sources"};

static char *index_key(IndexKind kind, const char *component)
{
	return g_strconcat(kind == INDEX_SOURCES ? "sources " : "packages ", component, NULL);
}

// -- InRelease

typedef struct {
	StrakeStore *store;
	const StrakeUpstream *upstream;
	const StrakeAptConfig *config;
	int64_t now_s;
	char *name; // "forky InRelease", for messages
	StrakeDebRelease *release;
	char *inrelease_sha256;
	char *note;
	StrakeDownloadTag tag;
} Refresh;

static void refresh_clear(Refresh *refresh)
{
	g_free(refresh->name);
	g_clear_pointer(&refresh->release, strake_deb_release_free);
	g_free(refresh->inrelease_sha256);
	g_free(refresh->note);
	strake_download_tag_clear(&refresh->tag);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Refresh, refresh_clear)

static char *suite_uri(const Refresh *refresh, const char *path)
{
	return g_strdup_printf(
		"%s/dists/%s/%s", refresh->config->mirror, refresh->upstream->suite, path);
}

// The copy that the store holds, for a conditional request to the same mirror.
static GBytes *inrelease_at_hand(Refresh *refresh, const Memo *memo)
{
	g_autofree char *mirror = memo_get(memo, "mirror");
	g_autofree char *digest = memo_get(memo, "inrelease");
	GBytes *bytes =
		digest != NULL ? strake_store_map_object(refresh->store, digest, NULL) : NULL;

	if (bytes == NULL || g_strcmp0(mirror, refresh->config->mirror) != 0)
		return bytes;
	refresh->tag.etag = memo_get(memo, "etag");
	refresh->tag.last_modified = memo_get(memo, "last-modified");
	return bytes;
}

static bool check_suite(const Refresh *refresh, GError **error)
{
	const StrakeDebRelease *release = refresh->release;
	const char *wanted = refresh->upstream->suite;

	if (g_strcmp0(release->codename, wanted) == 0 || g_strcmp0(release->suite, wanted) == 0)
		return true;
	return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
		"%s: it is signed, but for suite '%s' (%s) and not for '%s'", refresh->name,
		release->suite != NULL ? release->suite : "?",
		release->codename != NULL ? release->codename : "?", wanted);
}

static bool check_inrelease(Refresh *refresh, GBytes *bytes, GError **error)
{
	g_autoptr(GBytes) text =
		strake_deb_verify_signature(bytes, refresh->config->keyring, refresh->name, error);

	if (text == NULL)
		return false;
	refresh->release = strake_deb_release_parse(
		g_bytes_get_data(text, NULL), g_bytes_get_size(text), refresh->name, error);
	return refresh->release != NULL && check_suite(refresh, error) &&
	       strake_deb_verify_dates(refresh->release, refresh->config, refresh->now_s,
		       refresh->name, &refresh->note, error);
}

// A mirror that does not answer need not stop who has its last index.
static void hint_offline(const Memo *memo, GError **error)
{
	g_autofree char *date = memo_get(memo, "date");
	g_autofree char *message = NULL;

	if (error == NULL || date == NULL ||
		!g_error_matches(*error, STRAKE_ERROR, STRAKE_ERROR_FAILED))
		return;
	message = g_strdup_printf("%s; --offline uses the index of %s", (*error)->message, date);
	g_clear_error(error);
	g_set_error_literal(error, STRAKE_ERROR, STRAKE_ERROR_FAILED, message);
}

static bool get_inrelease(Refresh *refresh, const Memo *memo, GError **error)
{
	g_autoptr(GBytes) old = inrelease_at_hand(refresh, memo);
	g_autoptr(GBytes) new = NULL;
	g_autofree char *uri = suite_uri(refresh, "InRelease");
	GBytes *bytes;

	if (!strake_download_small(
		    refresh->config, uri, INRELEASE_MAX_BYTES, &refresh->tag, &new, error)) {
		g_prefix_error(error, "upstream '%s' (mirror of %s): ", refresh->upstream->name,
			refresh->config->mirror_from);
		hint_offline(memo, error);
		return false;
	}
	bytes = new != NULL ? new : old;
	if (bytes == NULL)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"%s: the server says 'not modified' to a first request", uri);
	if (!check_inrelease(refresh, bytes, error))
		return false;
	return strake_store_add(refresh->store, g_bytes_get_data(bytes, NULL),
		g_bytes_get_size(bytes), &refresh->inrelease_sha256, error);
}

// -- Packages and Sources

static bool unpack_index(const Refresh *refresh, const char *compressed, const char *path,
	const StrakeDebReleaseFile *want, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(refresh->store, compressed, error);
	g_autofree char *label = g_strdup_printf("%s %s", refresh->upstream->suite, path);
	g_autoptr(StrakeUnpack) unpack = NULL;
	g_autoptr(StrakeStoreWriter) writer = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (bytes == NULL)
		return false;
	unpack = strake_unpack_new(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
		strake_unpack_compression(path), label, want->size, error);
	writer = unpack != NULL ? strake_store_begin(refresh->store, error) : NULL;
	if (writer == NULL ||
		!strake_unpacked_digest(unpack, strake_store_writer_fd(writer), label, hex, error))
		return false;
	if (strcmp(hex, want->sha256) != 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: unpacks to other bytes than the Release lists", label);
	return strake_store_commit(writer, hex, NULL, error);
}

// One file of the suite by its digest, by its plain name where the mirror has no by-hash copy.
static bool download_listed(
	const Refresh *refresh, const char *path, const StrakeDebReleaseFile *file, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *hashed = g_strdup_printf("%s/by-hash/SHA256/%s", folder, file->sha256);
	g_autofree char *hashed_uri = suite_uri(refresh, hashed);
	g_autofree char *plain_uri = suite_uri(refresh, path);
	g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
	StrakeDownload item = {
		.uri = refresh->release->by_hash ? hashed_uri : plain_uri,
		.name = path,
		.sha256 = file->sha256,
		.size = file->size,
	};

	if (!strake_download_all(
		    refresh->store, refresh->config, &item, 1, "index", missing, error))
		return false;
	if (missing->len == 0)
		return true;
	item.uri = plain_uri;
	return strake_download_all(refresh->store, refresh->config, &item, 1, "index", NULL, error);
}

static bool no_such_component(
	const Refresh *refresh, IndexKind kind, const char *component, GError **error)
{
	return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
		"upstream '%s': suite '%s' has no component '%s' for architecture '%s'",
		refresh->upstream->name, refresh->upstream->suite, component,
		kind == INDEX_SOURCES ? "source" : refresh->upstream->architecture);
}

static char *index_path(const Refresh *refresh, IndexKind kind, const char *component)
{
	if (kind == INDEX_SOURCES)
		return g_strdup_printf("%s/source/Sources", component);
	return g_strdup_printf("%s/binary-%s/Packages", component, refresh->upstream->architecture);
}

// Downloads and unpacks the first form of @plain that the Release lists.
static bool get_any_form(const Refresh *refresh, const char *plain,
	const StrakeDebReleaseFile *want, bool *out_found, GError **error)
{
	static const char *const endings[] = {".xz", ".zst", ".gz", ".bz2", ""};

	*out_found = true;
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *path = g_strconcat(plain, endings[i], NULL);
		const StrakeDebReleaseFile *file = strake_deb_release_file(refresh->release, path);

		if (file == NULL)
			continue;
		if (!download_listed(refresh, path, file, error))
			return false;
		if (*endings[i] == '\0')
			return true;
		if (!unpack_index(refresh, file->sha256, path, want, error))
			return false;
		strake_store_remove(refresh->store, file->sha256);
		return true;
	}
	*out_found = false;
	return true;
}

static bool get_index(
	const Refresh *refresh, IndexKind kind, const char *component, Memo *memo, GError **error)
{
	g_autofree char *plain = index_path(refresh, kind, component);
	g_autofree char *key = index_key(kind, component);
	const StrakeDebReleaseFile *want = strake_deb_release_file(refresh->release, plain);
	bool found;

	if (want == NULL)
		return no_such_component(refresh, kind, component, error);
	memo_set(memo, key, want->sha256);
	if (strake_store_has(refresh->store, want->sha256))
		return true;
	if (!get_any_form(refresh, plain, want, &found, error))
		return false;
	return found || no_such_component(refresh, kind, component, error);
}

// Sources that nobody asked for now must not stay behind from an older Release.
static void note_sources(const Refresh *refresh, const char *component, Memo *memo)
{
	g_autofree char *plain = index_path(refresh, INDEX_SOURCES, component);
	g_autofree char *key = index_key(INDEX_SOURCES, component);
	const StrakeDebReleaseFile *file = strake_deb_release_file(refresh->release, plain);

	memo_set(memo, key, file != NULL ? file->sha256 : NULL);
}

static bool refresh_all(Refresh *refresh, bool sources, Memo *memo, GError **error)
{
	if (!get_inrelease(refresh, memo, error))
		return false;
	for (char **component = refresh->upstream->components; *component != NULL; component++) {
		if (!get_index(refresh, INDEX_PACKAGES, *component, memo, error))
			return false;
		if (!sources)
			note_sources(refresh, *component, memo);
		else if (!get_index(refresh, INDEX_SOURCES, *component, memo, error))
			return false;
	}
	memo_set(memo, "mirror", refresh->config->mirror);
	memo_set(memo, "etag", refresh->tag.etag);
	memo_set(memo, "last-modified", refresh->tag.last_modified);
	memo_set(memo, "inrelease", refresh->inrelease_sha256);
	memo_set(memo, "date", refresh->release->date);
	return memo_store(memo, refresh->store, error);
}

// -- opening what the memo names

static StrakeDebIndex *load_index(StrakeStore *store, const StrakeUpstream *upstream,
	const Memo *memo, IndexKind kind, GError **error)
{
	g_autoptr(StrakeDebIndex) index = strake_deb_index_new();

	for (char **component = upstream->components; *component != NULL; component++) {
		g_autofree char *key = index_key(kind, *component);
		g_autofree char *digest = memo_get(memo, key);
		g_autofree char *name =
			g_strdup_printf("%s/%s/%s", upstream->suite, *component, index_names[kind]);
		g_autoptr(GBytes) bytes = NULL;

		if (digest == NULL || !strake_store_has(store, digest)) {
			strake_error_set(error, STRAKE_ERROR_OFFLINE,
				"%s was never fetched into '%s', and --offline forbids to fetch it "
				"now",
				name, strake_store_path(store));
			return NULL;
		}
		bytes = strake_store_map_object(store, digest, error);
		if (bytes == NULL || !strake_deb_index_add(index, bytes, name, error))
			return NULL;
	}
	return g_steal_pointer(&index);
}

static bool load_indexes(StrakeDebArchive *archive, StrakeStore *store,
	const StrakeUpstream *upstream, const Memo *memo, bool sources, GError **error)
{
	archive->index = load_index(store, upstream, memo, INDEX_PACKAGES, error);
	if (archive->index != NULL && sources)
		archive->sources = load_index(store, upstream, memo, INDEX_SOURCES, error);
	return archive->index != NULL && (!sources || archive->sources != NULL);
}

StrakeDebArchive *strake_deb_archive_open(StrakeStore *store, const StrakeUpstream *upstream,
	const StrakeAptConfig *config, const StrakeDebArchiveOptions *options, int64_t now_s,
	GError **error)
{
	g_autoptr(StrakeDebArchive) archive = g_new0(StrakeDebArchive, 1);
	g_auto(Memo) memo = {.file = NULL};
	g_auto(Refresh)
		refresh = {.store = store, .upstream = upstream, .config = config, .now_s = now_s};

	g_return_val_if_fail(options->offline || config != NULL, NULL);
	memo_load(&memo, store, upstream);
	refresh.name = g_strdup_printf("%s InRelease", upstream->suite);
	if (!options->offline && !refresh_all(&refresh, options->sources, &memo, error))
		return NULL;
	archive->suite = g_strdup(upstream->suite);
	archive->inrelease_sha256 = memo_get(&memo, "inrelease");
	archive->date = memo_get(&memo, "date");
	archive->note = g_steal_pointer(&refresh.note);
	if (archive->inrelease_sha256 == NULL || archive->date == NULL) {
		strake_error_set(error, STRAKE_ERROR_OFFLINE,
			"the index of upstream '%s' was never fetched into '%s', and --offline "
			"forbids to fetch it now",
			upstream->name, strake_store_path(store));
		return NULL;
	}
	if (!load_indexes(archive, store, upstream, &memo, options->sources, error)) {
		g_prefix_error(error, "index of upstream '%s': ", upstream->name);
		return NULL;
	}
	return g_steal_pointer(&archive);
}
