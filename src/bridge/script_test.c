// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// test and [: what can be decided from known strings, the package's own files and what the
// scripts have made. That a path is absent can never be told: another package may have it.
#include "bridge/script_private.h"

#include <string.h>

typedef struct {
	ScriptEval *ev;
	const ScriptArg *at;
	size_t left;
	unsigned depth;
	bool broken;
} Test;

static Tri test_or(Test *t);

static bool is_word(const Test *t, size_t ahead, const char *word)
{
	return ahead < t->left && val_known(t->at[ahead].value) &&
	       strcmp(t->at[ahead].value, word) == 0;
}

static void skip(Test *t, size_t count)
{
	t->at += MIN(count, t->left);
	t->left -= MIN(count, t->left);
}

/** -e, -f, ...: true when the path is known to be there with the right type. */
static Tri test_path(ScriptEval *ev, char op, Val value)
{
	Val path = script_path(ev, value);
	char type;
	int mode;

	if (val_known(value) && value[0] == '\0')
		return TRI_FALSE;
	if (!val_known(path))
		return TRI_UNKNOWN;
	if (script_known_absent(path))
		return TRI_FALSE;
	type = script_path_type(ev, path);
	if (type == 0)
		return TRI_UNKNOWN;
	switch (op) {
	case 'e':
	case 'r':
	case 'w': // as root
		return type == 'l' ? TRI_UNKNOWN : TRI_TRUE;
	case 'd':
		return type == 'l' ? TRI_UNKNOWN : tri_of(type == 'd');
	case 'f':
		return type == 'l' ? TRI_UNKNOWN : tri_of(type == 'f');
	case 'L':
	case 'h':
		return tri_of(type == 'l');
	case 'x':
		if (type != 'f' || ev->in->path_mode == NULL || script_object(ev, path) != NULL)
			return type == 'd' ? TRI_TRUE : TRI_UNKNOWN;
		mode = ev->in->path_mode(path, ev->in->path_data);
		return mode < 0 ? TRI_UNKNOWN : tri_of((mode & 0111) != 0);
	default: // s, u, g ... depend on more than the type
		return TRI_UNKNOWN;
	}
}

static Tri test_unary(ScriptEval *ev, char op, const ScriptArg *arg)
{
	Val v = arg->value;

	if (op == 'n' || op == 'z') {
		if (!val_known(v))
			return v == script_val_temp ? tri_of(op == 'n') : TRI_UNKNOWN;
		return tri_of((v[0] != '\0') == (op == 'n'));
	}
	if (arg->glob || arg->many)
		return TRI_UNKNOWN;
	if (op == 't')
		return TRI_UNKNOWN;
	return test_path(ev, op, v);
}

static bool parse_number(Val v, gint64 *out)
{
	char *end;

	if (!val_known(v) || v[0] == '\0')
		return false;
	*out = g_ascii_strtoll(v, &end, 10);
	return *end == '\0';
}

static Tri test_binary(Val a, const char *op, Val b)
{
	static const char *const numeric[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
	gint64 x, y;

	if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0 || strcmp(op, "!=") == 0) {
		if (!val_known(a) || !val_known(b))
			return TRI_UNKNOWN;
		return tri_of((strcmp(a, b) == 0) == (op[0] == '='));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(numeric); i++) {
		bool results[6];

		if (strcmp(op, numeric[i]) != 0)
			continue;
		if (!parse_number(a, &x) || !parse_number(b, &y))
			return TRI_UNKNOWN;
		results[0] = x == y;
		results[1] = x != y;
		results[2] = x < y;
		results[3] = x <= y;
		results[4] = x > y;
		results[5] = x >= y;
		return tri_of(results[i]);
	}
	return TRI_UNKNOWN; // -nt, -ot, -ef
}

static bool is_binary(const Test *t)
{
	static const char *const ops[] = {"=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge",
		"-nt", "-ot", "-ef", "<", ">"};

	if (t->left < 3 || !val_known(t->at[1].value))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(ops); i++)
		if (strcmp(t->at[1].value, ops[i]) == 0)
			return true;
	return false;
}

