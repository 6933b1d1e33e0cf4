// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// The walk over a script's tree: control flow, functions, redirections. A condition that is not
// decided forks the walk; the two ends are merged, and what they disagree on is not known.
#include "bridge/script_private.h"

#include <string.h>

enum {
	MAX_STEPS = 20000,
	MAX_DEPTH = 150,
	MAX_ROUNDS = 256, // of one loop whose condition is decided
};

static Tri eval_node(ScriptEval *ev, const StrakeShellNode *node);
static Tri eval_sequence(ScriptEval *ev, const StrakeShellNode *sequence);

// -- simple commands and functions

static Tri call_function(
	ScriptEval *ev, const StrakeShellNode *body, const ScriptArg *args, size_t count)
{
	g_autoptr(GHashTable) locals = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *outer = g_ptr_array_ref(ev->env->positional);
	bool outer_known = ev->env->positional_known;
	ScriptFlow outer_maybe = script_scope_begin(ev);
	GHashTableIter iter;
	gpointer name, value;
	Tri status;

	script_collect_locals(ev, body, locals);
	g_ptr_array_unref(ev->env->positional);
	ev->env->positional = g_ptr_array_new();
	ev->env->positional_known = true;
	for (size_t i = 0; i < count; i++) {
		g_ptr_array_add(ev->env->positional, (gpointer)args[i].value);
		if (args[i].many)
			ev->env->positional_known = false;
		if (args[i].glob)
			g_ptr_array_index(ev->env->positional, i) = (gpointer)script_val_unknown;
	}
	status = eval_node(ev, body);
	if (ev->flow == FLOW_RETURN) {
		status = ev->flow_status;
		ev->flow = FLOW_NONE;
	}
	if (ev->after_maybe == FLOW_RETURN)
		status = TRI_UNKNOWN; // it may have returned earlier with another one
	g_hash_table_iter_init(&iter, locals);
	while (g_hash_table_iter_next(&iter, &name, &value))
		script_set(ev, name, value);
	g_ptr_array_unref(ev->env->positional);
	ev->env->positional = outer;
	ev->env->positional_known = outer_known;
	script_scope_end(ev, outer_maybe, ev->after_maybe == FLOW_EXIT);
	return status;
}

