// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: The Strake authors
//
// Shell built-ins: reading files and input, variables, control flow, commands that run commands.
#include "bridge/script_private.h"

#include <string.h>

// -- sourcing

/** Files that only set variables, which nobody knows now. */
static bool only_variables(const char *path)
{
	static const char *const prefixes[] = {"/etc/default/", "/etc/sysconfig/",
		"/etc/os-release", "/usr/lib/os-release", "/etc/lsb-release", "/etc/environment",
		"/etc/default/locale"};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(path, prefixes[i]))
			return true;
	return false;
}

Tri script_cmd_source(ScriptEval *ev, const ScriptCall *call)
{
	Val path = call->argc > 0 ? script_path(ev, call->argv[0].value) : script_val_unknown;

	if (!val_known(path))
		return script_unhandled(ev, "which file is read is only known at run time");
	if (g_str_has_prefix(path, "/usr/share/debconf/confmodule")) {
		ev->debconf = true;
		return TRI_TRUE;
	}
	// Its functions are rows of the command table: apache2_invoke, apache2_msg.
	if (strcmp(path, "/usr/share/apache2/apache2-maintscript-helper") == 0)
		return TRI_TRUE;
	script_forget_all(ev);
	if (only_variables(path))
		return TRI_TRUE;
	return script_unhandled(ev, "runs %s, whose commands are not known here", path);
}

// -- input

/** Sets the variables of `read` from @line; the last one takes the rest. */
static void set_fields(ScriptEval *ev, const GPtrArray *names, const char *line)
{
	for (size_t i = 0; i < names->len; i++) {
		size_t size;

		line += strspn(line, " \t");
		size = strcspn(line, " \t");
		if (i + 1 == names->len) {
			g_autofree char *rest = g_strchomp(g_strdup(line));

			script_set(ev, g_ptr_array_index(names, i), script_text(ev, rest, -1));
		} else {
			script_set(ev, g_ptr_array_index(names, i),
				script_text(ev, line, (gssize)size));
			line += size;
		}
	}
}

Tri script_cmd_read(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	bool raw = false, plain = true;
	g_autofree char *line = NULL;
	size_t size;

	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;

		if (!val_known(v) || (v[0] == '-' && strcmp(v, "-r") != 0))
			plain = false;
		else if (v[0] == '-')
			raw = true;
		else
			g_ptr_array_add(names, (gpointer)v);
	}
	if (g_hash_table_contains(ev->env->vars, "IFS"))
		plain = false;
	if (ev->input.text == NULL || !plain || ev->input.certainty < script_certainty(ev) ||
		(!raw && strchr(ev->input.text, '\\') != NULL)) {
		ev->input.text = NULL; // how much is left is not known either
		for (size_t i = 0; i < names->len; i++)
			script_set(ev, g_ptr_array_index(names, i), script_val_unknown);
		return TRI_UNKNOWN;
	}
	if (ev->input.text[ev->input.at] == '\0') {
		for (size_t i = 0; i < names->len; i++)
			script_set(ev, g_ptr_array_index(names, i), "");
		return TRI_FALSE;
	}
	size = strcspn(ev->input.text + ev->input.at, "\n");
	line = g_strndup(ev->input.text + ev->input.at, size);
	ev->input.at += size + (ev->input.text[ev->input.at + size] == '\n');
	set_fields(ev, names, line);
	return TRI_TRUE;
}

// -- variables and control

Tri script_cmd_set(ScriptEval *ev, const ScriptCall *call)
{
	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;
		GPtrArray *list;

		if (!val_known(v) && i == 0)
			return script_unhandled(ev, "options set at run time");
		if (val_known(v) && (v[0] == '-' || v[0] == '+') && strcmp(v, "--") != 0) {
			if (strcmp(v, "-o") == 0 || strcmp(v, "+o") == 0)
				i++;
			continue;
		}
		if (val_known(v) && strcmp(v, "--") == 0)
			i++;
		list = g_ptr_array_new();
		g_ptr_array_unref(ev->env->positional);
		ev->env->positional = list;
		ev->env->positional_known = true;
		for (; i < call->argc; i++) {
			g_ptr_array_add(list, (gpointer)call->argv[i].value);
			if (call->argv[i].many || call->argv[i].glob)
				ev->env->positional_known = false;
		}
	}
	return TRI_TRUE;
}

Tri script_cmd_shift(ScriptEval *ev, const ScriptCall *call)
{
	GPtrArray *list = g_ptr_array_new(), *old = ev->env->positional;
	guint64 count = 1;

	if (call->argc > 0 && val_known(call->argv[0].value))
		count = g_ascii_strtoull(call->argv[0].value, NULL, 10);
	else if (call->argc > 0)
		ev->env->positional_known = false;
	for (guint64 i = count; i < old->len; i++)
		g_ptr_array_add(list, g_ptr_array_index(old, i));
	ev->env->positional = list;
	g_ptr_array_unref(old);
	return TRI_TRUE;
}

