// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake component list, show and add: what the definitions say about components.
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"
#include "project/edit.h"
#include "project/project.h"

typedef struct {
	gboolean json;
	gboolean origins;
	char *file;
} ComponentOpts;

static StrakeProject *load(const StrakeGlobals *globals, GError **error)
{
	return strake_project_load(globals->project_dir, NULL, error);
}

static char *place(const StrakeProject *project, StrakeOrigin at)
{
	if (at.file == NULL)
		return g_strdup("no table of its own");
	return g_strdup_printf(
		"%s:%u:%u", strake_project_relative(project, at.file), at.line, at.column);
}

// Where the component comes from, in a few words.
static char *source_of(const StrakeProject *project, const StrakeComponent *c)
{
	const StrakeDistroRef *ref = &c->spec.upstream_distro;
	const StrakeUpstream *upstream;

	if (c->spec.type == STRAKE_SPEC_LOCAL)
		return g_strdup("local spec");
	if (c->spec.type == STRAKE_SPEC_UPSTREAM && ref->name != NULL)
		return g_strdup_printf("upstream, from %s%s%s", ref->name,
			ref->version != NULL ? " " : "", ref->version != NULL ? ref->version : "");
	if (c->spec.type == STRAKE_SPEC_UPSTREAM)
		return g_strdup("upstream");
	upstream = strake_project_upstream(project, NULL, NULL);
	return upstream != NULL ? g_strdup_printf("binary, from %s", upstream->name)
				: g_strdup("-");
}

// The names that @patterns (globs) select, all without any. A pattern must match something.
static char **select_names(const StrakeProject *project, char **patterns, GError **error)
{
	g_auto(GStrv) all = strake_project_component_names(project);
	g_autoptr(GStrvBuilder) out = g_strv_builder_new();
	g_autofree bool *wanted = g_new0(bool, g_strv_length(all) + 1);

	if (patterns[0] == NULL)
		return g_steal_pointer(&all);
	for (char **pattern = patterns; *pattern != NULL; pattern++) {
		g_autoptr(StrakeGlob) glob = strake_glob_new(*pattern, error);
		bool found = false;
		if (glob == NULL)
			return NULL;
		for (size_t i = 0; all[i] != NULL; i++) {
			bool hit = strcmp(*pattern, all[i]) == 0 || strake_glob_match(glob, all[i]);
			wanted[i] |= hit;
			found |= hit;
		}
		if (!found) {
			strake_error_set(error, STRAKE_ERROR_NOT_FOUND, "no component matches '%s'",
				*pattern);
			return NULL;
		}
	}
	for (size_t i = 0; all[i] != NULL; i++)
		if (wanted[i])
			g_strv_builder_add(out, all[i]);
	return g_strv_builder_end(out);
}

static void add_json(JsonBuilder *json, const char *key, const char *value)
{
	json_builder_set_member_name(json, key);
	json_builder_add_string_value(json, value);
}

static void list_as_json(JsonBuilder *json, const StrakeProject *project, const StrakeComponent *c)
{
	g_autofree char *at = place(project, c->origin);
	g_autofree char *source = source_of(project, c);

	json_builder_begin_object(json);
	add_json(json, "name", c->name);
	add_json(json, "source", source);
	json_builder_set_member_name(json, "overlays");
	json_builder_add_int_value(json, c->overlays->len);
	json_builder_set_member_name(json, "groups");
	json_builder_begin_array(json);
	for (char **group = c->groups; group != NULL && *group != NULL; group++)
		json_builder_add_string_value(json, *group);
	json_builder_end_array(json);
	add_json(json, "place", at);
	json_builder_end_object(json);
}

static void list_as_row(StrakeTable *table, const StrakeProject *project, const StrakeComponent *c)
{
	g_autofree char *at = place(project, c->origin);
	g_autofree char *source = source_of(project, c);
	g_autofree char *overlays = g_strdup_printf("%u", c->overlays->len);
	g_autofree char *groups = c->groups != NULL ? g_strjoinv(" ", c->groups) : NULL;

	strake_table_add(table, (const char *[]){c->name, source, overlays, groups, at});
}

static bool run_list(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ComponentOpts *o = opts;
	g_autoptr(StrakeProject) project = load(globals, error);
	g_autoptr(StrakeTable) table =
		strake_table_new("name", "source", ">overlays", "groups", "defined at", NULL);
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_auto(GStrv) names = NULL;

	if (project == NULL)
		return false;
	names = select_names(project, args, error);
	if (names == NULL)
		return false;
	json_builder_begin_array(json);
	for (char **name = names; *name != NULL; name++) {
		g_autoptr(StrakeComponent) c = strake_project_resolve(project, *name, error);
		if (c == NULL)
			return false;
		if (o->json)
			list_as_json(json, project, c);
		else
			list_as_row(table, project, c);
	}
	json_builder_end_array(json);
	if (o->json)
		strake_json_print(json);
	else
		strake_table_print(table, stdout);
	return true;
}

