// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake component diff-sources, prepare-sources and query: what one component is.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "cli/json.h"
#include "cli/table.h"
#include "commands.h"
#include "component_io.h"
#include "format/specfile.h"
#include "overlay/release.h"
#include "render/diff.h"
#include "render/history.h"
#include "render/prepare.h"
#include "render/spec_tree.h"

typedef struct {
	gboolean json;
} SourceOpts;

static bool run_diff(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const SourceOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(StrakePick) pick = NULL;
	g_autofree char *text = NULL;
	g_autoptr(JsonBuilder) json = json_builder_new();

	if (work == NULL)
		return false;
	pick = strake_pick(work->ws, args[0], STRAKE_PICK_FINGERPRINT, error);
	if (pick == NULL)
		return false;
	text = strake_diff_sources(work->ws, pick, error);
	if (text == NULL)
		return false;
	if (!o->json) {
		fputs(text, stdout);
		return true;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	json_builder_begin_object(json);
	strake_json_string(json, "name", args[0]);
	strake_json_string(json, "diff", valid);
	json_builder_end_object(json);
	strake_json_print(json);
	return true;
}

typedef struct {
	char *from;
	gboolean json;
} PrepareOpts;

static void print_prepared_json(const char *name, const char *dir, StrakeFileTree *tree)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	const GPtrArray *files = strake_file_tree_files(tree);

	json_builder_begin_object(json);
	strake_json_string(json, "name", name);
	strake_json_string(json, "directory", dir);
	json_builder_set_member_name(json, "files");
	json_builder_begin_array(json);
	for (guint i = 0; i < files->len; i++) {
		const StrakeFileTreeEntry *file = files->pdata[i];
		json_builder_begin_object(json);
		strake_json_string(json, "path", file->path);
		json_builder_set_member_name(json, "size");
		json_builder_add_int_value(json, (gint64)g_bytes_get_size(file->content));
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	json_builder_end_object(json);
	strake_json_print(json);
}

static bool run_prepare(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const PrepareOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(StrakePick) pick = NULL;
	g_autoptr(StrakeFileTree) tree = NULL;
	g_autofree char *path = g_canonicalize_filename(args[1], NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_auto(strake_fd) fd = -1;

	if (work == NULL)
		return false;
	// Somebody's files must not go: an existing directory has to be empty.
	if (rmdir(path) < 0 && errno != ENOENT)
		return strake_error_set(error, STRAKE_ERROR_EXISTS,
			"'%s' exists and is not an empty directory; name a new one", args[1]);
	pick = strake_pick(work->ws, args[0], STRAKE_PICK_FINGERPRINT, error);
	if (pick == NULL)
		return false;
	tree = strake_prepare_sources(work->ws, pick, o->from, error);
	if (tree == NULL || !strake_path_mkdirs(AT_FDCWD, parent, error) ||
		!strake_path_open_dir(AT_FDCWD, parent, &fd, error) ||
		!strake_file_tree_replace(tree, fd, name, error))
		return false;
	if (o->json)
		print_prepared_json(args[0], args[1], tree);
	else
		printf("%u files in %s\n", strake_file_tree_files(tree)->len, args[1]);
	return true;
}

// -- query

typedef struct {
	char *kind; // "package", "buildrequires", "requires", "provides"
	char *package;
	char *text;
} Fact;

static void fact_free(void *data)
{
	Fact *fact = data;

	g_free(fact->kind);
	g_free(fact->package);
	g_free(fact->text);
	g_free(fact);
}

static void add_fact(GPtrArray *facts, const char *kind, const char *package, const char *text)
{
	Fact *fact = g_new0(Fact, 1);

	fact->kind = g_strdup(kind);
	fact->package = g_strdup(package);
	fact->text = g_strdup(text);
	g_ptr_array_add(facts, fact);
}

// "%package devel" is NAME-devel, "%package -n x" is x.
static char *package_name(const StrakeSpec *spec, const StrakeSpecSection *section,
	const StrakeMacros *macros, const char *main_name)
{
	const StrakeSpecLine *line = &strake_spec_lines(spec)[section->start];
	g_autofree char *header = g_strndup(line->text, line->size);
	g_autofree char *name =
		strake_macros_expand(macros, section->package.at, section->package.size, NULL);
	g_auto(GStrv) words = g_strsplit_set(header, " \t", -1);

	if (section->package.size == 0)
		return g_strdup(main_name);
	if (g_strv_contains((const char *const *)words, "-n"))
		return g_steal_pointer(&name);
	return g_strdup_printf("%s-%s", main_name, name);
}

static const char *kind_of_tag(StrakeSpecSpan name)
{
	static const char *const kinds[] = {"buildrequires", "requires", "provides", "obsoletes",
		"conflicts", "recommends", "suggests", "supplements", "enhances"};
	size_t size = name.size;
	const char *bracket = memchr(name.at, '(', size);

	if (bracket != NULL)
		size = (size_t)(bracket - name.at);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strlen(kinds[i]) == size && g_ascii_strncasecmp(kinds[i], name.at, size) == 0)
			return kinds[i];
	return NULL;
}

static GPtrArray *facts_of(const StrakeSpec *spec, const StrakeMacros *macros, const char *name)
{
	GPtrArray *facts = g_ptr_array_new_with_free_func(fact_free);
	g_autoptr(GArray) sections = strake_spec_sections(spec, true);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, true);

	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *s = &g_array_index(sections, StrakeSpecSection, i);
		g_autofree char *package = NULL;
		if (s->type != STRAKE_SPEC_SECTION_PACKAGE)
			continue;
		package = package_name(spec, s, macros, name);
		add_fact(facts, "package", package, "");
		for (guint j = 0; j < tags->len; j++) {
			const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, j);
			const char *kind = kind_of_tag(tag->name);
			g_autofree char *text = NULL;
			if (tag->section != i || kind == NULL)
				continue;
			text = strake_macros_expand(macros, tag->value.at, tag->value.size, NULL);
			add_fact(facts, kind, package, text);
		}
	}
	return facts;
}

