// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Which variables a piece of a script may set: what an undecided loop or a function leaves behind.
#include "bridge/script_private.h"

#include <string.h>

enum { MAX_FUNCTIONS = 200 }; // below one loop

typedef void (*NameFunc)(ScriptEval *ev, const char *name, gpointer data);
static void each_assigned(ScriptEval *ev, const StrakeShellNode *node, GHashTable *seen,
	NameFunc func, gpointer data);

static const char *plain_word(const StrakeShellWord *word)
{
	if (word == NULL || word->parts == NULL || word->parts->next != NULL ||
		word->parts->kind != STRAKE_SHELL_LITERAL)
		return NULL;
	return word->parts->text;
}

/** Names that a command sets by its arguments: read x y, local x=1, export x. */
static void each_assigned_by_command(
	ScriptEval *ev, const StrakeShellWord *words, NameFunc func, gpointer data)
{
	const char *name = plain_word(words);

	if (name == NULL)
		return;
	if (strcmp(name, "db_get") == 0 || strcmp(name, "db_fget") == 0 ||
		strcmp(name, "db_metaget") == 0)
		func(ev, "RET", data);
	if (strcmp(name, "read") != 0 && strcmp(name, "local") != 0 &&
		strcmp(name, "export") != 0 && strcmp(name, "readonly") != 0 &&
		strcmp(name, "getopts") != 0 && strcmp(name, "unset") != 0 &&
		strcmp(name, "declare") != 0 && strcmp(name, "typeset") != 0)
		return;
	for (const StrakeShellWord *w = words->next; w != NULL; w = w->next) {
		const char *text = w->parts != NULL && w->parts->kind == STRAKE_SHELL_LITERAL
					   ? w->parts->text
					   : "";
		g_autofree char *target = g_strndup(text, strcspn(text, "="));

		if (target[0] != '\0' && target[0] != '-')
			func(ev, target, data);
	}
}

static void each_assigned_in_words(
	ScriptEval *ev, const StrakeShellWord *words, NameFunc func, gpointer data)
{
	for (const StrakeShellWord *w = words; w != NULL; w = w->next)
		for (const StrakeShellPart *part = w->parts; part != NULL; part = part->next) {
			if (part->kind == STRAKE_SHELL_PARAM && part->op == STRAKE_SHELL_OP_ASSIGN)
				func(ev, part->text, data);
			if (part->word != NULL)
				each_assigned_in_words(ev, part->word, func, data);
		}
}

static void each_assigned_one(
	ScriptEval *ev, const StrakeShellNode *node, GHashTable *seen, NameFunc func, gpointer data)
{
	const char *called = node->kind == STRAKE_SHELL_SIMPLE ? plain_word(node->words) : NULL;
	const StrakeShellNode *body = called ? g_hash_table_lookup(ev->functions, called) : NULL;

	for (const StrakeShellAssign *a = node->assigns; a != NULL; a = a->next)
		func(ev, a->name, data);
	if (node->kind == STRAKE_SHELL_FOR)
		func(ev, node->name, data);
	if (node->kind == STRAKE_SHELL_SIMPLE)
		each_assigned_by_command(ev, node->words, func, data);
	each_assigned_in_words(ev, node->words, func, data);
	each_assigned(ev, node->children, seen, func, data);
	each_assigned(ev, node->condition, seen, func, data);
	each_assigned(ev, node->else_body, seen, func, data);
	if (node->kind != STRAKE_SHELL_FUNCTION)
		each_assigned(ev, node->body, seen, func, data);
	for (const StrakeShellClause *c = node->clauses; c != NULL; c = c->next) {
		each_assigned(ev, c->condition, seen, func, data);
		each_assigned(ev, c->body, seen, func, data);
	}
	if ((++ev->scanned & 31) == 0)
		ev->steps++;
	if (body == NULL || !g_hash_table_add(seen, (gpointer)body))
		return;
	if (g_hash_table_size(seen) > MAX_FUNCTIONS)
		script_give_up(ev, "too many functions call each other to be followed");
	else
		each_assigned(ev, body, seen, func, data);
}

/** Every variable that @node and its siblings may set; @seen: function bodies already visited. */
static void each_assigned(
	ScriptEval *ev, const StrakeShellNode *node, GHashTable *seen, NameFunc func, gpointer data)
{
	for (; node != NULL; node = node->next)
		each_assigned_one(ev, node, seen, func, data);
}

static void forget_name(ScriptEval *ev, const char *name, gpointer data)
{
	script_set(ev, name, script_val_unknown);
}

void script_forget_assigned(ScriptEval *ev, const StrakeShellNode *node)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	if (node != NULL)
		each_assigned_one(ev, node, seen, forget_name, NULL);
}

/** The names of `local` commands directly in a function, with the values to give back. */
void script_collect_locals(ScriptEval *ev, const StrakeShellNode *node, GHashTable *saved)
{
	for (; node != NULL; node = node->next) {
		const char *name =
			node->kind == STRAKE_SHELL_SIMPLE ? plain_word(node->words) : NULL;

		if (name != NULL && strcmp(name, "local") == 0)
			for (const StrakeShellWord *w = node->words->next; w != NULL; w = w->next) {
				const char *text =
					w->parts != NULL && w->parts->kind == STRAKE_SHELL_LITERAL
						? w->parts->text
						: "";
				g_autofree char *local = g_strndup(text, strcspn(text, "="));

				g_hash_table_insert(
					saved, g_strdup(local), (gpointer)script_get(ev, local));
			}
		script_collect_locals(ev, node->children, saved);
		script_collect_locals(ev, node->else_body, saved);
		if (node->kind != STRAKE_SHELL_FUNCTION)
			script_collect_locals(ev, node->body, saved);
		for (const StrakeShellClause *c = node->clauses; c != NULL; c = c->next)
			script_collect_locals(ev, c->body, saved);
	}
}