static void line(const char *key, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void line(const char *key, const char *format, ...)
{
	va_list args;

	printf("  %-18s ", key);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void words(const char *key, char **list)
{
	g_autofree char *text = NULL;

	if (list == NULL || *list == NULL)
		return;
	text = g_strjoinv(" ", list);
	line(key, "%s", text);
}

static void show_build(const StrakeBuildOptions *build)
{
	words("with", build->with);
	words("without", build->without);
	for (guint i = 0; build->defines != NULL && i < build->defines->len; i++) {
		const StrakeNameValue *define = build->defines->pdata[i];
		line("define", "%s %s", define->key, define->value);
	}
	words("undefine", build->undefines);
	if (build->check.skip)
		line("check", "skipped: %s", build->check.skip_reason);
	if (build->failure.expected)
		line("failure", "expected: %s", build->failure.expected_reason);
	if (build->hints.expensive)
		line("hint", "expensive to build");
}

static void show_overlays(const StrakeProject *project, const StrakeComponent *c)
{
	for (guint i = 0; i < c->overlays->len; i++) {
		const StrakeOverlay *o = c->overlays->pdata[i];
		g_autofree char *at = place(project, o->origin);
		line(i == 0 ? "overlays" : "", "%s  (%s)", strake_overlay_type_name(o->type), at);
		if (o->description != NULL)
			line("", "  %s", o->description);
	}
}

static void show(const StrakeProject *project, const StrakeComponent *c)
{
	static const char *const releases[] = {"", "auto", "autorelease", "static", "manual"};
	g_autofree char *at = place(project, c->origin);
	g_autofree char *source = source_of(project, c);

	printf("%s  (%s)\n", c->name, at);
	line("spec", "%s", source);
	if (c->spec.path != NULL && g_str_has_prefix(c->spec.path, strake_project_root(project)))
		line("path", "%s", c->spec.path + strlen(strake_project_root(project)) + 1);
	else if (c->spec.path != NULL)
		line("path", "%s", c->spec.path);
	if (c->spec.upstream_name != NULL)
		line("upstream name", "%s", c->spec.upstream_name);
	if (c->spec.upstream_commit != NULL)
		line("upstream commit", "%s", c->spec.upstream_commit);
	if (c->spec.upstream_distro.snapshot != NULL)
		line("snapshot", "%s", c->spec.upstream_distro.snapshot);
	if (c->release_calculation != STRAKE_RELEASE_UNSET)
		line("release", "%s", releases[c->release_calculation]);
	words("groups", c->groups);
	show_build(&c->build);
	for (guint i = 0; c->source_files != NULL && i < c->source_files->len; i++)
		line("source file", "%s",
			((const StrakeSourceFile *)c->source_files->pdata[i])->filename);
	if (c->allow_unhandled)
		line("unhandled scripts", "allowed: %s", c->allow_reason);
	show_overlays(project, c);
}

static bool run_show(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ComponentOpts *o = opts;
	g_autoptr(StrakeProject) project = load(globals, error);

	if (project == NULL)
		return false;
	for (char **name = args; *name != NULL; name++) {
		if (o->json || o->origins) {
			g_autofree char *text =
				strake_project_dump_component(project, *name, o->origins, error);
			if (text == NULL)
				return false;
			fputs(text, stdout);
			continue;
		}
		g_autoptr(StrakeComponent) c = strake_project_resolve(project, *name, error);
		if (c == NULL)
			return false;
		if (name > args)
			putchar('\n');
		show(project, c);
	}
	return true;
}

static bool run_add(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ComponentOpts *o = opts;
	g_autoptr(StrakeProject) project = load(globals, error);
	g_autofree char *file = NULL;

	if (project == NULL || !strake_project_add_components(
				       project, (const char *const *)args, o->file, &file, error))
		return false;
	for (char **name = args; *name != NULL; name++)
		printf("added %s to %s\n", *name, file);
	return true;
}

static const StrakeOpt list_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ComponentOpts, json), NULL, "as JSON"},
	{0},
};
static const StrakeOpt show_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ComponentOpts, json), NULL, "as JSON"},
	{0, "origins", STRAKE_OPT_FLAG, offsetof(ComponentOpts, origins), NULL,
		"as JSON, with file, line and column of every value"},
	{0},
};
static const StrakeOpt add_opts[] = {
	{0, "file", STRAKE_OPT_STRING, offsetof(ComponentOpts, file), "FILE",
		"definition file to add to"},
	{0},
};

const StrakeCmd strake_cmd_component_list = {
	.name = "component list",
	.args = "[GLOB...]",
	.summary = "list components",
	.details = "One line a component: where its spec or package comes from, how many overlays "
		   "apply to it, its groups, and where it is defined.",
	.max_args = -1,
	.opts = list_opts,
	.opts_size = sizeof(ComponentOpts),
	.run = run_list,
};

const StrakeCmd strake_cmd_component_show = {
	.name = "component show",
	.args = "NAME...",
	.summary = "show components with everything they inherit",
	.details = "A name that no table defines is shown with what every component inherits.",
	.min_args = 1,
	.max_args = -1,
	.opts = show_opts,
	.opts_size = sizeof(ComponentOpts),
	.run = run_show,
};

const StrakeCmd strake_cmd_component_add = {
	.name = "component add",
	.args = "NAME...",
	.summary = "add components without settings of their own",
	.details =
		"Appends an empty table a name to the definition file that holds most components, "
		"or to the one given. The file stays as it was when the project would be wrong "
		"afterwards.",
	.min_args = 1,
	.max_args = -1,
	.opts = add_opts,
	.opts_size = sizeof(ComponentOpts),
	.run = run_add,
};
