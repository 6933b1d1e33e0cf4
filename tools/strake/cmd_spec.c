// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// strake spec print, strake spec parse: the spec model from the command line.
#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "cli/json.h"
#include "commands.h"
#include "format/specsources.h"
#include "spec_io.h"

enum { SPEC_MAX_BYTES = 1 << 30 };

static GBytes *read_stdin(GError **error)
{
	g_autoptr(GByteArray) all = g_byte_array_new();
	g_autofree guint8 *buffer = g_malloc(1 << 16);
	size_t n;

	do {
		if (!strake_fd_read_full(
			    STDIN_FILENO, buffer, 1 << 16, &n, "standard input", error))
			return NULL;
		if (all->len + n > SPEC_MAX_BYTES) {
			strake_error_set(error, STRAKE_ERROR_LIMIT,
				"standard input: more than %d bytes are no spec", SPEC_MAX_BYTES);
			return NULL;
		}
		g_byte_array_append(all, buffer, (guint)n);
	} while (n == 1 << 16);
	return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

GBytes *strake_spec_io_read(const char *path, GError **error)
{
	return strcmp(path, "-") == 0 ? read_stdin(error)
				      : strake_file_read_at(AT_FDCWD, path, SPEC_MAX_BYTES, error);
}

bool strake_spec_io_print(GBytes *bytes, GError **error)
{
	size_t size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (fflush(stdout) != 0)
		return strake_error_errno(error, errno, "write", "standard output");
	return strake_fd_write_all(STDOUT_FILENO, data, size, "standard output", error);
}

static bool run_print(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	g_autoptr(GBytes) bytes = strake_spec_io_read(args[0], error);
	g_autoptr(StrakeSpec) spec = bytes != NULL ? strake_spec_parse(bytes, error) : NULL;
	g_autoptr(GBytes) printed = spec != NULL ? strake_spec_print(spec) : NULL;

	return printed != NULL && strake_spec_io_print(printed, error);
}

// -- parse --json

static void add_span(JsonBuilder *json, const char *name, StrakeSpecSpan span)
{
	g_autofree char *text = g_utf8_make_valid(
		span.at != NULL ? span.at : "", span.at != NULL ? (gssize)span.size : 0);

	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, text);
}

static void add_int(JsonBuilder *json, const char *name, size_t value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_int_value(json, (gint64)value);
}

static void add_text(JsonBuilder *json, const char *name, const char *value)
{
	json_builder_set_member_name(json, name);
	json_builder_add_string_value(json, value);
}

/* "%if", and what follows it. */
static void add_directive(JsonBuilder *json, const StrakeSpecLine *line, size_t number)
{
	const char *at = line->text;
	const char *end = line->text + line->size;

	add_int(json, "line", number + 1);
	add_span(json, "directive", strake_spec_token(&at, end));
	add_span(json, "expression", strake_spec_trim(at, (size_t)(end - at)));
}

