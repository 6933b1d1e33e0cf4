// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake config check: loads everything and says what there is, or all that is wrong.
#include <stdio.h>

#include "commands.h"
#include "project/project.h"

typedef struct {
	gboolean permissive;
	char **config_files;
} CheckOpts;

static bool run_check(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const CheckOpts *o = opts;
	StrakeProjectOptions options = {
		.permissive = o->permissive,
		.config_files = (const char *const *)o->config_files,
	};
	g_autoptr(StrakeProject) project =
		strake_project_load(globals->project_dir, &options, error);
	size_t n_overlays = 0;

	if (project == NULL)
		return false;
	g_auto(GStrv) components = strake_project_component_names(project);
	g_auto(GStrv) images = strake_project_image_names(project);
	g_auto(GStrv) upstreams = strake_project_upstream_names(project);
	for (char **name = components; *name != NULL; name++) {
		g_autoptr(StrakeComponent) c = strake_project_resolve(project, *name, error);
		if (c == NULL)
			return false;
		n_overlays += c->overlays->len;
	}
	printf("ok: %u components, %zu overlays, %u images, %u upstreams\n",
		g_strv_length(components), n_overlays, g_strv_length(images),
		g_strv_length(upstreams));
	return true;
}

static const StrakeOpt check_opts[] = {
	{0,		"permissive", STRAKE_OPT_FLAG, offsetof(CheckOpts, permissive), NULL,
         "warn about unknown keys instead of failing"},
	{0, "config-file", STRAKE_OPT_LIST, offsetof(CheckOpts, config_files), "FILE",
         "read FILE after the project; may be repeated"},
	{0    },
};

const StrakeCmd strake_cmd_config_check = {
	.name = "config check",
	.summary = "check all definitions",
	.details =
		"Reads the project's definitions, merges and resolves them and checks that every "
		"name that is used is defined. Prints one line, or every problem with its file, "
		"line and column (at most 20).",
	.opts = check_opts,
	.opts_size = sizeof(CheckOpts),
	.run = run_check,
};