// The Release with the number that %autorelease gives.
static char *release_of(ComponentWork *work, StrakePick *pick, const StrakeSpec *spec,
	const StrakeSpecVersion *version, GError **error)
{
	g_autofree char *written = strake_spec_release(spec);
	g_autoptr(StrakeMacros) macros = NULL;
	g_auto(StrakeAutospec) autospec = {0};

	if (written == NULL || !strake_release_is_auto(written))
		return written != NULL ? g_steal_pointer(&written) : g_strdup("?");
	macros = strake_spec_tree_macros(pick->component, error);
	if (macros == NULL ||
		!strake_history_autospec(work->ws, pick, spec, macros, &autospec, error))
		return NULL;
	return g_strdup_printf("%s%u%s%%{?dist}", version->prerelease ? "0." : "",
		autospec.release_number + MAX(version->base, 1u) - 1,
		version->extra != NULL ? version->extra : "");
}

static bool run_query(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	static const StrakeSpecTreeOptions options = {0};
	const SourceOpts *o = opts;
	g_autoptr(ComponentWork) work = component_work_open(globals, error);
	g_autoptr(StrakePick) pick = NULL;
	g_autoptr(StrakeFileTree) tree = NULL;
	g_autoptr(StrakeSpec) spec = NULL;
	g_autoptr(StrakeMacros) macros = NULL;
	g_autoptr(StrakeSpecVersion) version = NULL;
	g_autoptr(GPtrArray) facts = NULL;
	g_autoptr(StrakeTable) table = strake_table_new("package", "what", "value", NULL);
	g_autoptr(JsonBuilder) json = json_builder_new();
	g_autofree char *file = g_strconcat(args[0], ".spec", NULL);
	g_autofree char *release_text = NULL;
	g_autofree char *release = NULL;
	g_autofree char *nevr = NULL;

	if (work == NULL)
		return false;
	pick = strake_pick(work->ws, args[0], STRAKE_PICK_FINGERPRINT, error);
	if (pick == NULL)
		return false;
	tree = strake_spec_tree_render(work->ws, pick, &options, error);
	if (tree == NULL)
		return false;
	spec = strake_spec_parse(strake_file_tree_get(tree, file)->content, error);
	macros = spec != NULL ? strake_spec_tree_macros(pick->component, error) : NULL;
	if (macros == NULL)
		return false;
	version = strake_spec_version(spec, macros);
	release_text = release_of(work, pick, spec, version, error);
	if (release_text == NULL)
		return false;
	release = strake_macros_expand(macros, release_text, strlen(release_text), NULL);
	nevr = g_strdup_printf("%s-%s-%s", args[0],
		version->epoch_version != NULL ? version->epoch_version : "?", release);
	facts = facts_of(spec, macros, args[0]);
	json_builder_begin_object(json);
	strake_json_string(json, "name", args[0]);
	strake_json_string(json, "nevr", nevr);
	json_builder_set_member_name(json, "facts");
	json_builder_begin_array(json);
	for (guint i = 0; i < facts->len; i++) {
		const Fact *fact = facts->pdata[i];
		strake_table_add(table, (const char *[]){fact->package, fact->kind, fact->text});
		json_builder_begin_object(json);
		strake_json_string(json, "package", fact->package);
		strake_json_string(json, "kind", fact->kind);
		strake_json_string(json, "value", fact->text);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
	json_builder_end_object(json);
	if (o->json) {
		strake_json_print(json);
		return true;
	}
	printf("%s\n", nevr);
	strake_table_print(table, stdout);
	return true;
}

static const StrakeOpt prepare_opts[] = {
	{0, "from", STRAKE_OPT_STRING, offsetof(PrepareOpts, from), "DIR",
		"take files with the right digest from DIR before fetching"},
	{0, "json", STRAKE_OPT_FLAG, offsetof(PrepareOpts, json), NULL, "as JSON"},
	{0},
};
static const StrakeOpt source_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(SourceOpts, json), NULL, "as JSON"},
	{0},
};

const StrakeCmd strake_cmd_component_diff_sources = {
	.name = "component diff-sources",
	.args = "NAME",
	.summary = "show what overlays change in a component's files",
	.details =
		"A unified diff from upstream's files to the rendered ones, changelog and release "
		"included; the insides of archives are not compared.",
	.min_args = 1,
	.max_args = 1,
	.opts = source_opts,
	.opts_size = sizeof(SourceOpts),
	.run = run_diff,
};

const StrakeCmd strake_cmd_component_prepare_sources = {
	.name = "component prepare-sources",
	.args = "NAME DIR",
	.summary = "write all that a component's build needs to a new directory",
	.details =
		"The rendered files with the archives that upstream's lookaside cache holds, each "
		"checked against its listed digest and kept in the store; overlays on archives are "
		"applied. A download that was cut off goes on where it stopped.",
	.min_args = 2,
	.max_args = 2,
	.opts = prepare_opts,
	.opts_size = sizeof(PrepareOpts),
	.run = run_prepare,
};

const StrakeCmd strake_cmd_component_query = {
	.name = "component query",
	.args = "NAME",
	.summary = "list a component's packages and dependencies from its rendered spec",
	.details =
		"Macros are expanded as far as that takes neither rpm nor its configuration; the "
		"others stay as written, and tags of every branch of %if are listed.",
	.min_args = 1,
	.max_args = 1,
	.opts = source_opts,
	.opts_size = sizeof(SourceOpts),
	.run = run_query,
};
