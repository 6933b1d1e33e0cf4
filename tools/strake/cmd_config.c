// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake config: check the definitions, print them merged, print their schema.
#include <stdio.h>

#include "base/words.h"
#include "commands.h"
#include "project/project.h"

typedef struct {
	gboolean permissive;
	char **config_files;
	gboolean json;
	gboolean origins;
	gboolean resolved;
} ConfigOpts;

static StrakeProject *load(
	const StrakeGlobals *globals, const ConfigOpts *o, bool check_files, GError **error)
{
	StrakeProjectOptions options = {
		.permissive = o->permissive,
		.check_files = check_files,
		.config_files = (const char *const *)o->config_files,
	};

	return strake_project_load(globals->project_dir, &options, error);
}

static bool run_check(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	g_autoptr(StrakeProject) project = load(globals, opts, true, error);
	size_t n_overlays = 0;
	unsigned n_components, n_images, n_upstreams;

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
	n_components = g_strv_length(components);
	n_images = g_strv_length(images);
	n_upstreams = g_strv_length(upstreams);
	printf("ok: %u component%s with %zu overlay%s, %u image%s, %u upstream%s\n", n_components,
		strake_s(n_components), n_overlays, strake_s(n_overlays), n_images,
		strake_s(n_images), n_upstreams, strake_s(n_upstreams));
	return true;
}

static bool run_dump(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ConfigOpts *o = opts;
	StrakeProjectDump what = {.origins = o->origins, .resolved = o->resolved};
	g_autoptr(StrakeProject) project = load(globals, o, false, error);
	g_autofree char *text = NULL;

	if (project == NULL)
		return false;
	text = strake_project_dump(project, &what, error);
	if (text == NULL)
		return false;
	fputs(text, stdout);
	return true;
}

static bool run_schema(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	g_autofree char *text = strake_project_schema();

	fputs(text, stdout);
	return true;
}

#define LOADING                                                                                    \
	{0, "permissive", STRAKE_OPT_FLAG, offsetof(ConfigOpts, permissive), NULL,                 \
		"warn about unknown keys instead of failing"},                                     \
	{                                                                                          \
		0, "config-file", STRAKE_OPT_LIST, offsetof(ConfigOpts, config_files), "FILE",     \
			"read FILE after the project; may be repeated"                             \
	}

static const StrakeOpt check_opts[] = {LOADING, {0}};
static const StrakeOpt dump_opts[] = {
	LOADING,
	{0, "json", STRAKE_OPT_FLAG, offsetof(ConfigOpts, json), NULL, "as JSON (the only form)"},
	{0, "origins", STRAKE_OPT_FLAG, offsetof(ConfigOpts, origins), NULL,
		"with file, line and column of every value"},
	{0, "resolved", STRAKE_OPT_FLAG, offsetof(ConfigOpts, resolved), NULL,
		"components with everything they inherit"},
	{0},
};

const StrakeCmd strake_cmd_config_check = {
	.name = "config check",
	.summary = "check all definitions",
	.details =
		"Reads the project's definitions, merges and resolves them, and checks that every "
		"name that is used is defined and every file that is named is there. Prints one "
		"line, or every problem with its file, line and column (at most 20).",
	.opts = check_opts,
	.opts_size = sizeof(ConfigOpts),
	.run = run_check,
};

const StrakeCmd strake_cmd_config_dump = {
	.name = "config dump",
	.summary = "print the merged definitions as JSON",
	.details = "All files merged into one, in the order of the language's reference, tables by "
		   "name. The output does not depend on where the project lies.",
	.opts = dump_opts,
	.opts_size = sizeof(ConfigOpts),
	.run = run_dump,
};

const StrakeCmd strake_cmd_config_schema = {
	.name = "config schema",
	.summary = "print the JSON Schema of definition files",
	.details = "For editors: save it and name it in a first line "
		   "\"#:schema FILE\" of a TOML file.",
	.run = run_schema,
};