/** Programs are known by name in the system's own directories only. */
static const char *system_basename(const char *name)
{
	static const char *const dirs[] = {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"};

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (g_str_has_prefix(name, dirs[i]))
			return name + strlen(dirs[i]);
	return name;
}

Tri script_dispatch(ScriptEval *ev, ScriptArg *args, size_t count)
{
	ScriptCall call = {.argv = args + 1, .argc = count - 1};
	const StrakeShellNode *body;
	Val name = args[0].value;

	if (!val_known(name) || args[0].many || args[0].glob)
		return script_unhandled(ev, "which command this is is known only at run time");
	body = g_hash_table_lookup(ev->functions, name);
	if (g_hash_table_contains(ev->functions_unclear, name))
		return script_unhandled(ev, "function '%s' has two definitions", name);
	if (body != NULL)
		return call_function(ev, body, call.argv, call.argc);
	call.name = system_basename(name);
	call.row = script_command_find(call.name);
	if (call.row == NULL && g_str_has_prefix(name, "/usr/lib/") &&
		script_command_is_cache(strrchr(name, '/') + 1))
		call.row = script_command_find(strrchr(name, '/') + 1);
	if (call.row == NULL) {
		script_write_unknown(ev);
		return script_unhandled(ev, "no rule for command '%.60s'", name);
	}
	return call.row->handler(ev, &call);
}

static Tri eval_assigns(ScriptEval *ev, const StrakeShellAssign *assigns)
{
	ev->status = TRI_TRUE; // of the last substitution, if there is one
	for (; assigns != NULL; assigns = assigns->next) {
		Val value = script_expand(ev, assigns->value);

		if (assigns->append) {
			Val old = script_get(ev, assigns->name);
			g_autofree char *text = val_known(old) && val_known(value)
							? g_strconcat(old, value, NULL)
							: NULL;

			value = text != NULL ? script_text(ev, text, -1) : script_val_unknown;
		}
		script_set(ev, assigns->name, value);
	}
	return ev->status;
}

static Tri eval_simple(ScriptEval *ev, const StrakeShellNode *node)
{
	g_autoptr(GArray) args = g_array_new(FALSE, FALSE, sizeof(ScriptArg));
	g_autoptr(GHashTable) outer = NULL;
	ScriptRedirected redirected;
	Tri status = TRI_TRUE;

	script_reached(ev, node);
	script_expand_fields(ev, node->words, args);
	script_redirects_begin(ev, &redirected, node->redirects);
	if (args->len == 0) {
		status = eval_assigns(ev, node->assigns);
		if (node->words != NULL)
			status = TRI_UNKNOWN; // an expansion that came out empty
	} else {
		// Assignments before a command are its own environment.
		outer = g_hash_table_new(g_str_hash, g_str_equal);
		for (const StrakeShellAssign *a = node->assigns; a != NULL; a = a->next)
			g_hash_table_insert(outer, (gpointer)a->name,
				g_hash_table_lookup(ev->env->vars, a->name));
		if (node->assigns != NULL)
			(void)eval_assigns(ev, node->assigns);
		ev->node = node;
		status = script_dispatch(ev, (ScriptArg *)(void *)args->data, args->len);
		for (const StrakeShellAssign *a = node->assigns; a != NULL; a = a->next) {
			gpointer value = g_hash_table_lookup(outer, a->name);

			if (value != NULL)
				script_set(ev, a->name, value);
			else
				g_hash_table_remove(ev->env->vars, a->name);
		}
	}
	ev->node = node;
	script_redirects_end(ev, &redirected);
	return status;
}

// -- lists, conditions, loops

static Tri branch_node(ScriptEval *ev, const void *what)
{
	return eval_node(ev, what);
}

static Tri eval_and_or(ScriptEval *ev, const StrakeShellNode *node)
{
	const StrakeShellNode *before = NULL;
	ScriptGuards guards;
	Tri status = TRI_TRUE;

	for (const StrakeShellNode *child = node->children; child != NULL; child = child->next) {
		Tri wanted = child->connector == STRAKE_SHELL_OR ? TRI_FALSE : TRI_TRUE;

		ev->status = wanted; // what $? is when @child runs

		if (child->connector == STRAKE_SHELL_FIRST || status == wanted) {
			status = eval_node(ev, child);
		} else if (status == TRI_UNKNOWN) {
			script_name_guards(
				ev, before, child->connector == STRAKE_SHELL_OR, &guards);
			status = script_fork_walk(ev, &guards,
				(ScriptBranch){.run = branch_node, .what = child},
				(ScriptBranch){.status = tri_not(wanted)});
		}
		if (ev->flow != FLOW_NONE)
			break;
		before = child;
	}
	return status;
}

typedef struct {
	const StrakeShellClause *clause;
	const StrakeShellNode *node;
	Val subject;
	ScriptGuards guards; // of a case
} ClauseState;

static Tri eval_if_from(ScriptEval *ev, const void *what);
static Tri branch_sequence(ScriptEval *ev, const void *what)
{
	return eval_sequence(ev, what);
}

static Tri eval_if_from(ScriptEval *ev, const void *what)
{
	ClauseState state = *(const ClauseState *)what;
	ScriptGuards guards;
	Tri status;

	for (; state.clause != NULL; state.clause = state.clause->next) {
		ClauseState rest = {.clause = state.clause->next, .node = state.node};

		status = eval_sequence(ev, state.clause->condition);
		if (ev->flow != FLOW_NONE)
			return status;
		if (status == TRI_TRUE)
			return eval_sequence(ev, state.clause->body);
		if (status == TRI_FALSE)
			continue;
		if (++ev->depth > MAX_DEPTH) {
			script_give_up(ev, "conditions are nested too deep to be followed");
			return TRI_UNKNOWN;
		}
		script_name_guards(ev, state.clause->condition, false, &guards);
		status = script_fork_walk(ev, &guards,
			(ScriptBranch){.run = branch_sequence, .what = state.clause->body},
			(ScriptBranch){.run = eval_if_from, .what = &rest});
		ev->depth--;
		return status;
	}
	return state.node->else_body != NULL ? eval_sequence(ev, state.node->else_body) : TRI_TRUE;
}

/** The body of a case clause and of those it falls through to. */
static Tri eval_case_body(ScriptEval *ev, const void *what)
{
	const StrakeShellClause *clause = what;
	Tri status = TRI_TRUE;

	for (; clause != NULL; clause = clause->next) {
		status = eval_sequence(ev, clause->body);
		if (ev->flow != FLOW_NONE || clause->terminator != '&')
			break;
	}
	return status;
}

static Tri eval_case_from(ScriptEval *ev, const void *what)
{
	ClauseState state = *(const ClauseState *)what;

	for (; state.clause != NULL; state.clause = state.clause->next) {
		ClauseState rest = state;
		Tri match = TRI_FALSE, status;

		rest.clause = state.clause->next;
		for (const StrakeShellWord *p = state.clause->patterns; p != NULL; p = p->next) {
			Tri one = script_match(ev, p, state.subject);

			if (one != TRI_FALSE && match != TRI_TRUE)
				match = one;
		}
		if (state.clause->terminator == '+')
			script_unhandled(ev, "';;&' of bash is not followed");
		if (match == TRI_TRUE)
			return eval_case_body(ev, state.clause);
		if (match == TRI_FALSE)
			continue;
		if (++ev->depth > MAX_DEPTH) {
			script_give_up(ev, "conditions are nested too deep to be followed");
			return TRI_UNKNOWN;
		}
		status = script_fork_walk(ev, &state.guards,
			(ScriptBranch){.run = eval_case_body, .what = state.clause},
			(ScriptBranch){.run = eval_case_from, .what = &rest});
		ev->depth--;
		return status;
	}
	return TRI_TRUE;
}

/** Ends one round; true when the loop goes on. */
static bool next_round(ScriptEval *ev)
{
	if (ev->flow == FLOW_BREAK || ev->flow == FLOW_CONTINUE) {
		bool outer = ev->flow_levels > 1, again = ev->flow == FLOW_CONTINUE && !outer;

		if (outer)
			ev->flow_levels--;
		else
			ev->flow = FLOW_NONE;
		return again;
	}
	return ev->flow == FLOW_NONE;
}

/** A body that runs an unknown number of times, perhaps never. */
static Tri eval_unsure_body(ScriptEval *ev, const void *what)
{
	const StrakeShellNode *node = what;

	script_forget_assigned(ev, node);
	(void)eval_sequence(ev, node->body);
	(void)next_round(ev);
	script_forget_assigned(ev, node);
	return TRI_UNKNOWN;
}

static Tri eval_unsure_loop(ScriptEval *ev, const StrakeShellNode *node)
{
	ScriptFlow outer = ev->after_maybe;
	const ScriptGuards guards = {
		.text = {node->kind == STRAKE_SHELL_FOR ? "for each of a list known at run time"
							: "as often as the loop's condition says",
			"unless the loop runs"}};
	Tri status =
		script_fork_walk(ev, &guards, (ScriptBranch){.run = eval_unsure_body, .what = node},
			(ScriptBranch){.status = TRI_TRUE});

	if (ev->after_maybe < FLOW_RETURN)
		ev->after_maybe = outer;
	return status;
}

static Tri eval_for(ScriptEval *ev, const StrakeShellNode *node)
{
	g_autoptr(GArray) args = g_array_new(FALSE, FALSE, sizeof(ScriptArg));
	ScriptFlow outer = ev->after_maybe;
	StrakeShellPart all = {.kind = STRAKE_SHELL_PARAM, .text = "@", .quoted = true};
	StrakeShellWord positional = {.parts = &all};

	script_expand_fields(ev, node->has_in ? node->words : &positional, args);
	if (args->len > MAX_ROUNDS)
		return eval_unsure_loop(ev, node);
	for (size_t i = 0; i < args->len; i++) {
		ScriptArg *arg = &g_array_index(args, ScriptArg, i);

		if (arg->many || arg->glob) {
			(void)eval_unsure_loop(ev, node);
			if (ev->flow != FLOW_NONE)
				return TRI_UNKNOWN;
			continue;
		}
		script_set(ev, node->name, arg->value);
		ev->status = eval_sequence(ev, node->body);
		if (!next_round(ev))
			break;
	}
	if (ev->after_maybe < FLOW_RETURN)
		ev->after_maybe = outer;
	return ev->status;
}

static Tri eval_while(ScriptEval *ev, const StrakeShellNode *node)
{
	Tri go_on = node->kind == STRAKE_SHELL_WHILE ? TRI_TRUE : TRI_FALSE;
	ScriptFlow outer = ev->after_maybe;

	for (unsigned round = 0;; round++) {
		Tri status = eval_sequence(ev, node->condition);

		if (ev->flow != FLOW_NONE || (status != TRI_UNKNOWN && status != go_on))
			break;
		if (status == TRI_UNKNOWN || round == MAX_ROUNDS || ev->after_maybe != outer)
			return eval_unsure_loop(ev, node);
		(void)eval_sequence(ev, node->body);
		if (!next_round(ev))
			break;
	}
	if (ev->after_maybe < FLOW_RETURN)
		ev->after_maybe = outer;
	return TRI_TRUE;
}

// -- subshells, pipelines

/** Runs @node with a copy of the environment; what it changes there is lost. */
static Tri eval_subshell(ScriptEval *ev, const StrakeShellNode *node)
{
	ScriptEnv *outer = ev->env;
	ScriptFlow outer_maybe = script_scope_begin(ev);
	Tri status;

	ev->env = script_env_copy(outer);
	ev->subshells++;
	status = eval_node(ev, node);
	ev->subshells--;
	if (ev->flow == FLOW_EXIT && !ev->gave_up) {
		status = ev->flow_status;
		ev->flow = FLOW_NONE;
	}
	if (ev->after_maybe == FLOW_EXIT)
		status = TRI_UNKNOWN;
	script_env_free(ev->env);
	ev->env = outer;
	script_scope_end(ev, outer_maybe, false);
	return status;
}

Tri script_eval_captured(ScriptEval *ev, const StrakeShellNode *body, ScriptSink *sink)
{
	ScriptSink *outer = ev->sink;
	const StrakeShellNode *node = ev->node;
	Tri status;

	ev->sink = sink;
	status = eval_subshell(ev, body);
	ev->sink = outer;
	ev->node = node;
	return status;
}

static Tri eval_pipeline(ScriptEval *ev, const StrakeShellNode *node)
{
	ScriptInputText outer = ev->input;
	Tri status = TRI_UNKNOWN;

	for (const StrakeShellNode *child = node->children; child != NULL; child = child->next) {
		ScriptSink sink = script_sink(ev, SINK_TEXT);

		if (child->next == NULL) {
			status = eval_subshell(ev, child);
		} else {
			(void)script_eval_captured(ev, child, &sink);
			if (child == node->children)
				outer = ev->input; // what it has read stays read
			ev->input = (ScriptInputText){.certainty = script_certainty(ev)};
			if (!sink.unknown && !sink.temp) {
				Val text = script_text(ev, sink.text->str, (gssize)sink.text->len);

				ev->input.text = val_known(text) ? text : NULL;
			}
		}
		script_sink_clear(&sink);
	}
	ev->input = outer;
	return status;
}

// -- nodes

static Tri define_function(ScriptEval *ev, const StrakeShellNode *node)
{
	const StrakeShellNode *old = g_hash_table_lookup(ev->functions, node->name);

	if ((old != NULL && old != node->body) || script_is_maybe(ev))
		g_hash_table_add(ev->functions_unclear, (gpointer)node->name);
	g_hash_table_insert(ev->functions, (gpointer)node->name, node->body);
	return TRI_TRUE;
}

static Tri eval_compound(ScriptEval *ev, const StrakeShellNode *node)
{
	ClauseState state = {.clause = node->clauses, .node = node};

	switch (node->kind) {
	case STRAKE_SHELL_SIMPLE:
		return eval_simple(ev, node);
	case STRAKE_SHELL_SEQUENCE:
		return eval_sequence(ev, node);
	case STRAKE_SHELL_AND_OR:
		return eval_and_or(ev, node);
	case STRAKE_SHELL_PIPELINE:
		return eval_pipeline(ev, node);
	case STRAKE_SHELL_IF:
		return eval_if_from(ev, &state);
	case STRAKE_SHELL_FOR:
		return eval_for(ev, node);
	case STRAKE_SHELL_WHILE:
	case STRAKE_SHELL_UNTIL:
		return eval_while(ev, node);
	case STRAKE_SHELL_CASE:
		state.subject = script_expand(ev, node->words);
		script_name_case(ev, node->words, &state.guards);
		return eval_case_from(ev, &state);
	case STRAKE_SHELL_GROUP:
		return eval_sequence(ev, node->body);
	case STRAKE_SHELL_SUBSHELL:
		return eval_subshell(ev, node->body);
	case STRAKE_SHELL_FUNCTION:
		return define_function(ev, node);
	case STRAKE_SHELL_UNSUPPORTED:
		script_forget_assigned(ev, node);
		return script_unhandled(ev, "'%s' of bash is not followed", node->name);
	}
	return TRI_UNKNOWN;
}

static Tri eval_node(ScriptEval *ev, const StrakeShellNode *node)
{
	ScriptRedirected redirected;
	Tri status;

	if (script_skip_section(ev, node))
		return TRI_TRUE;
	if (++ev->steps > MAX_STEPS)
		script_give_up(ev, "the script runs too many commands to be followed");
	if (ev->depth >= MAX_DEPTH)
		script_give_up(ev, "commands are nested too deep to be followed");
	if (ev->gave_up)
		return TRI_UNKNOWN;
	ev->depth++;
	ev->node = node;
	if (node->kind == STRAKE_SHELL_SIMPLE || node->redirects == NULL) {
		status = eval_compound(ev, node);
	} else {
		script_redirects_begin(ev, &redirected, node->redirects);
		status = eval_compound(ev, node);
		ev->node = node;
		script_redirects_end(ev, &redirected);
	}
	ev->depth--;
	if (node->negated)
		status = tri_not(status);
	ev->status = status;
	return status;
}

static Tri eval_sequence(ScriptEval *ev, const StrakeShellNode *sequence)
{
	Tri status = TRI_TRUE;

	if (sequence->kind != STRAKE_SHELL_SEQUENCE)
		return eval_node(ev, sequence);
	for (const StrakeShellNode *child = sequence->children; child != NULL;
		child = child->next) {
		status = eval_node(ev, child);
		if (ev->flow != FLOW_NONE)
			break;
	}
	return status;
}

void script_eval_program(ScriptEval *ev, const StrakeShellNode *root)
{
	(void)eval_sequence(ev, root);
}
