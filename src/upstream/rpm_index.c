// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// repomd.xml, then what it lists, from the first mirror that gives all of it.
#include "upstream/rpm_index.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/progress.h"
#include "format/repomd.h"
#include "format/unpack.h"
#include "upstream/gpgv.h"
#include "upstream/unpacked.h"

#define MEMO_KIND "rpm-md-index"

enum {
	REPOMD_MAX_BYTES = 4 << 20,
	SIGNATURE_MAX_BYTES = 1 << 20,
};
static const uint64_t packed_max_bytes = UINT64_C(1) << 30;
static const uint64_t unpacked_max_bytes = UINT64_C(4) << 30;

/** One repository. */
typedef struct {
	char *address; // that gave it; NULL: offline
	char *sha256;  // of repomd.xml, in the store
	StrakeRepomd *repomd;
	StrakeTmpdir *dir; // as libsolv wants it: names that lead into the store
} Repo;

struct StrakeRpmIndex {
	StrakeStore *store;
	const StrakeRpmSource *source;
	bool offline;
	GPtrArray *repos; // of Repo
	char *date;
	char *sha256;
};

static void repo_free(gpointer data)
{
	Repo *repo = data;

	g_free(repo->address);
	g_free(repo->sha256);
	g_clear_pointer(&repo->repomd, strake_repomd_free);
	g_clear_pointer(&repo->dir, strake_tmpdir_free);
	g_free(repo);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Repo, repo_free)

void strake_rpm_index_free(StrakeRpmIndex *index)
{
	if (index == NULL)
		return;
	g_ptr_array_unref(index->repos);
	g_free(index->date);
	g_free(index->sha256);
	g_free(index);
}

// -- one metadata file

static bool check_entry(
	const StrakeRepomdFile *file, const char *type, const char *uri, GError **error)
{
	if (file == NULL)
		return strake_error_set(
			error, STRAKE_ERROR_INVALID, "%s: it lists no %s metadata", uri, type);
	if (file->sha256 == NULL || file->size == 0)
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: it gives no %s of the %s metadata", uri,
			file->sha256 == NULL ? "SHA-256" : "size", type);
	if (strcmp(strake_unpack_compression(file->href), "none") == 0 &&
		!g_str_has_suffix(file->href, ".xml"))
		return strake_error_set(error, STRAKE_ERROR_INVALID,
			"%s: the %s metadata is '%s'; expected .xml, .gz, .xz, .zst or .bz2", uri,
			type, file->href);
	if (file->size > packed_max_bytes || file->open_size > unpacked_max_bytes) {
		g_autofree char *size = strake_size_text(MAX(file->size, file->open_size));

		return strake_error_set(error, STRAKE_ERROR_LIMIT,
			"%s: the %s metadata would be %s, more than is accepted", uri, type, size);
	}
	return true;
}

// Unpacks to nowhere: what libsolv will read must be as large as it is said to be, no more.
static bool check_unpacked(
	StrakeStore *store, const StrakeRepomdFile *file, const char *uri, GError **error)
{
	g_autoptr(GBytes) bytes = strake_store_map_object(store, file->sha256, error);
	g_autoptr(StrakeUnpack) unpack = NULL;
	char hex[STRAKE_DIGEST_HEX_MAX];

	if (bytes == NULL)
		return false;
	unpack = strake_unpack_new(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
		strake_unpack_compression(file->href), uri,
		file->open_size > 0 ? file->open_size : unpacked_max_bytes, error);
	if (unpack == NULL || !strake_unpacked_digest(unpack, -1, uri, hex, error))
		return false;
	return file->open_sha256 == NULL || strcmp(hex, file->open_sha256) == 0 ||
	       strake_error_set(error, STRAKE_ERROR_INTEGRITY,
		       "%s: unpacks to other bytes than repomd.xml lists", uri);
}

