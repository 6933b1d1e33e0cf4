// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The macro table and its expansion.
#include "format/specmacro.h"

#include <string.h>

#include "format/specmacro_private.h"

enum { DEPTH_MAX = 32, STEPS_MAX = 20000, OUTPUT_MAX = 1 << 20 };

struct StrakeMacros {
	GHashTable *bodies; // name: body; a body that nobody knows is the table's own empty string
};

typedef struct {
	const StrakeMacros *macros;
	GString *out;
	int depth;
	unsigned steps;
	bool complete;
} Expander;

static char unknown_body[] = "";

static void body_free(void *body)
{
	if (body != unknown_body)
		g_free(body);
}

StrakeMacros *strake_macros_new(void)
{
	StrakeMacros *macros = g_new0(StrakeMacros, 1);

	macros->bodies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, body_free);
	strake_macros_define(macros, "nil", "");
	return macros;
}

void strake_macros_free(StrakeMacros *macros)
{
	if (macros == NULL)
		return;
	g_hash_table_unref(macros->bodies);
	g_free(macros);
}

void strake_macros_define(StrakeMacros *macros, const char *name, const char *body)
{
	g_hash_table_replace(macros->bodies, g_strdup(name), g_strdup(body));
}

void strake_macros_define_unknown(StrakeMacros *macros, const char *name)
{
	g_hash_table_replace(macros->bodies, g_strdup(name), unknown_body);
}

void strake_macros_undefine(StrakeMacros *macros, const char *name)
{
	g_hash_table_remove(macros->bodies, name);
}

bool strake_macros_is_defined(const StrakeMacros *macros, const char *name)
{
	return g_hash_table_contains(macros->bodies, name);
}

static void expand(Expander *x, const char *p, const char *end);

/* What we cannot expand stays as it is. */
static void leave(Expander *x, const char *from, const char *to)
{
	x->complete = false;
	if (x->out->len + (size_t)(to - from) <= OUTPUT_MAX)
		g_string_append_len(x->out, from, to - from);
}

/* One past the bracket that closes the one at @p, or NULL. */
static const char *closing(const char *p, const char *end)
{
	char open = *p;
	char close = open == '{' ? '}' : open == '(' ? ')' : ']';
	int depth = 0;

	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == open)
			depth++;
		else if (*p == close && --depth == 0)
			return p + 1;
	}
	return NULL;
}

