// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Expressions of %if and %[...]: integers and strings with C's operators.
#include <string.h>

#include "format/specmacro_private.h"

enum { DEPTH_MAX = 64 };

typedef struct {
	enum { NUMBER, STRING } kind;
	gint64 number;
	char *string;
} Value;

typedef struct {
	const char *at;
	int depth;
} Parser;

static void value_clear(Value *v)
{
	g_clear_pointer(&v->string, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Value, value_clear)

static void set_number(Value *v, gint64 number)
{
	value_clear(v);
	v->kind = NUMBER;
	v->number = number;
}

static bool truth(const Value *v)
{
	return v->kind == NUMBER ? v->number != 0 : *v->string != '\0';
}

static bool take(Parser *p, const char *operator)
{
	size_t n = strlen(operator);

	while (g_ascii_isspace(*p->at))
		p->at++;
	if (strncmp(p->at, operator, n) != 0)
		return false;
	p->at += n;
	return true;
}

static bool ternary(Parser *p, Value *out);

static bool primary(Parser *p, Value *out)
{
	if (take(p, "(")) {
		if (++p->depth > DEPTH_MAX || !ternary(p, out) || !take(p, ")"))
			return false;
		p->depth--;
		return true;
	}
	if (take(p, "\"")) {
		const char *end = strchr(p->at, '"');
		if (end == NULL)
			return false;
		value_clear(out);
		out->kind = STRING;
		out->string = g_strndup(p->at, (size_t)(end - p->at));
		p->at = end + 1;
		return true;
	}
	if (g_ascii_isdigit(*p->at)) {
		char *end;
		gint64 number = g_ascii_strtoll(p->at, &end, 10);
		if (g_ascii_isalpha(*end) || *end == '_' || *end == '.' || end - p->at > 17)
			return false;
		p->at = end;
		set_number(out, number);
		return true;
	}
	return false;
}

static bool unary(Parser *p, Value *out)
{
	while (g_ascii_isspace(*p->at))
		p->at++;
	if (p->at[0] == '!' && p->at[1] != '=') {
		p->at++;
		if (++p->depth > DEPTH_MAX || !unary(p, out))
			return false;
		p->depth--;
		set_number(out, !truth(out));
		return true;
	}
	if (take(p, "-")) {
		if (++p->depth > DEPTH_MAX || !unary(p, out) || out->kind != NUMBER)
			return false;
		p->depth--;
		set_number(out, -out->number);
		return true;
	}
	return primary(p, out);
}

static bool arithmetic(char operator, Value * a, const Value *b)
{
	gint64 n = 0;
	bool over = false;

	if (a->kind != NUMBER || b->kind != NUMBER)
		return false;
	switch (operator) {
	case '+':
		over = __builtin_add_overflow(a->number, b->number, &n);
		break;
	case '-':
		over = __builtin_sub_overflow(a->number, b->number, &n);
		break;
	case '*':
		over = __builtin_mul_overflow(a->number, b->number, &n);
		break;
	default:
		if (b->number == 0 || (a->number == G_MININT64 && b->number == -1))
			return false;
		n = a->number / b->number;
	}
	if (!over)
		set_number(a, n);
	return !over;
}

static bool product(Parser *p, Value *out)
{
	if (!unary(p, out))
		return false;
	for (;;) {
		g_auto(Value) right = {0};
		char operator= take(p, "*") ? '*' : take(p, "/") ? '/' : '\0';
		if (operator== '\0')
			return true;
		if (!unary(p, &right) || !arithmetic(operator, out, &right))
			return false;
	}
}

static bool sum(Parser *p, Value *out)
{
	if (!product(p, out))
		return false;
	for (;;) {
		g_auto(Value) right = {0};
		char operator= take(p, "+") ? '+' : take(p, "-") ? '-' : '\0';
		if (operator== '\0')
			return true;
		if (!product(p, &right) || !arithmetic(operator, out, &right))
			return false;
	}
}

static bool relation(Parser *p, Value *out)
{
	static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
	g_auto(Value) right = {0};
	size_t op = 0;
	int order;

	if (!sum(p, out))
		return false;
	while (op < G_N_ELEMENTS(operators) && !take(p, operators[op]))
		op++;
	if (op == G_N_ELEMENTS(operators))
		return true;
	if (!sum(p, &right) || out->kind != right.kind)
		return false;
	order = out->kind == STRING ? strcmp(out->string, right.string)
				    : (out->number > right.number) - (out->number < right.number);
	const bool results[] = {order == 0, order != 0, order <= 0, order >= 0, order<0, order> 0};
	set_number(out, results[op]);
	return true;
}

static bool logic(Parser *p, Value *out)
{
	if (!relation(p, out))
		return false;
	for (;;) {
		g_auto(Value) right = {0};
		bool both = take(p, "&&");
		if (!both && !take(p, "||"))
			return true;
		if (!relation(p, &right))
			return false;
		set_number(out, both ? truth(out) && truth(&right) : truth(out) || truth(&right));
	}
}

static bool ternary(Parser *p, Value *out)
{
	g_auto(Value) other = {0};
	bool first;

	if (!logic(p, out))
		return false;
	if (!take(p, "?"))
		return true;
	first = truth(out);
	if (++p->depth > DEPTH_MAX || !ternary(p, out) || !take(p, ":") || !ternary(p, &other))
		return false;
	p->depth--;
	if (!first) {
		Value swap = *out;
		*out = other;
		other = swap;
	}
	return true;
}

StrakeTruth strake_expression(const char *text, char **out_text)
{
	Parser p = {.at = text};
	g_auto(Value) value = {0};

	*out_text = NULL;
	if (!ternary(&p, &value) || (take(&p, ""), *p.at != '\0'))
		return STRAKE_MAYBE;
	*out_text = value.kind == NUMBER ? g_strdup_printf("%" G_GINT64_FORMAT, value.number)
					 : g_strdup(value.string);
	return truth(&value) ? STRAKE_YES : STRAKE_NO;
}
