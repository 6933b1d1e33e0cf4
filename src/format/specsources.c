// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// One walk over the spec: definitions, conditionals, tags.
#include "format/specsources.h"

#include <string.h>

/* One level of %if. */
typedef struct {
	StrakeTruth live;  // this branch
	StrakeTruth taken; // one of the branches so far
} Level;

typedef struct {
	const StrakeSpec *spec;
	StrakeMacros *macros;
	GArray *levels;
	GArray *files;
	StrakeSpecSection section;
	bool in_preamble;
} Walk;

static StrakeTruth live(const Walk *w)
{
	StrakeTruth all = STRAKE_YES;

	for (guint i = 0; i < w->levels->len; i++) {
		StrakeTruth one = g_array_index(w->levels, Level, i).live;
		if (one == STRAKE_NO)
			return STRAKE_NO;
		if (one == STRAKE_MAYBE)
			all = STRAKE_MAYBE;
	}
	return all;
}

static StrakeTruth either(StrakeTruth a, StrakeTruth b)
{
	if (a == STRAKE_YES || b == STRAKE_YES)
		return STRAKE_YES;
	return a == STRAKE_MAYBE || b == STRAKE_MAYBE ? STRAKE_MAYBE : STRAKE_NO;
}

static StrakeTruth decide(const Walk *w, StrakeSpecSpan directive, const char *at, const char *end)
{
	if (strake_spec_span_is_nocase(directive, "%if") ||
		strake_spec_span_is_nocase(directive, "%elif"))
		return strake_macros_test(w->macros, at, (size_t)(end - at));
	return STRAKE_MAYBE;
}

static void follow_directive(Walk *w, const StrakeSpecLine *line)
{
	const char *at = line->text;
	const char *end = line->text + line->size;
	StrakeSpecSpan directive = strake_spec_token(&at, end);
	Level *top =
		w->levels->len > 0 ? &g_array_index(w->levels, Level, w->levels->len - 1) : NULL;

	if (line->kind == STRAKE_SPEC_IF) {
		Level level = {0};
		level.live = level.taken =
			live(w) == STRAKE_NO ? STRAKE_NO : decide(w, directive, at, end);
		g_array_append_val(w->levels, level);
	} else if (line->kind == STRAKE_SPEC_ENDIF) {
		if (top != NULL)
			g_array_set_size(w->levels, w->levels->len - 1);
	} else if (top != NULL) {
		StrakeTruth mine = strake_spec_span_is_nocase(directive, "%else")
					   ? STRAKE_YES
					   : decide(w, directive, at, end);
		if (top->taken == STRAKE_YES)
			mine = STRAKE_NO;
		else if (top->taken == STRAKE_MAYBE && mine == STRAKE_YES)
			mine = STRAKE_MAYBE;
		top->taken = either(top->taken, mine);
		top->live = mine;
	}
}

/* Where it is not sure that the line counts, an older body may be the right one. */
static void define(Walk *w, const char *name, const char *body)
{
	if (live(w) == STRAKE_MAYBE && strake_macros_is_defined(w->macros, name))
		strake_macros_define_unknown(w->macros, name);
	else
		strake_macros_define(w->macros, name, body);
}

static void define_condition(Walk *w, const char *name, StrakeTruth default_on)
{
	g_autofree char *with = g_strconcat("_with_", name, NULL);
	g_autofree char *without = g_strconcat("_without_", name, NULL);
	g_autofree char *result = g_strconcat("with_", name, NULL);
	StrakeTruth on = strake_macros_is_defined(w->macros, with)      ? STRAKE_YES
			 : strake_macros_is_defined(w->macros, without) ? STRAKE_NO
									: default_on;

	if (on == STRAKE_MAYBE)
		strake_macros_define_unknown(w->macros, result);
	else if (on == STRAKE_YES)
		define(w, result, "1");
}

static void define_macro(Walk *w, size_t index, const StrakeSpecMacro *m)
{
	const StrakeSpecLine *lines = strake_spec_lines(w->spec);
	size_t n = strake_spec_n_lines(w->spec);
	bool complete;
	g_autofree char *name = strake_spec_span_dup(m->name);
	g_autoptr(GString) body = g_string_new_len(m->body.at, (gssize)m->body.size);
	if (lines[index].kind != STRAKE_SPEC_MACRO && strake_macros_is_defined(w->macros, name))
		return; // "%{!?name: %global name body}"
	for (size_t i = index + 1; i < n && lines[i].continued; i++) {
		if (body->len > 0 && body->str[body->len - 1] == '\\')
			g_string_truncate(body, body->len - 1);
		g_string_append_c(body, '\n');
		g_string_append_len(body, lines[i].text, lines[i].size);
	}
	if (strake_spec_span_is_nocase(m->directive, "%undefine")) {
		strake_macros_undefine(w->macros, name);
	} else if (strake_spec_span_is_nocase(m->directive, "%bcond_with")) {
		define_condition(w, name, STRAKE_NO);
	} else if (strake_spec_span_is_nocase(m->directive, "%bcond_without")) {
		define_condition(w, name, STRAKE_YES);
	} else if (strake_spec_span_is_nocase(m->directive, "%bcond")) {
		define_condition(w, name, strake_macros_test(w->macros, body->str, body->len));
	} else if (m->options.size > 0) {
		strake_macros_define_unknown(w->macros, name);
	} else if (strake_spec_span_is_nocase(m->directive, "%define")) {
		define(w, name, body->str);
	} else {
		g_autofree char *value =
			strake_macros_expand(w->macros, body->str, body->len, &complete);
		define(w, name, complete ? value : body->str);
	}
}

