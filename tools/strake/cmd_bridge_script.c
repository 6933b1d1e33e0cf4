// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake bridge script: what became of every line of a package's maintainer scripts.
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "bridge/script.h"
#include "bridge/script_deb.h"
#include "cli/json.h"
#include "commands.h"

typedef struct {
	gboolean json;
	gboolean summary;
	gboolean rules;
} ScriptOpts;

static const StrakeOpt script_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ScriptOpts, json), NULL, "print JSON"},
	{0, "summary", STRAKE_OPT_FLAG, offsetof(ScriptOpts, summary), NULL,
		"one line: class, residue hashes, number of unhandled commands"},
	{0, "rules", STRAKE_OPT_FLAG, offsetof(ScriptOpts, rules), NULL,
		"list the commands that are understood"},
	{0},
};

// -- input

/** A member of an unpacked control directory; a missing one is NULL without an error. */
static bool read_member(const char *dir, const char *name, GBytes **out, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GError) local = NULL;

	*out = strake_file_read_at(AT_FDCWD, path, 16 << 20, &local);
	if (*out != NULL || g_error_matches(local, STRAKE_ERROR, STRAKE_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

/** `paths`: one "f /usr/share/x" a line; types f, x (a program), d and l. */
static StrakeScriptPaths *parse_paths(GBytes *bytes)
{
	StrakeScriptPaths *paths = strake_script_paths_new();
	g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++)
		if (strlen(lines[i]) > 2 && strchr("fxdl", lines[i][0]) != NULL &&
			lines[i][1] == ' ')
			strake_script_paths_add(paths, lines[i] + 2,
				lines[i][0] == 'x' ? 'f' : lines[i][0],
				strchr("xd", lines[i][0]) != NULL ? 0755 : 0644);
	return paths;
}

static StrakeScriptPlan *analyse_directory(const char *dir, GError **error)
{
	g_autofree char *package = g_path_get_basename(dir);
	StrakeScriptInput in = {.package = package};
	GBytes *members[STRAKE_SCRIPT_N_KINDS + 2] = {NULL};
	g_autoptr(StrakeScriptPaths) paths = NULL;
	StrakeScriptPlan *plan = NULL;
	bool ok = true;

	for (int i = 0; ok && i < STRAKE_SCRIPT_N_KINDS; i++) {
		ok = read_member(
			dir, strake_script_kind_name((StrakeScriptKind)i), &members[i], error);
		in.scripts[i] = members[i];
	}
	ok = ok && read_member(dir, "templates", &members[STRAKE_SCRIPT_N_KINDS], error) &&
	     read_member(dir, "paths", &members[STRAKE_SCRIPT_N_KINDS + 1], error);
	in.templates = members[STRAKE_SCRIPT_N_KINDS];
	if (ok && members[STRAKE_SCRIPT_N_KINDS + 1] != NULL) {
		paths = parse_paths(members[STRAKE_SCRIPT_N_KINDS + 1]);
		in.path_type = strake_script_paths_type;
		in.path_mode = strake_script_paths_mode;
		in.path_data = paths;
	}
	if (ok)
		plan = strake_script_analyse(&in, error);
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		g_clear_pointer(&members[i], g_bytes_unref);
	return plan;
}

static StrakeScriptPlan *analyse(const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(StrakeDebFile) file = NULL;

	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return analyse_directory(path, error);
	bytes = strake_file_map_at(AT_FDCWD, path, error);
	file = bytes != NULL ? strake_deb_file_open(bytes, path, error) : NULL;
	return file != NULL ? strake_script_analyse_deb(file, error) : NULL;
}

// -- text

static void print_line_results(const StrakeScriptPlan *plan, StrakeScriptKind script, unsigned line)
{
	for (size_t i = 0; i < strake_script_plan_n_actions(plan); i++) {
		const StrakeScriptAction *a = strake_script_plan_action(plan, i);
		g_autofree char *text = NULL;

		if (a->script != script || a->line != line)
			continue;
		text = strake_script_action_describe(a);
		printf("           => %s%s: %s\n", strake_script_action_name(a->kind),
			a->maybe ? " (maybe)" : "", text);
		if (a->guard != NULL)
			printf("              %s\n", a->guard);
	}
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++) {
		const StrakeScriptUnhandled *u = strake_script_plan_unhandled(plan, i);

		if (u->script == script && u->line == line)
			printf("           => UNHANDLED%s: %s\n", u->maybe ? " (maybe)" : "",
				u->why);
	}
}

