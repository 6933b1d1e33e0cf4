// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake changes: every deviation from upstream.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/words.h"
#include "changes_scripts.h"
#include "commands.h"
#include "component_io.h"
#include "project/changes.h"
#include "render/diff.h"

typedef struct {
	gboolean json;
	gboolean markdown;
	gboolean diff;
	char *html;
} ChangesOpts;

static const StrakeOpt changes_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ChangesOpts, json), NULL, "print JSON"},
	{0, "markdown", STRAKE_OPT_FLAG, offsetof(ChangesOpts, markdown), NULL, "print Markdown"},
	{0, "diff", STRAKE_OPT_FLAG, offsetof(ChangesOpts, diff), NULL,
		"add what the changes make of each spec and its files"},
	{0, "html", STRAKE_OPT_STRING, offsetof(ChangesOpts, html), "FILE",
		"write one HTML page that needs nothing else"},
	{0},
};

/** Keeps only the changes of the named components; a name without changes is an error. */
static bool select_components(GPtrArray *changes, char **names, GError **error)
{
	for (char **name = names; *name != NULL; name++) {
		bool found = false;

		for (guint i = 0; i < changes->len && !found; i++)
			found = strcmp(((StrakeChange *)changes->pdata[i])->component, *name) == 0;
		if (!found)
			return strake_error_set(error, STRAKE_ERROR_NOT_FOUND,
				"component '%s' is not changed (names are those of upstream; see "
				"'strake changes')",
				*name);
	}
	for (guint i = changes->len; i-- > 0;) {
		const StrakeChange *change = changes->pdata[i];

		if (!g_strv_contains((const char *const *)names, change->component))
			g_ptr_array_remove_index(changes, i);
	}
	return true;
}

static void count_lines(const char *diff, unsigned *added, unsigned *removed)
{
	g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		*added += **line == '+' && !g_str_has_prefix(*line, "+++ ");
		*removed += **line == '-' && !g_str_has_prefix(*line, "--- ");
	}
}

/** A change of its own with the diff of @component's files; NULL without an error: it has none. */
static StrakeChange *result_of(ComponentWork *work, const char *component, GError **error)
{
	g_autoptr(StrakePick) pick = NULL;
	g_autofree char *diff = NULL;
	StrakeChange *change;
	unsigned added = 0;
	unsigned removed = 0;

	pick = strake_pick(work->ws, component, STRAKE_PICK_FINGERPRINT, error);
	if (pick == NULL)
		return NULL;
	diff = strake_diff_sources(work->ws, pick, error);
	if (diff == NULL || *diff == '\0')
		return NULL;
	count_lines(diff, &added, &removed);
	change = g_new0(StrakeChange, 1);
	change->component = g_strdup(component);
	change->type = g_strdup("result");
	change->what =
		g_strdup_printf("%u line%s added, %u removed", added, strake_s(added), removed);
	change->diff = g_utf8_make_valid(diff, -1);
	return change;
}

/** Behind the changes of each source component, what they make of it. */
static bool add_results(ComponentWork *work, GPtrArray *changes, GError **error)
{
	g_auto(GStrv) sources = strake_workspace_names(work->ws, error);

	if (sources == NULL)
		return false;
	for (guint i = changes->len; i-- > 0;) {
		const char *component = ((const StrakeChange *)changes->pdata[i])->component;
		const StrakeChange *next = i + 1 < changes->len ? changes->pdata[i + 1] : NULL;
		GError *local = NULL;
		StrakeChange *result;
		if ((next != NULL && strcmp(next->component, component) == 0) ||
			!g_strv_contains((const char *const *)sources, component))
			continue;
		result = result_of(work, component, &local);
		if (local != NULL) {
			g_propagate_error(error, local);
			return false;
		}
		if (result != NULL)
			g_ptr_array_insert(changes, (gint)i + 1, result);
	}
	return true;
}

static char *title_of(const StrakeProject *project)
{
	const StrakeProjectInfo *info = strake_project_info(project);

	return g_strdup(info->description != NULL ? info->description : "Strake");
}

static bool run_changes(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ChangesOpts *o = opts;
	g_autoptr(ComponentWork) work = o->diff ? component_work_open(globals, error) : NULL;
	g_autoptr(StrakeProject) own = NULL;
	const StrakeProject *project;
	g_autoptr(GPtrArray) changes = NULL;
	g_autofree char *title = NULL;
	g_autofree char *output = NULL;
	unsigned unknown = 0;

	if (o->diff ? work == NULL
		    : (own = strake_project_load(globals->project_dir, NULL, error)) == NULL)
		return false;
	project = o->diff ? work->project : own;
	changes = strake_changes_collect(project, error);
	if (changes == NULL || !changes_scripts_add(globals, project, changes, &unknown, error) ||
		(args[0] != NULL && !select_components(changes, args, error)) ||
		(o->diff && !add_results(work, changes, error)))
		return false;
	if (unknown > 0)
		strake_warn("what became of the scripts of %u locked packages is not known before "
			    "'strake bridge import' has read them",
			unknown);
	title = title_of(project);
	if (o->html != NULL) {
		output = strake_changes_html(changes, title);
		if (!strake_file_write_at(AT_FDCWD, o->html, output, strlen(output), 0644, error))
			return false;
		strake_say(
			"%u change%s written to %s", changes->len, strake_s(changes->len), o->html);
		return true;
	}
	output = o->json       ? strake_changes_json(changes)
		 : o->markdown ? strake_changes_markdown(changes, title)
			       : strake_changes_text(changes);
	fputs(output, stdout);
	return true;
}

const StrakeCmd strake_cmd_changes = {
	.name = "changes",
	.args = "[COMPONENT...]",
	.summary = "list every change from upstream and why it was made",
	.details = "Lists overlays with their reasons, packages of our own and accepted gaps, with "
		   "the place where each is written, and what became of each locked package's "
		   "maintainer scripts: counted in the text, one by one in --json and --html. The "
		   "first block, \"every package\", holds what all "
		   "packages inherit.",
	.min_args = 0,
	.max_args = -1,
	.opts = changes_opts,
	.opts_size = sizeof(ChangesOpts),
	.run = run_changes,
};
