// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The script analysis on hostile scripts: the text before the first NUL is used as every script of
// a package, the text behind it as its debconf templates.
#include <stdint.h>
#include <string.h>

#include "bridge/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Some paths exist, and a script cannot tell which by looking at them. */
static char path_type(const char *path, void *data)
{
	return "fdl\0\0"[g_str_hash(path) % 5];
}

static int path_mode(const char *path, void *data)
{
	return (int)(g_str_hash(path) % 0777);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
	size_t text_size = nul != NULL ? (size_t)(nul - data) : size;
	g_autoptr(GBytes) text = g_bytes_new(data, text_size);
	g_autoptr(GBytes) templates =
		nul != NULL ? g_bytes_new(nul + 1, size - text_size - 1) : NULL;
	g_autoptr(GError) error = NULL;
	StrakeScriptInput in = {.package = "fuzz",
		.architecture = "amd64",
		.scripts = {text, text, text, text, text},
		.templates = templates,
		.path_type = path_type,
		.path_mode = path_mode};
	g_autoptr(StrakeScriptPlan) plan = strake_script_analyse(&in, &error);

	g_assert_true((plan != NULL) == (error == NULL));
	if (plan == NULL)
		return 0;
	for (size_t i = 0; i < strake_script_plan_n_actions(plan); i++) {
		const StrakeScriptAction *action = strake_script_plan_action(plan, i);
		g_autofree char *description = strake_script_action_describe(action);

		g_assert_nonnull(description);
		g_assert_nonnull(action->command);
		// A line of ours never smuggles in another one.
		if (action->kind == STRAKE_SCRIPT_SYSUSERS || action->kind == STRAKE_SCRIPT_LINK)
			g_assert_null(strchr(action->line_text, '\n'));
		if (action->path != NULL)
			g_assert_true(action->path[0] == '/');
	}
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++)
		g_assert_nonnull(strake_script_plan_unhandled(plan, i)->why);
	g_assert_cmpint(strake_script_plan_class(plan), !=, STRAKE_SCRIPT_CLASS_NONE);
	return 0;
}