static void print_script(const StrakeScriptPlan *plan, StrakeScriptKind script)
{
	static const char marks[] = {' ', '+', '!', '-', 'r', '?'};
	unsigned lines = strake_script_plan_n_lines(plan, script);
	const char *sha256 = strake_script_plan_residue_sha256(plan, script);

	if (lines == 0)
		return;
	printf("%s: residue %s\n", strake_script_kind_name(script),
		sha256 != NULL ? sha256 : "none");
	print_line_results(plan, script, 0);
	for (unsigned i = 1; i <= lines; i++) {
		const char *text;
		size_t size;
		StrakeScriptLineState state =
			strake_script_plan_line(plan, script, i, &text, &size);
		g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);

		printf("%c %5u  %s\n", marks[state], i, valid);
		print_line_results(plan, script, i);
	}
	printf("\n");
}

static void print_summary(const StrakeScriptPlan *plan, const char *name)
{
	printf("%s: class %d, %zu unhandled", name, strake_script_plan_class(plan),
		strake_script_plan_n_unhandled(plan));
	for (int i = 0; i < STRAKE_SCRIPT_N_KINDS; i++) {
		const char *sha256 = strake_script_plan_residue_sha256(plan, (StrakeScriptKind)i);

		if (sha256 != NULL)
			printf(", %s %s", strake_script_kind_name((StrakeScriptKind)i), sha256);
	}
	printf("\n");
}

// -- JSON

static void add_string(JsonBuilder *json, const char *name, const char *value)
{
	g_autofree char *valid = NULL;

	if (value == NULL)
		return;
	valid = g_utf8_make_valid(value, -1);
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, valid);
}

static void add_int(JsonBuilder *json, const char *name, gint64 value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, value);
}

static void add_bool(JsonBuilder *json, const char *name, bool value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_boolean_value(json, value);
}

static void add_action(JsonBuilder *json, const StrakeScriptAction *a)
{
	json_builder_begin_object(json);
	add_string(json, "kind", strake_script_action_name(a->kind));
	add_string(json, "script", strake_script_kind_name(a->script));
	add_int(json, "line", a->line);
	add_string(json, "command", a->command);
	add_string(json, "section", a->section);
	add_bool(json, "maybe", a->maybe);
	add_string(json, "guard", a->guard);
	add_string(json, "why", a->why);
	add_string(json, "name", a->name);
	add_string(json, "scope", a->scope);
	if (a->kind == STRAKE_SCRIPT_PRESET)
		add_bool(json, "enable", a->enable);
	add_string(json, "line-text", a->line_text);
	add_string(json, "path", a->path);
	add_string(json, "target", a->target);
	add_string(json, "from", a->from);
	if (a->content != NULL && strlen(a->content) == a->content_size)
		add_string(json, "content", a->content);
	add_string(json, "owner", a->owner);
	add_string(json, "group", a->group);
	if (a->mode >= 0) {
		char mode[16];

		g_snprintf(mode, sizeof(mode), "%04o", (unsigned)a->mode);
		add_string(json, "mode", mode);
	}
	if (a->recursive)
		add_bool(json, "recursive", true);
	add_string(json, "capability", a->capability);
	add_string(json, "master", a->master);
	if (a->kind == STRAKE_SCRIPT_ALTERNATIVE)
		add_int(json, "priority", a->priority);
	json_builder_end_object(json);
}

