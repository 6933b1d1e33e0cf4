// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake build: components from source.
#include <stdio.h>

#include "base/error.h"
#include "base/progress.h"
#include "build/job.h"
#include "commands.h"
#include "component_io.h"
#include "project_packages.h"
#include "repo/publish.h"

typedef struct {
	char *keys;
	char *upstream;
	gboolean all;
	gboolean follow;
	gboolean force;
} BuildOpts;

static const StrakeOpt build_opts[] = {
	{'a', "all", STRAKE_OPT_FLAG, offsetof(BuildOpts, all), NULL, "all source components"},
	{'f', "force", STRAKE_OPT_FLAG, offsetof(BuildOpts, force), NULL,
		"build even when nothing changed"},
	{0, "keys", STRAKE_OPT_STRING, offsetof(BuildOpts, keys), "DIR",
		"the project's keys ($STRAKE_KEYS, or keys in the user's data directory)"},
	{0, "upstream", STRAKE_OPT_STRING, offsetof(BuildOpts, upstream), "NAME",
		"upstream of the buildroot's packages (the project's default)"},
	{0, "follow", STRAKE_OPT_FLAG, offsetof(BuildOpts, follow), NULL,
		"take what the mirror has now instead of the lock"},
	{0},
};

// The repository that builds install from: all that is locked, also what is not published.
static char *make_repository(const StrakeGlobals *globals, const BuildOpts *opts,
	ComponentWork *work, const StrakeKeys *keys, GError **error)
{
	const ProjectPackagesOptions options = {
		.upstream = opts->upstream, .follow = opts->follow, .build = true};
	const StrakePublishOptions how = {.jobs = (unsigned)MAX(globals->jobs, 0)};
	g_autoptr(GPtrArray) packages =
		project_packages(globals, work->project, work->store, keys, &options, error);
	g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(StrakePublishItem));
	g_autofree char *out =
		g_build_filename(strake_project_output_dir(work->project), "build", "repo", NULL);
	StrakePublishResult result = {0};

	if (packages == NULL)
		return NULL;
	for (guint i = 0; i < packages->len; i++) {
		const StrakePublishItem item = {.sha256 = packages->pdata[i]};

		g_array_append_val(items, item);
	}
	if (!strake_repo_publish(work->store, keys,
		    (const StrakePublishItem *)(const void *)items->data, items->len, out, &how,
		    &result, error))
		return NULL;
	return result.path;
}

static bool run_build(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const BuildOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(StrakeKeys) keys = NULL;
	g_auto(GStrv) names = NULL;
	g_autofree char *repository = NULL;
	g_autofree char *work_dir = NULL;
	g_autofree char *log_dir = NULL;

	if (work == NULL)
		return false;
	names = component_work_names(work, args, o->all, error);
	keys = names != NULL ? strake_keys_open(o->keys, NULL, error) : NULL;
	if (keys == NULL)
		return false;
	repository = make_repository(globals, o, work, keys, error);
	if (repository == NULL)
		return false;
	work_dir = g_build_filename(strake_store_path(work->store), "build", NULL);
	log_dir = g_build_filename(strake_project_output_dir(work->project), "build", "logs", NULL);
	const StrakeBuildSetup setup = {.workspace = work->ws,
		.keys = keys,
		.repository = repository,
		.work_dir = work_dir,
		.log_dir = log_dir,
		.force = o->force};
	for (char **name = names; *name != NULL; name++) {
		g_autoptr(StrakeBuildResult) result =
			strake_build_component(&setup, *name, 1, NULL, error);
		if (result == NULL)
			return false;
		printf("%s: %s, %u packages, %.1f s, %s\n", *name,
			result->cached ? "cached" : "built", result->packages->len, result->seconds,
			result->log);
	}
	return true;
}

const StrakeCmd strake_cmd_build = {
	.name = "build",
	.args = "[NAME...]",
	.summary = "build components from source",
	.min_args = 0,
	.max_args = -1,
	.opts = build_opts,
	.opts_size = sizeof(BuildOpts),
	.run = run_build,
};