static bool get_listed(
	StrakeRpmIndex *index, const Repo *repo, const StrakeRepomdFile *file, GError **error)
{
	g_autofree char *uri = g_strdup_printf("%s/%s",
		repo->address != NULL ? repo->address : index->source->upstream->name, file->href);
	const StrakeDownload item = {
		.uri = uri, .name = file->type, .sha256 = file->sha256, .size = file->size};

	if (!strake_store_has(index->store, file->sha256)) {
		if (repo->address == NULL)
			return strake_error_set(error, STRAKE_ERROR_OFFLINE,
				"the %s metadata of upstream '%s' is not in the store '%s', and "
				"--offline forbids to fetch it now",
				file->type, index->source->upstream->name,
				strake_store_path(index->store));
		if (!strake_download_all(
			    index->store, &index->source->net, &item, 1, "index", NULL, error))
			return false;
	}
	return check_unpacked(index->store, file, uri, error);
}

// -- repomd.xml

static bool check_signature(const StrakeRpmIndex *index, GBytes *repomd, GBytes *signature,
	const char *uri, GError **error)
{
	static const char *const words[] = {"--", "repomd.xml.asc", "repomd.xml", NULL};
	g_autoptr(StrakeTmpdir) dir = strake_tmpdir_new(NULL, error);
	g_autoptr(GBytes) status = NULL;
	g_autofree char *text = NULL;

	if (dir == NULL ||
		!strake_file_write_at(dir->fd, "repomd.xml", g_bytes_get_data(repomd, NULL),
			g_bytes_get_size(repomd), 0600, error) ||
		!strake_file_write_at(dir->fd, "repomd.xml.asc", g_bytes_get_data(signature, NULL),
			g_bytes_get_size(signature), 0600, error))
		return false;
	status = strake_gpgv_run(dir, index->source->upstream->gpg_key, words, error);
	if (status == NULL)
		return false;
	text = g_strndup(g_bytes_get_data(status, NULL), g_bytes_get_size(status));
	return strake_gpgv_judge(text, uri, "add the new key to the upstream's gpg-key", error);
}

static bool get_signature(
	const StrakeRpmIndex *index, GBytes *repomd, const char *uri, GError **error)
{
	g_auto(StrakeDownloadTag) tag = {0};
	g_autoptr(GBytes) signature = NULL;
	g_autoptr(GError) cause = NULL;
	g_autofree char *asc = g_strconcat(uri, ".asc", NULL);

	if (!index->source->upstream->repo_gpg_check)
		return true;
	if (strake_download_small(
		    &index->source->net, asc, SIGNATURE_MAX_BYTES, &tag, &signature, &cause))
		return check_signature(index, repomd, signature, uri, error);
	if (g_error_matches(cause, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND))
		return strake_error_set(error, STRAKE_ERROR_INTEGRITY,
			"%s: it is not signed (there is no repomd.xml.asc), but upstream '%s' asks "
			"for that with 'repo-gpg-check'",
			uri, index->source->upstream->name);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static bool get_from(StrakeRpmIndex *index, const char *address, Repo **out, GError **error)
{
	g_autoptr(Repo) repo = g_new0(Repo, 1);
	g_autofree char *uri = g_strconcat(address, "/repodata/repomd.xml", NULL);
	g_auto(StrakeDownloadTag) tag = {0};
	g_autoptr(GBytes) bytes = NULL;
	const StrakeRepomdFile *primary;

	if (!strake_download_small(&index->source->net, uri, REPOMD_MAX_BYTES, &tag, &bytes, error))
		return false;
	if (bytes == NULL)
		return strake_error_set(error, STRAKE_ERROR_FAILED,
			"%s: the server says 'not modified' to a first request", uri);
	if (!get_signature(index, bytes, uri, error))
		return false;
	repo->address = g_strdup(address);
	repo->repomd = strake_repomd_parse(bytes, uri, error);
	if (repo->repomd == NULL)
		return false;
	primary = strake_repomd_file(repo->repomd, "primary");
	if (!check_entry(primary, "primary", uri, error) ||
		!get_listed(index, repo, primary, error) ||
		!strake_store_add(index->store, g_bytes_get_data(bytes, NULL),
			g_bytes_get_size(bytes), &repo->sha256, error))
		return false;
	*out = g_steal_pointer(&repo);
	return true;
}

// Nothing that another mirror could help with.
static bool is_final(const GError *error)
{
	return g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_CANCELLED) ||
	       g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_NO_SPACE);
}