Tri script_cmd_unset(ScriptEval *ev, const ScriptCall *call)
{
	for (size_t i = 0; i < call->argc; i++)
		if (!val_known(call->argv[i].value))
			script_forget_all(ev);
		else if (strcmp(call->argv[i].value, "IFS") == 0)
			g_hash_table_remove(ev->env->vars, "IFS");
		else if (call->argv[i].value[0] != '-')
			script_set(ev, call->argv[i].value, "");
	return TRI_TRUE;
}

/** The name in "name=..." of the command's @index-th argument as it is written, or NULL. */
static char *assigned_name(ScriptEval *ev, size_t index, size_t count)
{
	const StrakeShellWord *found = NULL;
	const StrakeShellWord *word = ev->node->words != NULL ? ev->node->words->next : NULL;
	const char *equals;

	// Only while each word has become one argument do they correspond.
	for (; word != NULL; word = word->next, count--) {
		if (index-- == 0)
			found = word;
		if (count == 0)
			return NULL;
	}
	if (count != 0 || found == NULL || found->parts == NULL ||
		found->parts->kind != STRAKE_SHELL_LITERAL)
		return NULL;
	equals = strchr(found->parts->text, '=');
	return equals != NULL ? g_strndup(found->parts->text, (size_t)(equals - found->parts->text))
			      : NULL;
}

/** export, readonly, local: the assignments among the arguments. */
Tri script_cmd_export(ScriptEval *ev, const ScriptCall *call)
{
	bool local = strcmp(call->row->name, "local") == 0;

	for (size_t i = 0; i < call->argc; i++) {
		Val v = call->argv[i].value;
		const char *equals = val_known(v) ? strchr(v, '=') : NULL;
		g_autofree char *name = NULL;

		if (equals != NULL) {
			name = g_strndup(v, (size_t)(equals - v));
			script_set(ev, name, script_text(ev, equals + 1, -1));
		} else if (val_known(v)) {
			if (local && v[0] != '-')
				script_set(ev, v, "");
		} else if ((name = assigned_name(ev, i, call->argc)) != NULL) {
			script_set(ev, name, script_val_unknown);
		} else {
			script_forget_all(ev); // which variable it is got lost with its value
		}
	}
	return TRI_TRUE;
}

/** exit $?: the status of the command before, whatever its number. */
static bool plain_status(const StrakeShellNode *node)
{
	const StrakeShellWord *word = node->words != NULL ? node->words->next : NULL;

	return word != NULL && word->parts != NULL && word->parts->next == NULL &&
	       word->parts->kind == STRAKE_SHELL_PARAM && strcmp(word->parts->text, "?") == 0 &&
	       word->parts->op == STRAKE_SHELL_OP_NONE;
}

Tri script_cmd_leave(ScriptEval *ev, const ScriptCall *call)
{
	static const struct {
		const char *name;
		ScriptFlow flow;
	} flows[] = {{"break", FLOW_BREAK}, {"continue", FLOW_CONTINUE}, {"return", FLOW_RETURN},
		{"exit", FLOW_EXIT}};
	Val v = call->argc > 0 ? call->argv[0].value : NULL;
	guint64 number = v != NULL && val_known(v) ? g_ascii_strtoull(v, NULL, 10) : 0;

	for (size_t i = 0; i < G_N_ELEMENTS(flows); i++)
		if (strcmp(call->row->data, flows[i].name) == 0)
			ev->flow = flows[i].flow;
	ev->flow_levels = (unsigned)CLAMP(number, 1, 100);
	if (v == NULL)
		ev->flow_status =
			ev->flow == FLOW_EXIT && ev->status == TRI_FALSE ? TRI_UNKNOWN : ev->status;
	else if (!val_known(v) && plain_status(ev->node))
		ev->flow_status = ev->status;
	else
		ev->flow_status = !val_known(v) ? TRI_UNKNOWN : tri_of(number == 0);
	return ev->flow_status;
}

Tri script_cmd_true(ScriptEval *ev, const ScriptCall *call)
{
	return TRI_TRUE;
}

Tri script_cmd_false(ScriptEval *ev, const ScriptCall *call)
{
	return TRI_FALSE;
}

Tri script_cmd_umask(ScriptEval *ev, const ScriptCall *call)
{
	Val v = call->argc > 0 ? call->argv[0].value : NULL;

	if (v == NULL)
		script_write_unknown(ev);
	else
		ev->env->umask =
			val_known(v) && v[0] >= '0' && v[0] <= '7' ? script_parse_mode(v, -1) : -1;
	return TRI_TRUE;
}

