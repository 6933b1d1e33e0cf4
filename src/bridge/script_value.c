// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Words to values: parameter expansion, splitting, patterns, arithmetic on what is known.
#include "bridge/script_private.h"

#include <string.h>

const char script_val_unknown[] = "(not known)";
const char script_val_temp[] = "(temporary)";

enum {
	MAX_VALUE_BYTES = 64 << 10, // longer strings count as not known
	MAX_TOTAL_BYTES = 16 << 20, // of one script
	MAX_PATTERN_BYTES = 4 << 10,
	MAX_AFFIX_BYTES = 512,
};

Val script_text(ScriptEval *ev, const char *text, gssize size)
{
	size_t length = size < 0 ? strlen(text) : (size_t)size;

	if (length > MAX_VALUE_BYTES)
		return script_val_unknown;
	ev->bytes += length + 1;
	if (ev->bytes > MAX_TOTAL_BYTES) {
		script_give_up(ev, "the script builds too much text to be followed");
		return script_val_unknown;
	}
	return g_string_chunk_insert_len(ev->plan->strings, text, (gssize)length);
}

// -- patterns

/** [...] at @p (behind the bracket). Returns the end, or NULL when it is no bracket expression. */
static const char *match_bracket(const char *p, char c, bool *out_match)
{
	bool negated = *p == '!' || *p == '^', match = false, first = true;

	if (negated)
		p++;
	for (; *p != '\0' && (*p != ']' || first); first = false) {
		char low = *p == '\\' && p[1] != '\0' ? *++p : *p;
		char high = low;

		p++;
		if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
			high = p[1] == '\\' && p[2] != '\0' ? p[2] : p[1];
			p += p[1] == '\\' && p[2] != '\0' ? 3 : 2;
		}
		match |= c >= low && c <= high;
	}
	if (*p != ']')
		return NULL;
	*out_match = match != negated;
	return p + 1;
}

/** One pattern element against one character; NULL when it does not match. */
static const char *match_one(const char *p, char c)
{
	bool match;
	const char *after;

	if (*p == '?')
		return p + 1;
	if (*p == '[' && (after = match_bracket(p + 1, c, &match)) != NULL)
		return match ? after : NULL;
	if (*p == '\\' && p[1] != '\0')
		p++;
	return *p == c ? p + 1 : NULL;
}

/** Linear in text times pattern: only the last star is ever tried again. */
bool script_glob_match(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL, *next;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern != '\0' && (next = match_one(pattern, *text)) != NULL) {
			pattern = next;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool has_glob(const char *text)
{
	const char *bracket = strchr(text, '[');

	return strpbrk(text, "*?") != NULL || (bracket != NULL && strchr(bracket, ']') != NULL);
}

static void append_quoted(GString *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("*?[]\\-!^", *text) != NULL)
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}
}

// -- parameters

static Val join_positional(ScriptEval *ev)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!ev->env->positional_known)
		return script_val_unknown;
	for (size_t i = 0; i < ev->env->positional->len; i++) {
		Val v = g_ptr_array_index(ev->env->positional, i);

		if (!val_known(v))
			return script_val_unknown;
		if (i > 0)
			g_string_append_c(text, ' ');
		g_string_append(text, v);
	}
	return script_text(ev, text->str, (gssize)text->len);
}

/** The parameter's value; NULL when it is known to be unset. */
static Val param_value(ScriptEval *ev, const char *name)
{
	char number[24];

	if (strcmp(name, "@") == 0 || strcmp(name, "*") == 0)
		return join_positional(ev);
	if (strcmp(name, "#") == 0) {
		if (!ev->env->positional_known)
			return script_val_unknown;
		g_snprintf(number, sizeof(number), "%u", ev->env->positional->len);
		return script_text(ev, number, -1);
	}
	if (strcmp(name, "?") == 0)
		return ev->status == TRI_TRUE ? "0" : script_val_unknown;
	if (strcmp(name, "0") == 0)
		return script_val_unknown;
	if (g_ascii_isdigit(name[0])) {
		guint64 index = g_ascii_strtoull(name, NULL, 10);

		if (!ev->env->positional_known)
			return script_val_unknown;
		return index <= ev->env->positional->len
			       ? g_ptr_array_index(ev->env->positional, index - 1)
			       : NULL;
	}
	if (!g_ascii_isalpha(name[0]) && name[0] != '_')
		return script_val_unknown; // $$, $!, $-
	return script_get(ev, name);
}