static bool get_repo(StrakeRpmIndex *index, char **addresses, GError **error)
{
	g_autoptr(GError) first = NULL;

	for (char **address = addresses; *address != NULL; address++) {
		g_autoptr(GError) cause = NULL;
		Repo *repo = NULL;

		if (get_from(index, *address, &repo, &cause)) {
			g_ptr_array_add(index->repos, repo);
			return true;
		}
		if (is_final(cause) || (first == NULL && address[1] == NULL)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (address[1] != NULL)
			strake_warn("%s; trying the next mirror", cause->message);
		if (first == NULL)
			first = g_steal_pointer(&cause);
	}
	g_propagate_prefixed_error(error, g_steal_pointer(&first),
		"none of %u mirrors is good; the first: ", g_strv_length(addresses));
	return false;
}

// -- what was verified before

static bool memo_store(const StrakeRpmIndex *index, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < index->repos->len; i++)
		g_string_append_printf(
			text, "%s\n", ((const Repo *)g_ptr_array_index(index->repos, i))->sha256);
	return strake_store_put_key(
		index->store, MEMO_KIND, index->source->identity, text->str, text->len, error);
}

static bool open_remembered(StrakeRpmIndex *index, const char *sha256, GError **error)
{
	g_autoptr(Repo) repo = g_new0(Repo, 1);
	g_autoptr(GBytes) bytes = strake_store_map_object(index->store, sha256, error);
	const char *name = index->source->upstream->name;
	const StrakeRepomdFile *primary;

	repo->sha256 = g_strdup(sha256);
	repo->repomd = bytes != NULL ? strake_repomd_parse(bytes, name, error) : NULL;
	if (repo->repomd == NULL)
		return false;
	primary = strake_repomd_file(repo->repomd, "primary");
	if (!check_entry(primary, "primary", name, error) ||
		!get_listed(index, repo, primary, error))
		return false;
	g_ptr_array_add(index->repos, g_steal_pointer(&repo));
	return true;
}

static bool open_offline(StrakeRpmIndex *index, GError **error)
{
	g_autoptr(GBytes) bytes =
		strake_store_get_key(index->store, MEMO_KIND, index->source->identity, NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (bytes == NULL)
		return strake_error_set(error, STRAKE_ERROR_OFFLINE,
			"the index of upstream '%s' was never fetched into '%s', and --offline "
			"forbids to fetch it now",
			index->source->upstream->name, strake_store_path(index->store));
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line != NULL; line++)
		if (!strake_digest_is_hex(STRAKE_DIGEST_SHA256, *line) ||
			!open_remembered(index, *line, error)) {
			if (error != NULL && *error == NULL)
				strake_error_set(error, STRAKE_ERROR_INVALID,
					"the store's note of the index is damaged; run once "
					"without --offline");
			g_prefix_error(
				error, "index of upstream '%s': ", index->source->upstream->name);
			return false;
		}
	return true;
}

static void describe(StrakeRpmIndex *index)
{
	g_autoptr(GString) digests = g_string_new(NULL);

	for (guint i = 0; i < index->repos->len; i++) {
		const Repo *repo = g_ptr_array_index(index->repos, i);
		g_autofree char *date = strake_repomd_date(repo->repomd);

		g_string_append_printf(digests, "%s\n", repo->sha256);
		if (g_strcmp0(date, index->date) > 0) {
			g_free(index->date);
			index->date = g_steal_pointer(&date);
		}
	}
	index->sha256 = index->repos->len == 1 ? g_strndup(digests->str, digests->len - 1)
					       : strake_digest_data(STRAKE_DIGEST_SHA256,
							 digests->str, digests->len);
}

StrakeRpmIndex *strake_rpm_index_open(
	StrakeStore *store, const StrakeRpmSource *source, bool offline, GError **error)
{
	g_autoptr(StrakeRpmIndex) index = g_new0(StrakeRpmIndex, 1);

	index->store = store;
	index->source = source;
	index->offline = offline;
	index->repos = g_ptr_array_new_with_free_func(repo_free);
	if (offline && !open_offline(index, error))
		return NULL;
	for (guint i = 0; !offline && i < source->repos->len; i++)
		if (!get_repo(index, strake_rpm_source_addresses(source, i), error)) {
			g_prefix_error(error, "upstream '%s': ", source->upstream->name);
			return NULL;
		}
	if (!offline && !memo_store(index, error))
		return NULL;
	describe(index);
	return g_steal_pointer(&index);
}

