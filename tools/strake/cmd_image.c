// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake image list and strake image report.
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/json.h"
#include "commands.h"
#include "image/inventory.h"
#include "project/project.h"

typedef struct {
	gboolean json;
	char *out;
	char *html;
	int rows;
} ImageOpts;

static const StrakeOpt list_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ImageOpts, json), NULL, "print JSON"},
	{'o', "out", STRAKE_OPT_STRING, offsetof(ImageOpts, out), "DIR",
		"where image build put the outputs"},
	{0},
};

static const StrakeOpt report_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ImageOpts, json), NULL, "print JSON"},
	{0, "html", STRAKE_OPT_STRING, offsetof(ImageOpts, html), "FILE",
		"write one self-contained page with a treemap"},
	{'n', "rows", STRAKE_OPT_INT, offsetof(ImageOpts, rows), "N",
		"how many packages and directories to show (20)"},
	{'o', "out", STRAKE_OPT_STRING, offsetof(ImageOpts, out), "DIR",
		"where image build put the outputs"},
	{0},
};

static char *images_dir(const StrakeProject *project, const ImageOpts *opts)
{
	return opts->out != NULL
		       ? g_strdup(opts->out)
		       : g_build_filename(strake_project_output_dir(project), "images", NULL);
}

static const char *kind_name(const StrakeImageDef *def)
{
	static const char *const names[] = {"disk", "oci", "wsl", "iso"};

	if (g_strcmp0(def->definition.type, "strake") != 0)
		return def->definition.type != NULL ? def->definition.type : "?";
	return names[def->kind];
}

static bool run_list(const StrakeGlobals *globals, const void *data, char **args, GError **error)
{
	const ImageOpts *opts = data;
	g_autoptr(StrakeProject) project = strake_project_load(globals->project_dir, NULL, error);
	g_auto(GStrv) names = project != NULL ? strake_project_image_names(project) : NULL;
	g_autoptr(JsonBuilder) b = json_builder_new();
	g_autofree char *dir = NULL;

	(void)args;
	if (project == NULL)
		return false;
	dir = images_dir(project, opts);
	json_builder_begin_array(b);
	for (char **name = names; *name != NULL; name++) {
		const StrakeImageDef *def = strake_project_image(project, *name, error);
		g_autofree char *manifest = g_strdup_printf("%s/%s.manifest.json", dir, *name);
		bool built = access(manifest, R_OK) == 0;

		if (def == NULL)
			return false;
		if (!opts->json) {
			printf("%-30s %-5s %-6s %s\n", *name, kind_name(def), built ? "built" : "-",
				def->description != NULL ? def->description : "");
			continue;
		}
		json_builder_begin_object(b);
		json_builder_set_member_name(b, "name");
		json_builder_add_string_value(b, *name);
		json_builder_set_member_name(b, "kind");
		json_builder_add_string_value(b, kind_name(def));
		json_builder_set_member_name(b, "built");
		json_builder_add_boolean_value(b, built);
		json_builder_set_member_name(b, "description");
		json_builder_add_string_value(b, def->description != NULL ? def->description : "");
		json_builder_end_object(b);
	}
	json_builder_end_array(b);
	if (opts->json)
		strake_json_print(b);
	return true;
}

static bool run_report(const StrakeGlobals *globals, const void *data, char **args, GError **error)
{
	const ImageOpts *opts = data;
	g_autoptr(StrakeProject) project = strake_project_load(globals->project_dir, NULL, error);
	g_autoptr(StrakeReport) report = NULL;
	g_autofree char *dir = NULL;
	g_autofree char *text = NULL;

	if (project == NULL || strake_project_image(project, args[0], error) == NULL)
		return false;
	dir = images_dir(project, opts);
	report = strake_inventory_report(dir, args[0], error);
	if (report == NULL)
		return false;
	if (opts->html != NULL) {
		g_autofree char *page = strake_report_html(report);
		if (!strake_file_write_at(AT_FDCWD, opts->html, page, strlen(page), 0644, error))
			return false;
	}
	text = opts->json ? strake_report_json(report)
			  : strake_report_text(report, opts->rows > 0 ? (unsigned)opts->rows : 20);
	fputs(text, stdout);
	return true;
}

const StrakeCmd strake_cmd_image_list = {
	.name = "image list",
	.summary = "list the images that are defined",
	.max_args = 0,
	.opts = list_opts,
	.opts_size = sizeof(ImageOpts),
	.run = run_list,
};

const StrakeCmd strake_cmd_image_report = {
	.name = "image report",
	.args = "NAME",
	.summary = "show where the space of a built image goes",
	.details =
		"By package and by directory, largest first; what no package owns was made by the "
		"image build. --html writes a page with a treemap that needs nothing else.",
	.min_args = 1,
	.max_args = 1,
	.opts = report_opts,
	.opts_size = sizeof(ImageOpts),
	.run = run_report,
};
