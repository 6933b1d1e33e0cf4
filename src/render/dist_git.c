// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The store's copies of dist-git repositories: fetched only when something is not there.
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "render/workspace.h"

enum { URI_DIGITS = 16 };

// "git/NAME-DIGITS.git" in the store: readable, and another address is another copy.
static char *copy_name(const StrakePick *pick, const char *suffix)
{
	g_autofree char *digest =
		strake_digest_data(STRAKE_DIGEST_SHA256, pick->uri, strlen(pick->uri));
	g_autofree char *last = g_path_get_basename(pick->uri);

	g_strdelimit(last, "/\\ ", '_');
	return g_strdup_printf("git/%s-%.*s.%s", last, URI_DIGITS, digest, suffix);
}

StrakeGit *strake_pick_git(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autofree char *name = NULL;
	g_autofree char *path = NULL;

	if (pick->git != NULL)
		return pick->git;
	name = copy_name(pick, "git");
	path = g_build_filename(strake_store_path(ws->store), name, NULL);
	pick->git = strake_git_open(path, pick->uri, error);
	if (pick->git == NULL)
		g_prefix_error(error, "component '%s': ", pick->component->name);
	return pick->git;
}

static bool fetch(StrakeWorkspace *ws, StrakePick *pick, GError **error)
{
	g_autofree char *lock_name = copy_name(pick, "lock");
	g_auto(strake_fd) lock = -1;
	StrakeGit *git = strake_pick_git(ws, pick, error);

	if (git == NULL)
		return false;
	if (ws->offline)
		return strake_error_set(error, STRAKE_ERROR_OFFLINE,
			"component '%s': '%s' has to be fetched; run once without --offline",
			pick->component->name, pick->uri);
	// Two components may share a repository.
	if (!strake_file_lock(strake_store_dir_fd(ws->store), lock_name, true, &lock, error))
		return false;
	if (strake_git_fetch(git, error))
		return true;
	g_prefix_error(error, "component '%s': ", pick->component->name);
	return false;
}

static bool parse_time(const char *text, int64_t *out_s)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = NULL;
	g_autofree char *whole = NULL;

	if (strpbrk(text, "Tt ") == NULL) // a date alone
		whole = g_strconcat(text, "T00:00:00Z", NULL);
	when = g_date_time_new_from_iso8601(whole != NULL ? whole : text, utc);
	if (when == NULL)
		return false;
	*out_s = g_date_time_to_unix(when);
	return true;
}

static bool wanted_of(
	StrakeWorkspace *ws, const StrakePick *pick, StrakeGitWant *out, GError **error)
{
	const StrakeComponent *c = pick->component;
	const StrakeDistroRef *ref = &c->spec.upstream_distro;
	const StrakeDistroVersion *version;

	out->commit = c->spec.upstream_commit;
	if (out->commit != NULL)
		return true;
	version = strake_project_distro_version(ws->project, ref, error);
	if (version == NULL) {
		g_prefix_error(error, "component '%s': ", c->name);
		return false;
	}
	if (version->dist_git_branch == NULL)
		return strake_error_at(error, STRAKE_ERROR_NOT_FOUND, version->at,
			"component '%s' comes from version '%s', which has no 'dist-git-branch'",
			c->name, version->name);
	out->branch = version->dist_git_branch;
	if (ref->snapshot != NULL && !parse_time(ref->snapshot, &out->snapshot_s))
		return strake_error_at(error, STRAKE_ERROR_INVALID, c->origin,
			"component '%s': snapshot '%s' is no date and time", c->name,
			ref->snapshot);
	return true;
}

static char *resolve(
	StrakeWorkspace *ws, StrakePick *pick, const StrakeGitWant *want, bool news, GError **error)
{
	StrakeGit *git = strake_pick_git(ws, pick, error);
	g_autoptr(GError) missing = NULL;
	char *commit;

	if (git == NULL || (news && !fetch(ws, pick, error)))
		return NULL;
	commit = strake_git_resolve(git, want, &missing);
	if (commit == NULL && !news &&
		g_error_matches(missing, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND)) {
		g_clear_error(&missing);
		if (!fetch(ws, pick, error))
			return NULL;
		commit = strake_git_resolve(git, want, &missing);
	}
	if (commit == NULL) {
		g_propagate_prefixed_error(error, g_steal_pointer(&missing),
			"component '%s': ", pick->component->name);
	}
	return commit;
}

char *strake_pick_resolve(StrakeWorkspace *ws, StrakePick *pick, bool news, GError **error)
{
	StrakeGitWant want = {0};

	if (!wanted_of(ws, pick, &want, error))
		return NULL;
	// A pin does not move: what is there is good.
	return resolve(ws, pick, &want, news && want.commit == NULL, error);
}

bool strake_pick_need(StrakeWorkspace *ws, StrakePick *pick, const char *commit, GError **error)
{
	StrakeGitWant want = {.commit = commit};
	g_autofree char *found = resolve(ws, pick, &want, false, error);

	return found != NULL;
}

char *strake_pick_spec_name(const StrakePick *pick)
{
	const StrakeComponent *c = pick->component;

	if (pick->local)
		return g_path_get_basename(c->spec.path);
	return g_strconcat(
		c->spec.upstream_name != NULL ? c->spec.upstream_name : c->name, ".spec", NULL);
}
