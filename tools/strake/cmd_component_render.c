// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake component render: specs with all overlays applied, for review and for builds.
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"
#include "component_io.h"
#include "render/render.h"

typedef struct {
	gboolean all;
	gboolean check_only;
	gboolean clean_stale;
	gboolean json;
	char *dir;
} RenderOpts;

static const char *const status_words[] = {"unchanged", "rendered", "failed", "removed"};
static const char *const check_words[] = {"unchanged", "differs", "failed", "stale"};

static void print_rows_json(const GPtrArray *rows, const char *const *words)
{
	g_autoptr(JsonBuilder) json = json_builder_new();

	json_builder_begin_array(json);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeRendered *r = rows->pdata[i];
		json_builder_begin_object(json);
		strake_json_string(json, "name", r->name);
		strake_json_string(json, "directory", r->dir);
		strake_json_string(json, "status", words[r->status]);
		json_builder_set_member_name(json, "uncommitted");
		json_builder_add_boolean_value(json, r->dirty);
		if (r->error != NULL)
			strake_json_string(json, "error", r->error);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	strake_json_print(json);
}

static void print_rows(const GPtrArray *rows, const char *const *words, const unsigned *counts)
{
	g_autoptr(StrakeTable) table = strake_table_new("component", "status", "directory", NULL);
	bool any = false;

	for (guint i = 0; i < rows->len; i++) {
		const StrakeRendered *r = rows->pdata[i];
		if (r->status == STRAKE_RENDER_UNCHANGED && rows->len > 20)
			continue;
		any = true;
		strake_table_add(table, (const char *[]){r->name, words[r->status], r->dir});
	}
	if (any)
		strake_table_print(table, stdout);
	printf("%u %s, %u %s, %u failed", counts[STRAKE_RENDER_WRITTEN],
		words[STRAKE_RENDER_WRITTEN], counts[STRAKE_RENDER_UNCHANGED],
		words[STRAKE_RENDER_UNCHANGED], counts[STRAKE_RENDER_FAILED]);
	if (counts[STRAKE_RENDER_REMOVED] > 0)
		printf(", %u %s", counts[STRAKE_RENDER_REMOVED], words[STRAKE_RENDER_REMOVED]);
	putchar('\n');
}

static bool run_render(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const RenderOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	StrakeRenderOptions options = {.dir = o->dir,
		.check_only = o->check_only,
		.clean_stale = o->clean_stale,
		.jobs = (unsigned)globals->jobs};
	const char *const *words = o->check_only ? check_words : status_words;
	unsigned counts[4] = {0};
	g_auto(GStrv) names = NULL;
	g_autoptr(GPtrArray) rows = NULL;

	if (o->clean_stale && !o->all)
		return strake_error_set(error, STRAKE_ERROR_USAGE, "--clean-stale needs --all");
	if (work == NULL)
		return false;
	names = component_work_names(work, args, o->all, error);
	if (names == NULL)
		return false;
	rows = strake_render_all(work->ws, names, &options, error);
	if (rows == NULL)
		return false;
	for (guint i = 0; i < rows->len; i++)
		counts[((const StrakeRendered *)rows->pdata[i])->status]++;
	if (o->json)
		print_rows_json(rows, words);
	else
		print_rows(rows, words, counts);
	for (guint i = 0; i < rows->len; i++) {
		const StrakeRendered *r = rows->pdata[i];
		if (r->error != NULL)
			fprintf(stderr, "error: %s\n", r->error);
	}
	if (counts[STRAKE_RENDER_FAILED] > 0 ||
		(o->check_only &&
			counts[STRAKE_RENDER_WRITTEN] + counts[STRAKE_RENDER_REMOVED] > 0))
		return strake_error_set(error, STRAKE_ERROR_REPORTED, "not all is rendered");
	return true;
}

static const StrakeOpt render_opts[] = {
	{'a', "all", STRAKE_OPT_FLAG, offsetof(RenderOpts, all), NULL, "every source component"},
	{0, "check-only", STRAKE_OPT_FLAG, offsetof(RenderOpts, check_only), NULL,
		"write nothing; fail when something would change"},
	{0, "clean-stale", STRAKE_OPT_FLAG, offsetof(RenderOpts, clean_stale), NULL,
		"with --all: remove directories of components that are gone"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(RenderOpts, json), NULL, "as JSON"},
	{'o', "output", STRAKE_OPT_STRING, offsetof(RenderOpts, dir), "DIR",
		"instead of [project] rendered-specs-dir"},
	{0},
};

const StrakeCmd strake_cmd_component_render = {
	.name = "component render",
	.args = "[GLOB...]",
	.summary = "apply overlays and write specs for review and builds",
	.details =
		"Takes each component's spec at its locked commit, applies the overlays, computes "
		"release and changelog, and writes spec, sources and the files that the spec names "
		"to DIR/LETTER/NAME. A component that fails keeps the directory it had. The "
		"network "
		"is used only for commits that are not in the store.",
	.max_args = -1,
	.opts = render_opts,
	.opts_size = sizeof(RenderOpts),
	.run = run_render,
};