/** A pattern word as one string with quoted characters escaped; unknown when a part is. */
static Val pattern_text(ScriptEval *ev, const StrakeShellWord *word)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next) {
		StrakeShellWord one = {.parts = (StrakeShellPart[]){*part}};
		Val v;

		one.parts->next = NULL;
		v = script_expand(ev, &one);
		if (!val_known(v))
			return script_val_unknown;
		if (part->quoted)
			append_quoted(text, v);
		else
			g_string_append(text, v);
	}
	return script_text(ev, text->str, (gssize)text->len);
}

Tri script_match(ScriptEval *ev, const StrakeShellWord *word, Val subject)
{
	Val pattern = pattern_text(ev, word);

	if (val_known(pattern) && strcmp(pattern, "*") == 0)
		return TRI_TRUE;
	if (!val_known(pattern) || !val_known(subject) || strlen(pattern) > MAX_PATTERN_BYTES ||
		strlen(subject) > MAX_PATTERN_BYTES)
		return TRI_UNKNOWN;
	return tri_of(script_glob_match(pattern, subject));
}

/** ${x#p} and its kin. */
static Val remove_affix(ScriptEval *ev, Val value, const StrakeShellPart *part)
{
	Val pattern = pattern_text(ev, part->word);
	bool prefix = part->op == STRAKE_SHELL_OP_PREFIX || part->op == STRAKE_SHELL_OP_PREFIX_LONG;
	bool longest =
		part->op == STRAKE_SHELL_OP_PREFIX_LONG || part->op == STRAKE_SHELL_OP_SUFFIX_LONG;
	size_t size;

	if (!val_known(value) || !val_known(pattern) || strlen(value) > MAX_AFFIX_BYTES ||
		strlen(pattern) > MAX_AFFIX_BYTES)
		return script_val_unknown;
	size = strlen(value);
	ev->steps += (unsigned)size / 8; // the loop below is cubic in the worst case
	for (size_t i = 0; i <= size; i++) {
		size_t cut = longest ? size - i : i; // bytes that go
		g_autofree char *head = g_strndup(value, prefix ? cut : size - cut);

		if (prefix && script_glob_match(pattern, head))
			return script_text(ev, value + cut, -1);
		if (!prefix && script_glob_match(pattern, value + (size - cut)))
			return script_text(ev, head, -1);
	}
	return value;
}

/** The operand of an expansion that may not be used; it may still hold commands. */
static void expand_maybe(ScriptEval *ev, const StrakeShellWord *word)
{
	ev->forks++;
	(void)script_expand(ev, word);
	ev->forks--;
}

static Val expand_param(ScriptEval *ev, const StrakeShellPart *part)
{
	Val value = param_value(ev, part->text);
	bool have = value != NULL && !(part->colon && val_known(value) && value[0] == '\0');
	bool unsure = value != NULL && !val_known(value);
	char number[24];

	switch (part->op) {
	case STRAKE_SHELL_OP_NONE:
		return value != NULL ? value : "";
	case STRAKE_SHELL_OP_LENGTH:
		if (value == NULL || !val_known(value))
			return value == NULL ? "0" : script_val_unknown;
		g_snprintf(number, sizeof(number), "%zu", strlen(value));
		return script_text(ev, number, -1);
	case STRAKE_SHELL_OP_DEFAULT:
		if (unsure)
			expand_maybe(ev, part->word);
		return have ? value : script_expand(ev, part->word);
	case STRAKE_SHELL_OP_ASSIGN:
		if (!have) {
			value = script_expand(ev, part->word);
			script_set(ev, part->text, value);
		}
		return value;
	case STRAKE_SHELL_OP_ERROR:
		return have ? value : script_val_unknown;
	case STRAKE_SHELL_OP_ALTERNATE:
		if (unsure) {
			expand_maybe(ev, part->word);
			return script_val_unknown;
		}
		return have ? script_expand(ev, part->word) : "";
	case STRAKE_SHELL_OP_PREFIX:
	case STRAKE_SHELL_OP_PREFIX_LONG:
	case STRAKE_SHELL_OP_SUFFIX:
	case STRAKE_SHELL_OP_SUFFIX_LONG:
		return remove_affix(ev, value != NULL ? value : "", part);
	default:
		return script_val_unknown;
	}
}

static Val expand_command(ScriptEval *ev, const StrakeShellPart *part)
{
	ScriptSink sink = script_sink(ev, SINK_TEXT);
	Val value = script_val_unknown;

	ev->status = script_eval_captured(ev, part->body, &sink);
	if (sink.temp && !sink.unknown && sink.text->len == 0) {
		value = script_val_temp;
	} else if (!sink.unknown && !sink.temp) {
		while (sink.text->len > 0 && sink.text->str[sink.text->len - 1] == '\n')
			g_string_truncate(sink.text, sink.text->len - 1);
		value = script_text(ev, sink.text->str, (gssize)sink.text->len);
	}
	script_sink_clear(&sink);
	return value;
}