static void add_plan(JsonBuilder *json, const StrakeScriptPlan *plan, const char *name)
{
	json_builder_begin_object(json);
	add_string(json, "input", name);
	add_int(json, "class", strake_script_plan_class(plan));
	json_builder_set_member_name(json, "residue");
	json_builder_begin_object(json);
	for (int i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		add_string(json, strake_script_kind_name((StrakeScriptKind)i),
			strake_script_plan_residue_sha256(plan, (StrakeScriptKind)i));
	json_builder_end_object(json);
	json_builder_set_member_name(json, "actions");
	json_builder_begin_array(json);
	for (size_t i = 0; i < strake_script_plan_n_actions(plan); i++)
		add_action(json, strake_script_plan_action(plan, i));
	json_builder_end_array(json);
	json_builder_set_member_name(json, "unhandled");
	json_builder_begin_array(json);
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++) {
		const StrakeScriptUnhandled *u = strake_script_plan_unhandled(plan, i);

		json_builder_begin_object(json);
		add_string(json, "script", strake_script_kind_name(u->script));
		add_int(json, "line", u->line);
		add_string(json, "command", u->command);
		add_string(json, "why", u->why);
		add_string(json, "section", u->section);
		add_bool(json, "maybe", u->maybe);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	json_builder_end_object(json);
}

// -- command

static void print_plan(const StrakeScriptPlan *plan, const char *name)
{
	static const char *const classes[] = {"no maintainer scripts",
		"nothing but debhelper's sections", "every command understood", "needs an overlay"};

	printf("%s: class %d, %s\n\n", name, strake_script_plan_class(plan),
		classes[strake_script_plan_class(plan)]);
	for (int i = 0; i < STRAKE_SCRIPT_N_KINDS; i++)
		print_script(plan, (StrakeScriptKind)i);
	for (size_t i = 0; i < strake_script_plan_n_unhandled(plan); i++) {
		const StrakeScriptUnhandled *u = strake_script_plan_unhandled(plan, i);

		if (i == 0)
			printf("unhandled:\n");
		printf("  %s:%u: %s\n", strake_script_kind_name(u->script), u->line, u->why);
		if (u->command[0] != '\0')
			printf("      %s\n", u->command);
	}
}

static bool run_script(const StrakeGlobals *globals, const void *data, char **args, GError **error)
{
	const ScriptOpts *opts = data;
	g_autoptr(JsonBuilder) json = json_builder_new();

	if (opts->rules) {
		g_autofree char *rules = strake_script_rules();

		fputs(rules, stdout);
		return true;
	}
	if (args[0] == NULL)
		return strake_error_set(error, STRAKE_ERROR_USAGE,
			"name a .deb or a directory with its control files");
	json_builder_begin_array(json);
	for (size_t i = 0; args[i] != NULL; i++) {
		g_autoptr(StrakeScriptPlan) plan = analyse(args[i], error);

		if (plan == NULL) {
			g_prefix_error(error, "%s: ", args[i]);
			return false;
		}
		if (opts->json)
			add_plan(json, plan, args[i]);
		else if (opts->summary)
			print_summary(plan, args[i]);
		else
			print_plan(plan, args[i]);
	}
	json_builder_end_array(json);
	if (opts->json)
		strake_json_print(json);
	return true;
}

const StrakeCmd strake_cmd_bridge_script = {
	.name = "bridge script",
	.args = "[FILE.deb|DIR...]",
	.summary = "show what becomes of every line of a package's maintainer scripts",
	.details =
		"Nothing is run. Marks in front of the lines: '+' understood, '!' unhandled, '-' "
		"not reached on a first installation, 'r' only for removal, '?' not shell. A "
		"directory holds the files of a control archive (preinst, postinst, prerm, "
		"postrm, config, templates), and may hold `paths`, a list of the payload's "
		"paths with their type in front ('f /usr/share/x'; 'x' a program, 'd', 'l'). The "
		"residue hash is what an "
		"overlay of type package-note-script records.",
	.min_args = 0,
	.max_args = -1,
	.opts = script_opts,
	.opts_size = sizeof(ScriptOpts),
	.run = run_script,
};