/* The conditionals whose parent is @parent, each with those inside it. */
static void add_conditionals(
	JsonBuilder *json, const StrakeSpec *spec, const GArray *all, guint *next, gssize parent)
{
	const StrakeSpecLine *lines = strake_spec_lines(spec);

	json_builder_begin_array(json);
	while (*next < all->len) {
		const StrakeSpecConditional *c = &g_array_index(all, StrakeSpecConditional, *next);
		gssize self = *next;
		if (c->parent != parent)
			break;
		(*next)++;
		json_builder_begin_object(json);
		add_directive(json, &lines[c->open], c->open);
		add_int(json, "end-line", c->close + 1);
		json_builder_set_member_name(json, "branches");
		json_builder_begin_array(json);
		for (guint i = 0; c->branches != NULL && i < c->branches->len; i++) {
			size_t line = g_array_index(c->branches, size_t, i);
			json_builder_begin_object(json);
			add_directive(json, &lines[line], line);
			json_builder_end_object(json);
		}
		json_builder_end_array(json);
		json_builder_set_member_name(json, "children");
		add_conditionals(json, spec, all, next, self);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

/* Lines of the openers around @line, outermost first. */
static void add_enclosing(JsonBuilder *json, const GArray *all, size_t line)
{
	json_builder_set_member_name(json, "conditionals");
	json_builder_begin_array(json);
	for (guint i = 0; i < all->len; i++) {
		const StrakeSpecConditional *c = &g_array_index(all, StrakeSpecConditional, i);
		if (c->open > line)
			break;
		if (c->close > line)
			json_builder_add_int_value(json, (gint64)c->open + 1);
	}
	json_builder_end_array(json);
}

static void add_sections(JsonBuilder *json, const StrakeSpec *spec, const GArray *conditionals)
{
	static const char *const types[] = {
		"package", "script", "text", "files", "changelog", "list"};
	g_autoptr(GArray) sections = strake_spec_sections(spec, false);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, false);
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	guint next = 0;

	json_builder_set_member_name(json, "sections");
	json_builder_begin_array(json);
	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *s = &g_array_index(sections, StrakeSpecSection, i);
		json_builder_begin_object(json);
		add_span(json, "name", s->name);
		add_span(json, "package", s->package);
		add_text(json, "type", types[s->type]);
		add_int(json, "line", s->start + 1);
		add_int(json, "end-line", s->end);
		json_builder_set_member_name(json, "in-macro-body");
		json_builder_add_boolean_value(json, s->name.size > 0 && lines[s->start].continued);
		add_enclosing(json, conditionals, s->start);
		json_builder_set_member_name(json, "tags");
		json_builder_begin_array(json);
		for (; next < tags->len; next++) {
			const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, next);
			if (tag->section != i)
				break;
			// What azldev takes for a tag in "%{lua:" and below it is none.
			if (lines[tag->line].continued || tag->name.at[0] == '%')
				continue;
			json_builder_begin_object(json);
			add_span(json, "name", tag->name);
			add_span(json, "value", tag->value);
			add_int(json, "line", tag->line + 1);
			add_enclosing(json, conditionals, tag->line);
			json_builder_end_object(json);
		}
		json_builder_end_array(json);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static void add_macros(JsonBuilder *json, const StrakeSpec *spec)
{
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	size_t n = strake_spec_n_lines(spec);

	json_builder_set_member_name(json, "macros");
	json_builder_begin_array(json);
	for (size_t i = 0; i < n; i++) {
		StrakeSpecMacro macro;
		size_t end = i + 1;
		if (lines[i].continued || !strake_spec_macro(lines[i].text, lines[i].size, &macro))
			continue;
		g_autoptr(GString) body = g_string_new_len(macro.body.at, (gssize)macro.body.size);
		for (; end < n && lines[end].continued; end++) {
			g_string_append_c(body, '\n');
			g_string_append_len(body, lines[end].text, lines[end].size);
		}
		json_builder_begin_object(json);
		add_span(json, "directive", macro.directive);
		add_span(json, "name", macro.name);
		add_span(json, "options", macro.options);
		add_span(json, "body", (StrakeSpecSpan){body->str, body->len});
		add_int(json, "line", i + 1);
		add_int(json, "end-line", end);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

/* "NAME VALUE", as rpm's --define takes it. */
static bool add_define(StrakeMacros *macros, const char *text, GError **error)
{
	const char *blank = strpbrk(text, " \t");
	g_autofree char *name = NULL;

	if (blank == NULL || blank == text)
		return strake_error_set(
			error, STRAKE_ERROR_USAGE, "--define '%s': expected 'NAME VALUE'", text);
	name = g_strndup(text, (gsize)(blank - text));
	strake_macros_define(macros, name, blank + strspn(blank, " \t"));
	return true;
}

static void add_files(JsonBuilder *json, const StrakeSpec *spec, StrakeMacros *macros)
{
	g_autoptr(GArray) files = strake_spec_files(spec, macros);

	json_builder_set_member_name(json, "files");
	json_builder_begin_array(json);
	for (guint i = 0; i < files->len; i++) {
		const StrakeSpecFile *file = &g_array_index(files, StrakeSpecFile, i);
		json_builder_begin_object(json);
		add_text(json, "kind", file->is_patch ? "patch" : "source");
		add_int(json, "line", file->line + 1);
		add_span(json, "value", (StrakeSpecSpan){file->value, strlen(file->value)});
		add_span(json, "file", (StrakeSpecSpan){file->file, strlen(file->file)});
		json_builder_set_member_name(json, "expanded");
		json_builder_add_boolean_value(json, file->complete);
		json_builder_end_object(json);
	}
	json_builder_end_array(json);
}

static const char *line_ends(const StrakeSpec *spec)
{
	const StrakeSpecLine *lines = strake_spec_lines(spec);
	bool lf = false, crlf = false;

	for (size_t i = 0; i < strake_spec_n_lines(spec); i++) {
		lf = lf || lines[i].eol == STRAKE_SPEC_EOL_LF;
		crlf = crlf || lines[i].eol == STRAKE_SPEC_EOL_CRLF;
	}
	return lf && crlf ? "mixed" : crlf ? "crlf" : lf ? "lf" : "none";
}

static void print_json(const StrakeSpec *spec, GBytes *bytes, StrakeMacros *macros)
{
	g_autoptr(JsonBuilder) json = json_builder_new();
	size_t n = strake_spec_n_lines(spec);
	gssize unpaired;
	g_autoptr(GArray) conditionals = strake_spec_conditionals(spec, true, &unpaired);
	guint next = 0;

	json_builder_begin_object(json);
	add_int(json, "bytes", g_bytes_get_size(bytes));
	add_int(json, "lines", n);
	add_text(json, "line-ends", line_ends(spec));
	json_builder_set_member_name(json, "final-newline");
	json_builder_add_boolean_value(
		json, n > 0 && strake_spec_lines(spec)[n - 1].eol != STRAKE_SPEC_EOL_NONE);
	add_sections(json, spec, conditionals);
	json_builder_set_member_name(json, "conditionals");
	add_conditionals(json, spec, conditionals, &next, -1);
	json_builder_set_member_name(json, "first-unpaired-line");
	if (unpaired < 0)
		json_builder_add_null_value(json);
	else
		json_builder_add_int_value(json, (gint64)unpaired + 1);
	add_macros(json, spec);
	add_files(json, spec, macros);
	json_builder_end_object(json);

	strake_json_print(json);
}

static void print_table(const StrakeSpec *spec)
{
	g_autoptr(GArray) sections = strake_spec_sections(spec, false);
	g_autoptr(GArray) tags = strake_spec_tags(spec, sections, false);
	guint next = 0;

	for (guint i = 0; i < sections->len; i++) {
		const StrakeSpecSection *s = &g_array_index(sections, StrakeSpecSection, i);
		g_autofree char *name = strake_spec_span_dup(s->name);
		g_autofree char *package = strake_spec_span_dup(s->package);
		printf("%6zu  %s%s%s\n", s->start + 1, s->name.size > 0 ? name : "(preamble)",
			s->package.size > 0 ? " " : "", s->package.size > 0 ? package : "");
		for (; next < tags->len; next++) {
			const StrakeSpecTag *tag = &g_array_index(tags, StrakeSpecTag, next);
			if (tag->section != i)
				break;
			g_autofree char *key = strake_spec_span_dup(tag->name);
			g_autofree char *value = strake_spec_span_dup(tag->value);
			printf("%6zu    %s: %s\n", tag->line + 1, key, value != NULL ? value : "");
		}
	}
}

typedef struct {
	gboolean json;
	char **defines;
} ParseOpts;

static bool run_parse(const StrakeGlobals *globals, const void *opts, char **args, GError **error)
{
	const ParseOpts *o = opts;
	g_autoptr(GBytes) bytes = strake_spec_io_read(args[0], error);
	g_autoptr(StrakeSpec) spec = bytes != NULL ? strake_spec_parse(bytes, error) : NULL;

	if (spec == NULL)
		return false;
	g_autoptr(StrakeMacros) macros = strake_macros_new();
	for (char **define = o->defines; define != NULL && *define != NULL; define++)
		if (!add_define(macros, *define, error))
			return false;
	if (o->json)
		print_json(spec, bytes, macros);
	else
		print_table(spec);
	return true;
}

static const StrakeOpt parse_opts[] = {
	{0, "json", STRAKE_OPT_FLAG, offsetof(ParseOpts, json), NULL, "print JSON"},
	{'D', "define", STRAKE_OPT_LIST, offsetof(ParseOpts, defines), "'NAME VALUE'",
		"a macro for the names of sources and patches; may be repeated"},
	{0},
};

const StrakeCmd strake_cmd_spec_print = {
	.name = "spec print",
	.args = "FILE",
	.summary = "parse a spec file and print it, byte for byte",
	.details = "Shows that reading loses nothing: the output is the input, whatever its line "
		   "ends and encoding. FILE may be - for standard input.",
	.min_args = 1,
	.max_args = 1,
	.run = run_print,
};

const StrakeCmd strake_cmd_spec_parse = {
	.name = "spec parse",
	.args = "FILE",
	.summary = "show the structure of a spec file",
	.details = "Prints sections with their package argument and tags with their lines. With "
		   "--json also conditionals as a tree and macro definitions. Macros are not "
		   "expanded. FILE may be - for standard input.",
	.min_args = 1,
	.max_args = 1,
	.opts = parse_opts,
	.opts_size = sizeof(ParseOpts),
	.run = run_parse,
};