static Val expand_part(ScriptEval *ev, const StrakeShellPart *part)
{
	Val expression;

	switch (part->kind) {
	case STRAKE_SHELL_LITERAL:
		return part->text;
	case STRAKE_SHELL_PARAM:
		return expand_param(ev, part);
	case STRAKE_SHELL_COMMAND:
		return expand_command(ev, part);
	case STRAKE_SHELL_ARITH:
		expression = script_expand(ev, part->word);
		return val_known(expression) ? script_arith(ev, expression) : script_val_unknown;
	default:
		script_unhandled(ev, "uses a form of bash that is not followed: %.40s", part->text);
		return script_val_unknown;
	}
}

// -- words

/** A string under construction. */
typedef struct {
	GString *text;
	bool unknown;
	bool temp;
	bool started;
	bool glob;
	bool many;
} FieldBuilder;

static void field_put(FieldBuilder *f, Val v)
{
	f->started = true;
	if (v == script_val_temp && f->text->len == 0)
		f->temp = true;
	else if (!val_known(v))
		f->unknown = true;
	else if (f->text->len < MAX_VALUE_BYTES)
		g_string_append(f->text, v);
	else
		f->unknown = true;
}

static Val field_value(ScriptEval *ev, const FieldBuilder *f)
{
	if (f->unknown)
		return script_val_unknown;
	if (f->temp)
		return script_val_temp;
	return script_text(ev, f->text->str, (gssize)f->text->len);
}

Val script_expand(ScriptEval *ev, const StrakeShellWord *word)
{
	FieldBuilder f = {.text = g_string_new(NULL)};
	Val value;

	if (word->parts != NULL && word->parts->next == NULL &&
		word->parts->kind == STRAKE_SHELL_LITERAL) {
		g_string_free(f.text, TRUE);
		return script_text(ev, word->parts->text, -1);
	}
	for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next)
		field_put(&f, expand_part(ev, part));
	value = field_value(ev, &f);
	g_string_free(f.text, TRUE);
	return value;
}

static void field_end(ScriptEval *ev, FieldBuilder *f, GArray *out)
{
	ScriptArg arg = {.value = NULL, .glob = f->glob, .many = f->many};

	if (f->started) {
		arg.value = field_value(ev, f);
		g_array_append_val(out, arg);
	}
	g_string_truncate(f->text, 0);
	f->unknown = f->temp = f->started = f->glob = f->many = false;
}

/** An unquoted expansion: split at blanks, or at IFS where the script has set it. */
static void field_split(ScriptEval *ev, FieldBuilder *f, Val v, GArray *out)
{
	Val ifs = g_hash_table_lookup(ev->env->vars, "IFS");

	if (!val_known(v) || (ifs != NULL && !val_known(ifs))) {
		field_put(f, v);
		f->many |= v != script_val_temp;
		return;
	}
	if (ifs == NULL)
		ifs = " \t\n";
	// Other separators make empty fields by rules of their own.
	if (strspn(ifs, " \t\n") != strlen(ifs) && strpbrk(v, ifs) != NULL) {
		field_put(f, script_val_unknown);
		f->many = true;
		return;
	}
	for (const char *p = v; *p != '\0';) {
		size_t size = strcspn(p, ifs);

		if (size > 0) {
			f->started = true;
			g_string_append_len(f->text, p, (gssize)size);
			f->glob |= has_glob(p);
		} else {
			field_end(ev, f, out);
			p++;
		}
		p += size;
	}
}

static void field_positional(ScriptEval *ev, FieldBuilder *f, bool quoted, GArray *out)
{
	const GPtrArray *list = ev->env->positional;

	if (!ev->env->positional_known) {
		field_put(f, script_val_unknown);
		f->many = true;
		return;
	}
	for (size_t i = 0; i < list->len; i++) {
		if (i > 0)
			field_end(ev, f, out);
		if (quoted)
			field_put(f, g_ptr_array_index(list, i));
		else
			field_split(ev, f, g_ptr_array_index(list, i), out);
	}
}

static void expand_tilde(FieldBuilder *f, const StrakeShellPart *part)
{
	// Only root runs maintainer scripts.
	if (part->text[0] == '~' && (part->text[1] == '/' || part->text[1] == '\0')) {
		g_string_append(f->text, "/root");
		g_string_append(f->text, part->text + 1);
	} else {
		f->unknown = true;
	}
	f->started = true;
}