static bool is_name(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

static char *expand_aside(Expander *x, const char *p, const char *end)
{
	GString *kept = x->out;
	char *text;

	x->out = g_string_new(NULL);
	expand(x, p, end);
	text = g_string_free(x->out, FALSE);
	x->out = kept;
	return text;
}

/* The macro's value in place of [from, to), which is what is left when there is none. */
static void use(Expander *x, const char *name, const char *from, const char *to)
{
	const char *body = g_hash_table_lookup(x->macros->bodies, name);

	if (body == NULL && strcmp(name, "version_no_tilde") == 0) {
		// Fedora's: "~" would be no part of an upstream tag.
		const char *version = "%{version}";
		g_autofree char *text = expand_aside(x, version, version + strlen(version));
		g_strdelimit(text, "~", '-');
		g_string_append(x->out, text);
		return;
	}
	if (body == NULL || body == unknown_body)
		leave(x, from, to);
	else
		expand(x, body, body + strlen(body));
}

static bool text_function(const char *name, char *text, GString *out)
{
	if (strcmp(name, "lower") == 0) {
		g_autofree char *lower = g_ascii_strdown(text, -1);
		g_string_append(out, lower);
	} else if (strcmp(name, "upper") == 0) {
		g_autofree char *upper = g_ascii_strup(text, -1);
		g_string_append(out, upper);
	} else if (strcmp(name, "basename") == 0) {
		const char *slash = strrchr(text, '/');
		g_string_append(out, slash != NULL ? slash + 1 : text);
	} else if (strcmp(name, "dirname") == 0) {
		const char *slash = strrchr(text, '/');
		g_string_append_len(out, text, slash != NULL ? slash - text : (gssize)strlen(text));
	} else if (strcmp(name, "suffix") == 0) {
		const char *dot = strrchr(text, '.');
		g_string_append(out, dot != NULL ? dot + 1 : "");
	} else if (strcmp(name, "len") == 0) {
		g_string_append_printf(out, "%zu", strlen(text));
	} else if (strcmp(name, "expand") == 0 || strcmp(name, "quote") == 0) {
		g_string_append(out, text);
	} else if (strcmp(name, "shrink") == 0) {
		g_auto(GStrv) words = g_strsplit_set(g_strstrip(text), " \t\n", -1);
		for (char **word = words; *word != NULL; word++)
			if (**word != '\0')
				g_string_append_printf(out, "%s%s", word > words ? " " : "", *word);
	} else {
		return false;
	}
	return true;
}

/* with, without, defined, undefined: 1 or 0. */
static bool condition_function(Expander *x, const char *name, const char *argument)
{
	bool with = strcmp(name, "with") == 0 || strcmp(name, "without") == 0;
	bool negated = strcmp(name, "without") == 0 || strcmp(name, "undefined") == 0;
	g_autofree char *macro = g_strconcat(with ? "with_" : "", argument, NULL);

	if (!with && !negated && strcmp(name, "defined") != 0)
		return false;
	if (g_hash_table_lookup(x->macros->bodies, macro) == unknown_body)
		return false;
	g_string_append_c(
		x->out, strake_macros_is_defined(x->macros, macro) != negated ? '1' : '0');
	return true;
}

/* The name at *@p, which moves behind it; free with g_free. */
static char *take_name(const char **p, const char *end)
{
	const char *start = *p;

	while (*p < end && is_name(**p))
		(*p)++;
	return g_strndup(start, (size_t)(*p - start));
}

/* The "!" and "?" before a name, and the name: "?dist", "!?with_x". */
static char *take_reference(const char **p, const char *end, bool *negated, bool *conditional)
{
	*negated = false;
	*conditional = false;
	for (; *p < end && (**p == '!' || **p == '?'); (*p)++) {
		*negated = *negated != (**p == '!');
		*conditional = *conditional || **p == '?';
	}
	return take_name(p, end);
}

/* "%{...}" from @from to @to, brace and all. */
static void braced(Expander *x, const char *from, const char *to)
{
	const char *p = from + 2;
	const char *end = to - 1;
	bool negated, conditional;
	g_autofree char *name = take_reference(&p, end, &negated, &conditional);

	if (*name == '\0') {
		leave(x, from, to);
	} else if (conditional) {
		bool defined = strake_macros_is_defined(x->macros, name);
		if (g_hash_table_lookup(x->macros->bodies, name) == unknown_body)
			leave(x, from, to);
		else if (defined == negated)
			return;
		else if (p < end && *p == ':')
			expand(x, p + 1, end);
		else if (!negated)
			use(x, name, from, to);
	} else if (p == end) {
		use(x, name, from, to);
	} else if (*p == ':' || *p == ' ') {
		g_autofree char *argument = expand_aside(x, p + 1, end);
		if (!condition_function(x, name, g_strstrip(argument)) &&
			(*p != ':' || !text_function(name, argument, x->out)))
			leave(x, from, to);
	} else {
		leave(x, from, to);
	}
}

static void expression(Expander *x, const char *from, const char *to)
{
	bool complete = x->complete;
	g_autofree char *text = NULL;
	g_autofree char *value = NULL;

	x->complete = true;
	text = expand_aside(x, from + 2, to - 1);
	if (x->complete)
		(void)strake_expression(text, &value);
	if (value == NULL) {
		leave(x, from, to);
		return;
	}
	x->complete = complete;
	g_string_append(x->out, value);
}

/* "%name", "%?name", "%!?name" at @p; where it ends. */
static const char *bare(Expander *x, const char *p, const char *end)
{
	const char *from = p++;
	bool negated, conditional;
	g_autofree char *name = take_reference(&p, end, &negated, &conditional);

	if (*name == '\0') {
		g_string_append_len(x->out, from, p - from);
	} else if (condition_function(x, name, "")) {
		// its argument follows: "%with tests"
		g_string_truncate(x->out, x->out->len - 1);
		while (p < end && g_ascii_isspace(*p))
			p++;
		g_autofree char *argument = take_name(&p, end);
		if (!condition_function(x, name, argument))
			leave(x, from, p);
	} else if (!conditional) {
		use(x, name, from, p);
	} else if (!negated && strake_macros_is_defined(x->macros, name)) {
		use(x, name, from, p);
	}
	return p;
}

static void expand(Expander *x, const char *p, const char *end)
{
	if (x->depth >= DEPTH_MAX || x->out->len > OUTPUT_MAX || x->steps > STEPS_MAX) {
		leave(x, p, end);
		return;
	}
	x->depth++;
	while (p < end) {
		const char *percent = memchr(p, '%', (size_t)(end - p));
		const char *close = NULL;
		if (percent == NULL)
			percent = end;
		if (x->out->len > OUTPUT_MAX || x->steps++ > STEPS_MAX) {
			leave(x, p, end);
			break;
		}
		g_string_append_len(x->out, p, percent - p);
		p = percent;
		if (p == end)
			break;
		if (p + 1 == end || p[1] == '%') {
			g_string_append_c(x->out, '%');
			p += 1 + (p + 1 < end);
			continue;
		}
		if (p[1] == '{' || p[1] == '(' || p[1] == '[') {
			close = closing(p + 1, end);
			if (close == NULL || p[1] == '(')
				leave(x, p, close != NULL ? close : end);
			else if (p[1] == '{')
				braced(x, p, close);
			else
				expression(x, p, close);
			p = close != NULL ? close : end;
			continue;
		}
		p = bare(x, p, end);
	}
	x->depth--;
}

char *strake_macros_expand(
	const StrakeMacros *macros, const char *text, size_t size, bool *out_complete)
{
	Expander x = {.macros = macros, .out = g_string_new(NULL), .complete = true};

	expand(&x, text, text + size);
	if (out_complete != NULL)
		*out_complete = x.complete;
	return g_string_free(x.out, FALSE);
}

StrakeTruth strake_macros_test(const StrakeMacros *macros, const char *text, size_t size)
{
	bool complete;
	g_autofree char *plain = strake_macros_expand(macros, text, size, &complete);
	g_autofree char *value = NULL;

	return complete ? strake_expression(plain, &value) : STRAKE_MAYBE;
}
