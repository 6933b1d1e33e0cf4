// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Upstream kind deb: packages of an apt archive, imported through the bridge.
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "upstream/apt_config.h"
#include "upstream/deb_archive.h"
#include "upstream/deb_closure.h"
#include "upstream/deb_sources.h"
#include "upstream/upstream_private.h"

static int64_t now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

StrakeDebArchive *strake_upstream_archive(StrakeStore *store, const StrakeUpstream *upstream,
	const StrakeDebArchiveOptions *options, GError **error)
{
	g_autoptr(StrakeAptConfig) config = NULL;
	g_autoptr(StrakeDebArchive) archive = NULL;

	if (upstream->kind != STRAKE_UPSTREAM_DEB) {
		strake_error_set(error, STRAKE_ERROR_INVALID,
			"upstream '%s' is not of kind 'deb': it is no apt archive", upstream->name);
		return NULL;
	}
	if (!options->offline) {
		config = strake_apt_config_load(upstream, error);
		if (config == NULL)
			return NULL;
	}
	archive = strake_deb_archive_open(store, upstream, config, options, now_s(), error);
	if (archive != NULL && archive->note != NULL)
		strake_say("%s: %s", upstream->name, archive->note);
	return g_steal_pointer(&archive);
}

StrakePin *strake_upstream_pin(const StrakeDebPackage *package)
{
	StrakePin *pin = g_new0(StrakePin, 1);

	pin->name = g_strdup(package->name);
	pin->version = g_strdup(package->version);
	pin->architecture = g_strdup(package->architecture);
	pin->filename = g_strdup(package->filename);
	pin->sha256 = g_strdup(package->sha256);
	pin->size = package->size;
	return pin;
}

static StrakeUpstreamLock *new_lock(const StrakeDebArchive *archive)
{
	StrakeUpstreamLock *lock = strake_upstream_lock_new();

	lock->suite = g_strdup(archive->suite);
	lock->date = g_strdup(archive->date);
	lock->index_sha256 = g_strdup(archive->inrelease_sha256);
	return lock;
}

static StrakeUpstreamLock *closure(const StrakeUpstreamJob *job, GError **error)
{
	const StrakeUpstream *upstream = job->upstream;
	g_autoptr(GPtrArray) wants = strake_source_wants(job->project, upstream, error);
	StrakeDebArchiveOptions options = {.offline = job->offline};
	g_autoptr(StrakeDebArchive) archive = NULL;
	g_autoptr(GPtrArray) roots = NULL;
	g_autoptr(GPtrArray) packages = NULL;
	g_autoptr(GHashTable) build_only = NULL;
	g_autoptr(StrakeUpstreamLock) lock = NULL;

	if (wants == NULL)
		return NULL;
	options.sources = wants->len > 0;
	archive = strake_upstream_archive(job->store, upstream, &options, error);
	roots = archive != NULL ? strake_deb_roots(job->project, error) : NULL;
	if (roots == NULL || !strake_deb_closure(job->project, upstream, archive->index, roots,
				     &packages, &build_only, error))
		return NULL;
	lock = new_lock(archive);
	for (guint i = 0; i < packages->len; i++) {
		StrakePin *pin = strake_upstream_pin(g_ptr_array_index(packages, i));

		pin->build_only = g_hash_table_contains(build_only, pin->name);
		g_ptr_array_add(lock->pins, pin);
	}
	if (wants->len > 0 && !strake_source_pins(wants, archive->sources, lock->sources, error)) {
		g_prefix_error(error, "upstream '%s': ", upstream->name);
		return NULL;
	}
	return g_steal_pointer(&lock);
}

static bool check_lock(const StrakeUpstreamJob *job, const StrakeUpstreamLock *lock,
	const char *path, GError **error)
{
	const StrakeUpstream *upstream = job->upstream;

	return strcmp(lock->suite, upstream->suite) == 0 ||
	       strake_error_set(error, STRAKE_ERROR_INVALID,
		       "'%s' locks suite '%s', but upstream '%s' is suite '%s' now: run `strake "
		       "upstream update %s`",
		       path, lock->suite, upstream->name, upstream->suite, upstream->name);
}

static bool download(
	const StrakeUpstreamJob *job, const GPtrArray *pins, GArray *missing, GError **error)
{
	g_autoptr(StrakeAptConfig) config = strake_apt_config_load(job->upstream, error);
	g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
	g_autofree StrakeDownload *items = g_new0(StrakeDownload, pins->len + 1);

	if (config == NULL)
		return false;
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);
		g_autofree char *path = g_uri_escape_string(pin->filename, "/+~:", FALSE);
		char *uri = g_strdup_printf("%s/%s", config->mirror, path);

		g_ptr_array_add(uris, uri);
		items[i] = (StrakeDownload){
			.uri = uri, .name = pin->name, .sha256 = pin->sha256, .size = pin->size};
	}
	return strake_download_all(
		job->store, config, items, pins->len, "download", missing, error);
}

const StrakeUpstreamOps strake_upstream_deb_ops = {
	.closure = closure,
	.check_lock = check_lock,
	.download = download,
};
