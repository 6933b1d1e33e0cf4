// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Environments and forks: an undecided condition is walked both ways, each with its own copy of the
// variables; then they are merged, and what they disagree on is not known.
#include "bridge/script_private.h"

#include <string.h>

// -- environment

ScriptEnv *script_env_copy(const ScriptEnv *env)
{
	ScriptEnv *copy = g_new0(ScriptEnv, 1);
	GHashTableIter iter;
	gpointer name, value;

	copy->vars = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_iter_init(&iter, env->vars);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_hash_table_insert(copy->vars, name, value);
	copy->positional = g_ptr_array_ref(env->positional);
	copy->positional_known = env->positional_known;
	copy->umask = env->umask;
	return copy;
}

void script_env_free(ScriptEnv *env)
{
	if (env == NULL)
		return;
	g_hash_table_unref(env->vars);
	g_ptr_array_unref(env->positional);
	g_free(env);
}

void script_set(ScriptEval *ev, const char *name, Val value)
{
	Val key = script_text(ev, name, -1);

	if (val_known(key))
		g_hash_table_insert(ev->env->vars, (gpointer)key, (gpointer)value);
}

Val script_get(ScriptEval *ev, const char *name)
{
	gpointer value = NULL;

	// Never set by the script: it may still come from dpkg's environment.
	if (!g_hash_table_lookup_extended(ev->env->vars, name, NULL, &value))
		return script_val_unknown;
	return value;
}

void script_forget_all(ScriptEval *ev)
{
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, ev->env->vars);
	while (g_hash_table_iter_next(&iter, NULL, NULL))
		g_hash_table_iter_replace(&iter, (gpointer)script_val_unknown);
}

static bool same_value(Val a, Val b)
{
	return a == b ||
	       (a != NULL && b != NULL && val_known(a) && val_known(b) && strcmp(a, b) == 0);
}

/** Makes @into hold only what both agree on. */
static void env_merge(ScriptEnv *into, const ScriptEnv *other)
{
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, into->vars);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (!same_value(value, g_hash_table_lookup(other->vars, name)))
			g_hash_table_iter_replace(&iter, (gpointer)script_val_unknown);
	g_hash_table_iter_init(&iter, other->vars);
	while (g_hash_table_iter_next(&iter, &name, &value))
		if (!g_hash_table_contains(into->vars, name))
			g_hash_table_insert(into->vars, name, (gpointer)script_val_unknown);
	if (into->positional != other->positional || !other->positional_known)
		into->positional_known = false;
	if (into->umask != other->umask)
		into->umask = -1;
}

unsigned script_certainty(const ScriptEval *ev)
{
	return ev->forks + (ev->after_maybe != FLOW_NONE);
}

void script_give_up(ScriptEval *ev, const char *why)
{
	if (ev->gave_up)
		return;
	ev->gave_up = true;
	script_unhandled(ev, "%s", why);
	ev->flow = FLOW_EXIT;
	ev->flow_status = TRI_UNKNOWN;
}

/** A function or subshell has its own "may have left already"; outside doubt becomes a fork. */
ScriptFlow script_scope_begin(ScriptEval *ev)
{
	ScriptFlow outer = ev->after_maybe;

	ev->forks += outer != FLOW_NONE;
	ev->after_maybe = FLOW_NONE;
	return outer;
}

void script_scope_end(ScriptEval *ev, ScriptFlow outer, bool left_script)
{
	ev->forks -= outer != FLOW_NONE;
	ev->after_maybe = left_script ? FLOW_EXIT : outer;
}

// -- forks

typedef struct {
	ScriptEnv *env;
	ScriptFlow flow;
	Tri flow_status;
	Tri status;
} BranchEnd;

static BranchEnd run_branch(
	ScriptEval *ev, const ScriptEnv *before, const ScriptBranch *branch, ScriptSide place)
{
	BranchEnd end = {.status = branch->status};
	ScriptSide *side = g_new0(ScriptSide, 1);

	*side = place;
	side->outer = ev->side;
	g_ptr_array_add(ev->sides, side);
	ev->side = side;

	ev->env = script_env_copy(before);
	if (branch->run != NULL)
		end.status = branch->run(ev, branch->what);
	ev->side = side->outer;
	end.env = ev->env;
	end.flow = ev->flow;
	end.flow_status = ev->flow_status;
	ev->flow = ev->gave_up ? FLOW_EXIT : FLOW_NONE;
	return end;
}

