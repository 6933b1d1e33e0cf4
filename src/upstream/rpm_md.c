// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Upstream kind rpm-md: binary RPMs of a dnf repository, inherited byte for byte.
#include <string.h>

#include "base/error.h"
#include "base/progress.h"
#include "upstream/deb_closure.h"
#include "upstream/rpm_index.h"
#include "upstream/rpm_packages.h"
#include "upstream/rpm_source.h"
#include "upstream/upstream_private.h"

static StrakeUpstreamLock *closure(const StrakeUpstreamJob *job, GError **error)
{
	g_autoptr(StrakeRpmSource) source =
		strake_rpm_source_new(job->project, job->upstream, error);
	g_autoptr(StrakeRpmIndex) index = NULL;
	g_autoptr(GPtrArray) roots = NULL;
	g_autoptr(StrakeUpstreamLock) lock = strake_upstream_lock_new();

	if (source == NULL)
		return NULL;
	index = strake_rpm_index_open(job->store, source, job->offline, error);
	roots = index != NULL ? strake_deb_roots(job->project, error) : NULL;
	if (roots == NULL)
		return NULL;
	if (!strake_rpm_packages_choose(job->project, index, roots, lock->pins, error)) {
		g_prefix_error(error, "upstream '%s': ", job->upstream->name);
		return NULL;
	}
	if (!strake_rpm_packages_unchanged(job->project, lock->pins, error))
		return NULL;
	lock->kind = STRAKE_UPSTREAM_RPM_MD;
	lock->date = g_strdup(strake_rpm_index_date(index));
	lock->index_sha256 = g_strdup(strake_rpm_index_sha256(index));
	return g_steal_pointer(&lock);
}

static bool check_lock(const StrakeUpstreamJob *job, const StrakeUpstreamLock *lock,
	const char *path, GError **error)
{
	return strake_rpm_packages_unchanged(job->project, lock->pins, error);
}

// -- downloads

// Those of @pins that one more mirror may have.
typedef struct {
	const StrakeUpstreamJob *job;
	const StrakeRpmSource *source;
	const GPtrArray *pins;
	GArray *wanted; // of guint, indexes of @pins
} Round;

// From the mirrors of rank @rank; *@out_asked: whether there is one for any package.
static bool download_round(
	Round *round, guint rank, GArray *missing, bool *out_asked, GError **error)
{
	g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
	g_autofree StrakeDownload *items = g_new0(StrakeDownload, round->wanted->len + 1);
	g_autofree guint *which = g_new0(guint, round->wanted->len + 1);
	g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint));
	size_t n = 0;
	bool done;

	for (guint i = 0; i < round->wanted->len; i++) {
		guint index = g_array_index(round->wanted, guint, i);
		const StrakePin *pin = g_ptr_array_index(round->pins, index);
		char **addresses = strake_rpm_source_addresses(round->source, pin->repo);
		g_autofree char *path = NULL;
		char *uri;

		if (addresses == NULL || rank >= g_strv_length(addresses)) {
			g_array_append_val(missing, index);
			continue;
		}
		path = g_uri_escape_string(pin->filename, "/+~:^", FALSE);
		uri = g_strdup_printf("%s/%s", addresses[rank], path);
		g_ptr_array_add(uris, uri);
		which[n] = index;
		items[n++] = (StrakeDownload){
			.uri = uri, .name = pin->name, .sha256 = pin->sha256, .size = pin->size};
	}
	*out_asked = n > 0;
	done = n == 0 || strake_download_all(round->job->store, &round->source->net, items, n,
				 "download", gone, error);
	g_array_set_size(round->wanted, 0);
	for (size_t i = 0; !done && i < n; i++)
		g_array_append_val(round->wanted, which[i]);
	for (guint i = 0; done && i < gone->len; i++)
		g_array_append_val(round->wanted, which[g_array_index(gone, guint, i)]);
	return done;
}

static guint n_mirrors(const StrakeRpmSource *source)
{
	guint most = 0;

	for (guint i = 0; i < source->repos->len; i++)
		most = MAX(most, g_strv_length(g_ptr_array_index(source->repos, i)));
	return most;
}

static bool check_repos(const StrakeUpstreamJob *job, const StrakeRpmSource *source,
	const GPtrArray *pins, GError **error)
{
	for (guint i = 0; i < pins->len; i++) {
		const StrakePin *pin = g_ptr_array_index(pins, i);

		if (pin->repo >= source->repos->len)
			return strake_error_set(error, STRAKE_ERROR_INVALID,
				"upstream '%s': the lock has package '%s' from repository %u, but "
				"there are only %u now: run `strake upstream update %s`",
				job->upstream->name, pin->name, pin->repo, source->repos->len,
				job->upstream->name);
	}
	return true;
}

static bool is_final(const GError *error)
{
	return g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_CANCELLED) ||
	       g_error_matches(error, STRAKE_ERROR, STRAKE_ERROR_NO_SPACE);
}

static bool download(
	const StrakeUpstreamJob *job, const GPtrArray *pins, GArray *missing, GError **error)
{
	g_autoptr(StrakeRpmSource) source =
		strake_rpm_source_new(job->project, job->upstream, error);
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(guint));
	Round round = {.job = job, .source = source, .pins = pins, .wanted = wanted};
	guint most;

	if (source == NULL || !check_repos(job, source, pins, error))
		return false;
	for (guint i = 0; i < pins->len; i++)
		g_array_append_val(wanted, i);
	most = n_mirrors(source);
	for (guint rank = 0; rank < most && wanted->len > 0; rank++) {
		g_autoptr(GError) cause = NULL;
		bool asked;

		if (download_round(&round, rank, missing, &asked, &cause))
			continue;
		if (is_final(cause) || rank + 1 == most) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		strake_warn("%s; trying the next mirror", cause->message);
	}
	g_array_append_vals(missing, wanted->data, wanted->len);
	return true;
}

static bool verify(const StrakeUpstreamJob *job, const GPtrArray *pins, GError **error)
{
	g_autoptr(StrakeRpmSource) source =
		strake_rpm_source_new(job->project, job->upstream, error);

	return source != NULL && check_repos(job, source, pins, error) &&
	       strake_rpm_packages_verify(job->store, source, pins, error);
}

const StrakeUpstreamOps strake_upstream_rpm_md_ops = {
	.closure = closure,
	.check_lock = check_lock,
	.download = download,
	.verify = verify,
};

char *strake_upstream_keys(
	const StrakeProject *project, const char *name, const char *own, GError **error)
{
	const StrakeUpstream *upstream = strake_project_upstream(project, name, NULL);
	g_autoptr(StrakeRpmSource) source = NULL;

	if (upstream == NULL || upstream->kind != STRAKE_UPSTREAM_RPM_MD)
		return g_strdup(own);
	source = strake_rpm_source_new(project, upstream, error);
	if (source == NULL)
		return NULL;
	return g_strconcat(own, source->keys != NULL ? source->keys : "", NULL);
}
