// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake changes: every deviation from upstream.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/words.h"
#include "commands.h"
#include "project/changes.h"

typedef struct {
	gboolean json;
	char *html;
} ChangesOpts;

static const StrakeOpt changes_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ChangesOpts, json), NULL, "print JSON"},
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

static bool run_changes(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ChangesOpts *o = opts;
	g_autoptr(StrakeProject) project = strake_project_load(globals->project_dir, NULL, error);
	g_autoptr(GPtrArray) changes = NULL;
	const StrakeProjectInfo *info;
	g_autofree char *output = NULL;

	if (project == NULL)
		return false;
	changes = strake_changes_collect(project, error);
	if (changes == NULL || (args[0] != NULL && !select_components(changes, args, error)))
		return false;
	if (o->html != NULL) {
		info = strake_project_info(project);
		output = strake_changes_html(
			changes, info->description != NULL ? info->description : "Strake");
		if (!strake_file_write_at(AT_FDCWD, o->html, output, strlen(output), 0644, error))
			return false;
		strake_say(
			"%u change%s written to %s", changes->len, strake_s(changes->len), o->html);
		return true;
	}
	output = o->json ? strake_changes_json(changes) : strake_changes_text(changes);
	fputs(output, stdout);
	return true;
}

const StrakeCmd strake_cmd_changes = {
	.name = "changes",
	.args = "[COMPONENT...]",
	.summary = "list every change from upstream and why it was made",
	.details =
		"Lists overlays with their reasons, packages of our own and accepted gaps, with "
		"the "
		"place where each is written. The first block, \"every package\", holds what all "
		"packages inherit.",
	.min_args = 0,
	.max_args = -1,
	.opts = changes_opts,
	.opts_size = sizeof(ChangesOpts),
	.run = run_changes,
};