const StrakeRpmSource *strake_rpm_index_source(const StrakeRpmIndex *index)
{
	return index->source;
}

bool strake_rpm_index_has_files(const StrakeRpmIndex *index)
{
	for (guint i = 0; i < index->repos->len; i++) {
		const Repo *repo = g_ptr_array_index(index->repos, i);

		if (strake_repomd_file(repo->repomd, "filelists") == NULL)
			return false;
	}
	return true;
}

const char *strake_rpm_index_date(const StrakeRpmIndex *index)
{
	return index->date;
}

const char *strake_rpm_index_sha256(const StrakeRpmIndex *index)
{
	return index->sha256;
}

// -- for libsolv, which wants a folder

static bool link_object(const StrakeRpmIndex *index, const Repo *repo, const char *sha256,
	const char *as, GError **error)
{
	g_autofree char *object = strake_store_object_path(index->store, sha256);
	g_autofree char *folder = g_path_get_dirname(as);

	if (strcmp(folder, ".") != 0 && !strake_path_mkdirs(repo->dir->fd, folder, error))
		return false;
	if (symlinkat(object, repo->dir->fd, as) < 0 && errno != EEXIST)
		return strake_error_errno(error, errno, "link", as);
	return true;
}

static bool make_folder(StrakeRpmIndex *index, Repo *repo, bool with_files, GError **error)
{
	static const char *const types[] = {"primary", "filelists"};
	const char *name = repo->address != NULL ? repo->address : index->source->upstream->name;

	if (repo->dir == NULL)
		repo->dir = strake_tmpdir_new(NULL, error);
	if (repo->dir == NULL ||
		!link_object(index, repo, repo->sha256, "repodata/repomd.xml", error))
		return false;
	for (size_t i = 0; i < (with_files ? 2 : 1); i++) {
		const StrakeRepomdFile *file = strake_repomd_file(repo->repomd, types[i]);

		if (!check_entry(file, types[i], name, error) ||
			!get_listed(index, repo, file, error) ||
			!link_object(index, repo, file->sha256, file->href, error))
			return false;
	}
	return true;
}

// libsolv's reader knows the folder that was made for it; people know the address.
static void name_address(const Repo *repo, const char *name, GError *cause, GError **error)
{
	g_auto(GStrv) parts = NULL;
	g_autofree char *message = NULL;

	if (repo->dir == NULL) {
		g_propagate_error(error, cause);
		return;
	}
	parts = g_strsplit(cause->message, repo->dir->path, -1);
	message = g_strjoinv(repo->address != NULL ? repo->address : name, parts);
	g_set_error_literal(error, cause->domain, cause->code, message);
	g_error_free(cause);
}

static bool load_repo(StrakeRpmIndex *index, Repo *repo, guint number, StrakeSolver *solver,
	bool with_files, GError **error)
{
	g_autofree char *name = g_strdup_printf("%u", number);
	GError *cause = NULL;

	if (make_folder(index, repo, with_files, &cause) &&
		(with_files ? strake_solver_add_repo(solver, name, repo->dir->path, 0, &cause)
			    : strake_solver_add_primary(solver, name, repo->dir->path, 0, &cause)))
		return true;
	name_address(repo, index->source->upstream->name, cause, error);
	return false;
}

bool strake_rpm_index_load(
	StrakeRpmIndex *index, StrakeSolver *solver, bool with_files, GError **error)
{
	for (guint i = 0; i < index->repos->len; i++)
		if (!load_repo(index, g_ptr_array_index(index->repos, i), i, solver, with_files,
			    error))
			return false;
	return true;
}

const char *strake_rpm_index_relative(const StrakeRpmIndex *index, const StrakePackage *package)
{
	guint64 i = g_ascii_strtoull(package->repo, NULL, 10);
	const Repo *repo = i < index->repos->len ? g_ptr_array_index(index->repos, i) : NULL;
	g_autofree char *folder = NULL;
	const char *relative;

	if (repo == NULL || repo->dir == NULL || package->path == NULL)
		return NULL;
	folder = g_canonicalize_filename(repo->dir->path, NULL);
	if (!g_str_has_prefix(package->path, folder))
		return NULL;
	relative = package->path + strlen(folder);
	if (*relative != '/' || !strake_path_is_clean(relative + 1))
		return NULL;
	return relative + 1;
}