static Tri test_primary(Test *t)
{
	Tri result;

	if (t->left == 0 || ++t->depth > 40) {
		t->broken = true;
		return TRI_UNKNOWN;
	}
	if (is_binary(t)) {
		result = t->at[0].many || t->at[2].many
				 ? TRI_UNKNOWN
				 : test_binary(t->at[0].value, t->at[1].value, t->at[2].value);
		skip(t, 3);
	} else if (is_word(t, 0, "!") && t->left > 1) {
		skip(t, 1);
		result = tri_not(test_primary(t));
	} else if (is_word(t, 0, "(") && t->left > 2) {
		skip(t, 1);
		result = test_or(t);
		t->broken |= !is_word(t, 0, ")");
		skip(t, 1);
	} else if (t->left >= 2 && val_known(t->at[0].value) && t->at[0].value[0] == '-' &&
		   g_ascii_isalpha(t->at[0].value[1]) && t->at[0].value[2] == '\0' &&
		   !is_word(t, 0, "-a") && !is_word(t, 0, "-o")) {
		result = test_unary(t->ev, t->at[0].value[1], &t->at[1]);
		skip(t, 2);
	} else {
		result = test_unary(t->ev, 'n', &t->at[0]);
		skip(t, 1);
	}
	t->depth--;
	return result;
}

static Tri test_and(Test *t)
{
	Tri result = test_primary(t);

	while (is_word(t, 0, "-a")) {
		Tri right;

		skip(t, 1);
		right = test_primary(t);
		result = result == TRI_FALSE || right == TRI_FALSE       ? TRI_FALSE
			 : result == TRI_UNKNOWN || right == TRI_UNKNOWN ? TRI_UNKNOWN
									 : TRI_TRUE;
	}
	return result;
}

static Tri test_or(Test *t)
{
	Tri result = test_and(t);

	while (is_word(t, 0, "-o")) {
		Tri right;

		skip(t, 1);
		right = test_and(t);
		result = result == TRI_TRUE || right == TRI_TRUE         ? TRI_TRUE
			 : result == TRI_UNKNOWN || right == TRI_UNKNOWN ? TRI_UNKNOWN
									 : TRI_FALSE;
	}
	return result;
}

/** Remembers a test of one path for whoever branches on it. */
static void note_path_test(ScriptEval *ev, const ScriptArg *args, size_t count)
{
	bool negated = count == 3 && val_known(args[0].value) && strcmp(args[0].value, "!") == 0;
	Val op = count > (size_t)negated ? args[negated].value : script_val_unknown;
	Val path;

	ev->test_node = NULL;
	if (count != 2u + negated || !val_known(op) || op[0] != '-' || op[1] == '\0' ||
		strchr("efdLhrswx", op[1]) == NULL || op[2] != '\0')
		return;
	path = script_path(ev, args[negated + 1].value);
	if (!val_known(path))
		return;
	ev->test_node = ev->node;
	ev->test_path = path;
	ev->test_positive = !negated;
}

Tri script_cmd_test(ScriptEval *ev, const ScriptCall *call)
{
	Test t = {.ev = ev, .at = call->argv, .left = call->argc};
	bool bracket = call->row->data != NULL;
	Tri result;

	if (bracket) {
		if (call->argc == 0 || !is_word(&t, call->argc - 1, "]"))
			return TRI_UNKNOWN;
		t.left--;
	}
	if (t.left == 0)
		return TRI_FALSE;
	for (size_t i = 0; i < t.left; i++)
		if (t.at[i].many && t.left > 2)
			return TRI_UNKNOWN; // an unquoted $x may vanish and shift the rest
	note_path_test(ev, t.at, t.left);
	result = test_or(&t);
	return t.broken || t.left > 0 ? TRI_UNKNOWN : result;
}