static char *last_component(const char *value)
{
	const char *slash = strrchr(value, '/');

	return g_strdup(slash != NULL ? slash + 1 : value);
}

static void add_file(Walk *w, size_t line, bool is_patch, const char *tag, StrakeSpecSpan value)
{
	StrakeSpecFile file = {.is_patch = is_patch, .line = line, .tag = g_strdup(tag)};

	file.value = strake_macros_expand(w->macros, value.at, value.size, &file.complete);
	g_strstrip(file.value);
	file.file = last_component(file.value);
	g_array_append_val(w->files, file);
}

static bool is_numbered(const char *tag, const char *family)
{
	size_t n = strlen(family);

	return g_ascii_strncasecmp(tag, family, n) == 0 &&
	       strspn(tag + n, "0123456789") == strlen(tag + n);
}

static void follow_tag(Walk *w, size_t index, StrakeSpecSpan name, StrakeSpecSpan value)
{
	static const char *const known[] = {"name", "version", "release", "epoch", "url"};
	g_autofree char *tag = strake_spec_span_dup(name);

	if (is_numbered(tag, "Source"))
		add_file(w, index, false, tag, value);
	else if (is_numbered(tag, "Patch"))
		add_file(w, index, true, tag, value);
	for (size_t i = 0; w->in_preamble && i < G_N_ELEMENTS(known); i++) {
		if (g_ascii_strcasecmp(tag, known[i]) != 0)
			continue;
		g_autofree char *text = strake_macros_expand(w->macros, value.at, value.size, NULL);
		g_autofree char *upper = g_ascii_strup(known[i], -1);
		define(w, known[i], text);
		define(w, upper, text);
	}
}

static void follow_line(Walk *w, size_t index)
{
	const StrakeSpecLine *line = &strake_spec_lines(w->spec)[index];
	StrakeSpecSpan name, value;

	StrakeSpecMacro macro;

	if (strake_spec_macro(line->text, line->size, &macro)) {
		define_macro(w, index, &macro);
		return;
	}
	if (w->section.type == STRAKE_SPEC_SECTION_PACKAGE) {
		if (strake_spec_tag(line->text, line->size, &name, &value) && name.at[0] != '%')
			follow_tag(w, index, name, value);
	} else if (w->section.type == STRAKE_SPEC_SECTION_LIST && line->kind == STRAKE_SPEC_TEXT) {
		add_file(w, index, strake_spec_span_is_nocase(w->section.name, "%patchlist"), NULL,
			strake_spec_trim(line->text, line->size));
	}
}

static void file_clear(void *data)
{
	StrakeSpecFile *file = data;

	g_free(file->tag);
	g_free(file->value);
	g_free(file->file);
}

GArray *strake_spec_files(const StrakeSpec *spec, StrakeMacros *macros)
{
	Walk w = {
		.spec = spec,
		.macros = macros,
		.levels = g_array_new(FALSE, FALSE, sizeof(Level)),
		.files = g_array_new(FALSE, TRUE, sizeof(StrakeSpecFile)),
		.section = {.type = STRAKE_SPEC_SECTION_PACKAGE},
		.in_preamble = true,
	};
	const StrakeSpecLine *lines = strake_spec_lines(spec);

	g_array_set_clear_func(w.files, file_clear);
	for (size_t i = 0; i < strake_spec_n_lines(spec); i++) {
		const StrakeSpecLine *line = &lines[i];
		if (line->continued)
			continue;
		if (line->kind == STRAKE_SPEC_IF || line->kind == STRAKE_SPEC_BRANCH ||
			line->kind == STRAKE_SPEC_ENDIF) {
			follow_directive(&w, line);
		} else if (live(&w) == STRAKE_NO) {
			continue;
		} else if (line->kind == STRAKE_SPEC_HEADER) {
			strake_spec_header(line->text, line->size, line->section, &w.section);
			w.in_preamble = false;
		} else {
			follow_line(&w, i);
		}
	}
	g_array_unref(w.levels);
	return w.files;
}