void script_expand_fields(ScriptEval *ev, const StrakeShellWord *words, GArray *out)
{
	FieldBuilder f = {.text = g_string_new(NULL)};

	for (const StrakeShellWord *word = words; word != NULL; word = word->next) {
		f.started = word->parts == NULL;
		for (const StrakeShellPart *part = word->parts; part != NULL; part = part->next) {
			bool all = part->kind == STRAKE_SHELL_PARAM &&
				   part->op == STRAKE_SHELL_OP_NONE &&
				   (strcmp(part->text, "@") == 0 ||
					   (strcmp(part->text, "*") == 0 && !part->quoted));

			if (all) {
				field_positional(ev, &f, part->quoted, out);
			} else if (part->kind == STRAKE_SHELL_LITERAL) {
				if (part == word->parts && !part->quoted && part->text[0] == '~')
					expand_tilde(&f, part);
				else
					field_put(&f, part->text);
				f.glob |= !part->quoted && has_glob(part->text);
			} else if (part->quoted) {
				field_put(&f, expand_part(ev, part));
			} else {
				field_split(ev, &f, expand_part(ev, part), out);
			}
		}
		field_end(ev, &f, out);
	}
	g_string_free(f.text, TRUE);
}

// -- arithmetic

typedef struct {
	ScriptEval *ev;
	const char *at;
	bool ok;
	unsigned depth;
} Arith;

static gint64 arith_sum(Arith *a);

static bool arith_take(Arith *a, char c)
{
	while (g_ascii_isspace(*a->at))
		a->at++;
	if (*a->at != c)
		return false;
	a->at++;
	return true;
}

static gint64 arith_atom(Arith *a)
{
	gint64 value = 0;

	if (++a->depth > 50)
		a->ok = false;
	if (!a->ok) {
		value = 0;
	} else if (arith_take(a, '(')) {
		value = arith_sum(a);
		a->ok &= arith_take(a, ')');
	} else if (arith_take(a, '-')) {
		value = arith_atom(a);
		value = value == G_MININT64 ? 0 : -value;
	} else if (g_ascii_isdigit(*a->at)) {
		char *end;
		guint64 number = g_ascii_strtoull(a->at, &end, 0);

		a->ok &= number < G_MAXINT32;
		a->at = end;
		value = (gint64)number;
	} else if (g_ascii_isalpha(*a->at) || *a->at == '_') {
		const char *start = a->at;
		g_autofree char *name = NULL;
		char *end;
		Val v;

		while (g_ascii_isalnum(*a->at) || *a->at == '_')
			a->at++;
		name = g_strndup(start, (size_t)(a->at - start));
		v = script_get(a->ev, name);
		a->ok &= val_known(v) && v[0] != '\0';
		if (a->ok) {
			value = g_ascii_strtoll(v, &end, 10);
			a->ok = *end == '\0' && value > G_MININT32 && value < G_MAXINT32;
		}
	} else {
		a->ok = false;
	}
	a->depth--;
	return value;
}

static gint64 arith_product(Arith *a)
{
	gint64 value = arith_atom(a), right;

	while (a->ok) {
		char op = arith_take(a, '*')   ? '*'
			  : arith_take(a, '/') ? '/'
			  : arith_take(a, '%') ? '%'
					       : 0;

		if (op == 0)
			break;
		right = arith_atom(a);
		if (op == '*')
			a->ok &= !__builtin_mul_overflow(value, right, &value);
		else if (right == 0 || (right == -1 && value == G_MININT64))
			a->ok = false;
		else
			value = op == '/' ? value / right : value % right;
	}
	return value;
}

static gint64 arith_sum(Arith *a)
{
	gint64 value = arith_product(a), right;

	while (a->ok) {
		bool minus = false;

		if (!arith_take(a, '+')) {
			if (!arith_take(a, '-'))
				break;
			minus = true;
		}
		right = arith_product(a);
		a->ok &= minus ? !__builtin_sub_overflow(value, right, &value)
			       : !__builtin_add_overflow(value, right, &value);
	}
	return value;
}

Val script_arith(ScriptEval *ev, const char *expression)
{
	Arith a = {.ev = ev, .at = expression, .ok = true};
	gint64 value = arith_sum(&a);
	char number[32];

	(void)arith_take(&a, ' ');
	if (!a.ok || *a.at != '\0')
		return script_val_unknown;
	g_snprintf(number, sizeof(number), "%" G_GINT64_FORMAT, value);
	return script_text(ev, number, -1);
}
