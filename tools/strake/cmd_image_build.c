// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake image build: composes an image from its definition.
#include <stdio.h>

#include "base/progress.h"
#include "commands.h"
#include "image/build.h"

typedef struct {
	char *out;
	char *keys;
	char *from_root;
	char *tools;
	char **repositories;
	gboolean force;
} BuildOpts;

static const StrakeOpt build_opts[] = {
	{'o', "out", STRAKE_OPT_STRING, offsetof(BuildOpts, out), "DIR",
		"where the outputs go (out/images beside the project file)"},
	{'f', "force", STRAKE_OPT_FLAG, offsetof(BuildOpts, force), NULL,
		"build even when nothing changed"},
	{'r', "repo", STRAKE_OPT_LIST, offsetof(BuildOpts, repositories), "DIR",
		"take packages from this repository (may be repeated)"},
	{0, "keys", STRAKE_OPT_STRING, offsetof(BuildOpts, keys), "DIR",
		"the project's keys ($STRAKE_KEYS, or keys in the user's data directory)"},
	{0, "from-root", STRAKE_OPT_STRING, offsetof(BuildOpts, from_root), "DIR",
		"take this root tree instead of installing packages; it is changed"},
	{0, "tools", STRAKE_OPT_STRING, offsetof(BuildOpts, tools), "DIR",
		"take this tools tree instead of composing the image 'tools'"},
	{0},
};

static bool build_one(const StrakeGlobals *globals, const BuildOpts *opts, StrakeProject *project,
	StrakeStore *store, const char *name, GError **error)
{
	const StrakeImageBuildOptions options = {
		.out = opts->out,
		.keys = opts->keys,
		.from_root = opts->from_root,
		.tools = opts->tools,
		.repositories = (const char *const *)opts->repositories,
		.force = opts->force,
		.jobs = globals->jobs > 0 ? (unsigned)globals->jobs : 0,
	};
	StrakeImageBuildResult result = {0};

	if (!strake_image_build(project, store, name, &options, &result, error))
		return false;
	strake_say("%s: %s", name, result.unchanged ? "nothing changed" : "built");
	printf("%s\n", result.manifest);
	strake_image_build_result_clear(&result);
	return true;
}

static bool run_build(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	g_autoptr(StrakeProject) project = strake_project_load(globals->project_dir, NULL, error);
	g_autoptr(StrakeStore) store = NULL;

	if (project == NULL)
		return false;
	store = strake_store_open(globals->store_path, error);
	if (store == NULL)
		return false;
	for (char **name = args; *name != NULL; name++)
		if (!build_one(globals, opts, project, store, *name, error))
			return false;
	return true;
}

const StrakeCmd strake_cmd_image_build = {
	.name = "image build",
	.args = "NAME...",
	.summary = "compose an image: disk, container or tools tree",
	.details =
		"Chooses the packages that the definition asks for, installs them into an empty "
		"tree without running any script, makes caches, labels and file systems with "
		"the programs of the image 'tools', and writes the outputs and a manifest, whose "
		"path is printed. Equal inputs give equal bytes.",
	.min_args = 1,
	.max_args = -1,
	.opts = build_opts,
	.opts_size = sizeof(BuildOpts),
	.run = run_build,
};