// -- commands that run commands

Tri script_cmd_command(ScriptEval *ev, const ScriptCall *call)
{
	size_t i = 0;

	while (i < call->argc && val_known(call->argv[i].value) &&
		strcmp(call->argv[i].value, "-p") == 0)
		i++;
	if (i == call->argc)
		return TRI_TRUE;
	if (!val_known(call->argv[i].value))
		return script_unhandled(ev, "which command this is is known only at run time");
	if (call->argv[i].value[0] == '-') // -v, -V
		return script_cmd_query(ev, call);
	return script_dispatch(ev, call->argv + i, call->argc - i);
}

/** exec COMMAND, env [NAME=VALUE] COMMAND; exec without a command only moves descriptors. */
Tri script_cmd_exec(ScriptEval *ev, const ScriptCall *call)
{
	bool is_exec = strcmp(call->row->data, "exec") == 0;
	size_t i = 0;
	Tri status;

	while (!is_exec && i < call->argc && val_known(call->argv[i].value) &&
		(strchr(call->argv[i].value, '=') != NULL ||
			strcmp(call->argv[i].value, "-i") == 0))
		i++;
	if (i == call->argc) {
		// Without a command the redirection holds for the rest of the script.
		script_write_unknown(ev);
		return TRI_TRUE;
	}
	status = script_dispatch(ev, call->argv + i, call->argc - i);
	if (is_exec && ev->flow == FLOW_NONE) {
		ev->flow = FLOW_EXIT;
		ev->flow_status = status;
	}
	return status;
}

Tri script_cmd_xargs(ScriptEval *ev, const ScriptCall *call)
{
	g_autoptr(GArray) args = g_array_new(FALSE, FALSE, sizeof(ScriptArg));
	ScriptArg rest = {.value = script_val_unknown, .many = true};
	size_t i = 0;

	while (i < call->argc && val_known(call->argv[i].value) && call->argv[i].value[0] == '-') {
		const char *option = call->argv[i].value;

		// Options whose value is a word of its own.
		i += 1 + (option[1] != '-' && option[2] == '\0' &&
				 strchr("aEdInLPs", option[1]) != NULL);
	}
	if (i >= call->argc) {
		script_write_unknown(ev);
		return TRI_UNKNOWN;
	}
	g_array_append_vals(args, call->argv + i, (guint)(call->argc - i));
	g_array_append_val(args, rest);
	(void)script_dispatch(ev, (ScriptArg *)(void *)args->data, args->len);
	return TRI_UNKNOWN;
}

/** Commands that a clean-up handler may use: they leave no trace in an image. */
static bool only_cleans(ScriptEval *ev, const StrakeShellNode *node)
{
	static const char *const harmless[] = {"rm", "rmdir", "exit", "return", "true", ":", "[",
		"test", "echo", "set", "trap", "kill"};

	for (; node != NULL; node = node->next) {
		g_autofree char *name = node->words != NULL && node->kind == STRAKE_SHELL_SIMPLE
						? strake_shell_word_literal(node->words)
						: NULL;
		bool known = node->kind != STRAKE_SHELL_SIMPLE || node->words == NULL;

		for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(harmless); i++)
			known |= strcmp(name, harmless[i]) == 0;
		if (!known || node->redirects != NULL || node->kind == STRAKE_SHELL_UNSUPPORTED ||
			node->clauses != NULL || !only_cleans(ev, node->children) ||
			!only_cleans(ev, node->body))
			return false;
	}
	return true;
}

/** trap HANDLER SIGNAL...: fine when the handler only cleans up. */
Tri script_cmd_trap(ScriptEval *ev, const ScriptCall *call)
{
	Val handler = call->argc > 0 ? call->argv[0].value : "";
	const StrakeShellNode *body =
		val_known(handler) ? g_hash_table_lookup(ev->functions, handler) : NULL;
	g_autoptr(StrakeShell) shell = NULL;

	if (val_known(handler) && (handler[0] == '\0' || strcmp(handler, "-") == 0))
		return TRI_TRUE;
	// A handler in double quotes has its variables expanded already: it may be one word of
	// unknown text behind "rm".
	if (body == NULL && val_known(handler)) {
		shell = strake_shell_parse(handler, strlen(handler), "trap", NULL);
		body = shell != NULL ? strake_shell_root(shell) : NULL;
	}
	if (body == NULL || !only_cleans(ev, body))
		return script_unhandled(ev, "what is done at the end is not known");
	return script_nothing(ev, "only cleans up at the end of the script");
}