/** An installation that exits with an error did not happen: that way need not be considered. */
static bool failed(const ScriptEval *ev, const BranchEnd *end)
{
	return end->flow == FLOW_EXIT && end->flow_status == TRI_FALSE && ev->subshells == 0;
}

/** When @condition is nothing but a test of one path: where that path exists. */
static void note_existing(
	ScriptEval *ev, const StrakeShellNode *condition, bool swapped, ScriptGuards *guards)
{
	bool positive = !swapped;

	if (condition->kind == STRAKE_SHELL_SEQUENCE && condition->children != NULL &&
		condition->children->next == NULL)
		condition = condition->children;
	if (condition != ev->test_node)
		return;
	positive ^= condition->negated;
	positive ^= !ev->test_positive;
	guards->exists[positive ? 0 : 1] = ev->test_path;
}

/** "if CONDITION", "unless CONDITION"; @swapped: the first way is taken when it is false. */
void script_name_guards(
	ScriptEval *ev, const StrakeShellNode *condition, bool swapped, ScriptGuards *guards)
{
	const char *text = script_command_text(ev, condition);
	g_autofree char *yes = g_strdup_printf("if %s", text);
	g_autofree char *no = g_strdup_printf("unless %s", text);

	*guards = (ScriptGuards){0};
	guards->text[swapped ? 1 : 0] = g_string_chunk_insert_const(ev->plan->strings, yes);
	guards->text[swapped ? 0 : 1] = g_string_chunk_insert_const(ev->plan->strings, no);
	note_existing(ev, condition, swapped, guards);
}

void script_name_case(ScriptEval *ev, const StrakeShellWord *subject, ScriptGuards *guards)
{
	g_autofree char *source = g_strndup(subject->source, MIN(subject->source_size, 60));
	g_autofree char *valid = g_utf8_make_valid(source, -1);
	g_autofree char *text = g_strdup_printf("by case %s", valid);

	*guards = (ScriptGuards){0};
	guards->text[0] = guards->text[1] = g_string_chunk_insert_const(ev->plan->strings, text);
}

/** @first is the way that the first guard names, @second that of the other. */
Tri script_fork_walk(
	ScriptEval *ev, const ScriptGuards *guards, ScriptBranch first, ScriptBranch second)
{
	ScriptEnv *before = ev->env;
	// A number that no other fork has.
	ScriptSide place = {
		.fork = ev->sides->len + 1, .guard = guards->text[0], .exists = guards->exists[0]};
	const char *stays = guards->text[0]; // of the way that goes on
	BranchEnd a, b;
	Tri status;

	ev->forks++;
	a = run_branch(ev, before, &first, place);
	place.second = true;
	place.guard = guards->text[1];
	place.exists = guards->exists[1];
	b = run_branch(ev, before, &second, place);
	ev->forks--;
	script_env_free(before);
	if (a.flow != FLOW_NONE && (b.flow == FLOW_NONE || b.flow < a.flow || failed(ev, &a))) {
		BranchEnd swap = a; // @a goes on for longer than @b
		a = b;
		b = swap;
		stays = guards->text[1];
	}
	status = a.status == b.status ? a.status : TRI_UNKNOWN;
	if (b.flow != FLOW_NONE && b.flow != a.flow) {
		status = a.status;
		if (!failed(ev, &b)) {
			ev->after_maybe = MAX(ev->after_maybe, b.flow);
			ev->left_guard = stays;
		}
	}
	if (b.flow != FLOW_EXIT || a.flow == FLOW_EXIT)
		env_merge(a.env, b.env);
	ev->env = a.env;
	script_env_free(b.env);
	ev->flow = ev->gave_up ? FLOW_EXIT : a.flow;
	ev->flow_status = a.flow == b.flow && a.flow_status != b.flow_status && !failed(ev, &b)
				  ? TRI_UNKNOWN
				  : a.flow_status;
	return status;
}
